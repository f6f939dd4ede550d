-- For wrk: POSTs the files BODIES/0 … BODIES/(COUNT - 1) in turn, and prints what came of it as one line of JSON.
local requests, last = {}, 0

init = function()
  local headers = { ["Content-Type"] = os.getenv("CONTENT_TYPE") }
  local name, value = (os.getenv("HEADER") or ""):match("^(.-): (.+)$")
  if name then headers[name] = value end
  for index = 0, tonumber(os.getenv("COUNT")) - 1 do
    local file = assert(io.open(os.getenv("BODIES") .. "/" .. index, "rb"))
    requests[index + 1] = wrk.format("POST", nil, headers, file:read("*a"))
    file:close()
  end
end

request = function()
  last = last % #requests + 1
  return requests[last]
end

done = function(summary, latency)
  local errors = summary.errors
  local form = 'RESULT {"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,' ..
    '"non2xx":%d,"socketErrors":%d,"timeouts":%d}\n'
  io.write(string.format(form, summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
