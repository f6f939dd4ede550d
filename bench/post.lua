-- For wrk: POSTs the files BODIES/0 … BODIES/(COUNT - 1) in turn, and prints what came of it as one line of JSON.
-- @UNIQUE@ in a file becomes a number that is another one each time.
local requests, last = {}, 0
local unique, headers, used = {}, {}, 0

init = function()
  headers = { ["Content-Type"] = os.getenv("CONTENT_TYPE") }
  local name, value = (os.getenv("HEADER") or ""):match("^(.-): (.+)$")
  if name then headers[name] = value end
  for index = 0, tonumber(os.getenv("COUNT")) - 1 do
    local file = assert(io.open(os.getenv("BODIES") .. "/" .. index, "rb"))
    local body = file:read("*a")
    requests[index + 1] = wrk.format("POST", nil, headers, body)
    if body:find("@UNIQUE@") then unique[index + 1] = body end
    file:close()
  end
end

request = function()
  last = last % #requests + 1
  local body = unique[last]
  if body == nil then return requests[last] end
  used = used + 1
  return wrk.format("POST", nil, headers, (body:gsub("@UNIQUE@", used)))
end

done = function(summary, latency)
  local errors = summary.errors
  local form = 'RESULT {"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,' ..
    '"non2xx":%d,"socketErrors":%d,"timeouts":%d}\n'
  io.write(string.format(form, summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
