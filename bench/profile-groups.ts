import type { Profiler } from 'node:inspector';

/** What the processor did for a part of the server, on the profiled thread. */
export interface GroupTime {
  readonly group: string;
  /** Of the group's own functions, without what they call of other groups. */
  readonly microseconds: number;
  /** Where most of it was spent, the dearest first. */
  readonly functions: readonly { readonly name: string; readonly microseconds: number }[];
}

/** Of no group: the thread had nothing to do. */
const NOT_WORK = '';
const OTHER = 'other';
const JSON_IN = 'JSON in: document, numbers, tensor';
const JSON_OUT = 'JSON out: numbers, answer';

interface Frame {
  readonly name: string;
  /** Of a file; `node:…` for Node's own; empty for what the engine or a native module brings. */
  readonly url: string;
}

/**
 * What a function is there for, by the first rule that fits. A function that none fits works for its caller: Map.get
 * for a queue, Buffer.from for the one who needs it.
 */
const rules: readonly (readonly [group: string, fits: (frame: Frame) => boolean])[] = [
  [NOT_WORK, ({ name }) => name === '(idle)'],
  // The profiler's own command to stop, in which it puts its result together.
  [NOT_WORK, native('dispatch')],
  ['garbage collector', ({ name }) => name === '(garbage collector)'],
  // No JavaScript is on the stack while libuv reads a socket, the parser finds the headers, a message is taken apart.
  ['native by itself: reading sockets, HTTP parser', ({ name }) => name === '(program)'],
  ['socket write: native', native('writeUtf8String', 'writeLatin1String', 'writeAsciiString', 'writeBuffer', 'writev')],
  ['hop to the instance', native('postMessage', 'receiveMessageOnPort')],
  ['hop to the instance', file(/^node:internal\/(?:worker|per_context\/messageport)|\/dist\/runtime\//)],
  ["Node's HTTP, net, streams", file(/^node:(?:_http_|http|net|stream|internal\/(?:http|net|stream|js_stream))/)],
  ['Express and router', file(/\/node_modules\/(?:express|router|path-to-regexp|parseurl|finalhandler|on-finished)\//)],
  ['Express and router', file(/\/dist\/http\/express-server/)],
  [JSON_IN, ({ name, url }) => name === 'parseJson' && url.endsWith('/dist/http/body.js')],
  [JSON_IN, file(/\/dist\/http\/(?:document-|json-|number-|item-decoder|item-form|predict-envelope)/)],
  [JSON_IN, file(/\/dist\/tensor\/(?:number-|json-numbers|long-number|decimal-double|float-arrays)/)],
  [
    JSON_OUT,
    file(/\/dist\/(?:http\/(?:item-encoder|prediction-text|answer-text)|tensor\/(?:float-text|shortest-float))/),
  ],
  ['metrics, events, log', file(/\/dist\/(?:observe|core\/event)|\/node_modules\/(?:prom-client|pino|tdigest)/)],
  [
    'jobs and p-queue',
    file(/\/dist\/(?:jobs\/|core\/(?:abort|ids|slots))|\/node_modules\/(?:p-queue|eventemitter3)\//),
  ],
  ['batcher, rows in and out', file(/\/dist\/(?:batching|tensor)\//)],
  ['model, pipeline', file(/\/dist\/(?:serving|pipelines|model)\//)],
  ["millrace's HTTP edge", file(/\/dist\/http\//)],
  ['promises, ticks, timers', file(/^node:internal\/(?:process\/task_queues|process\/promises|timers)|^node:timers/)],
];

/** Adds up a profile's samples by what they were good for, idle time apart; the dearest group first. */
export function groupTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): GroupTime[] {
  const groups = groupsOf(nodes);
  const times = new Map<string, Map<string, number>>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const [index, id] of samples.entries()) {
    const node = byId.get(id);
    if (node === undefined) continue;
    const functions = entry(times, groups.get(id) ?? OTHER, () => new Map<string, number>());
    const name = nameOf(node.callFrame);
    functions.set(name, (functions.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  times.delete(NOT_WORK);
  return [...times]
    .map(([group, functions]) => {
      const sorted = [...functions]
        .map(([name, microseconds]) => ({ name, microseconds }))
        .toSorted((a, b) => b.microseconds - a.microseconds);
      return { group, microseconds: sorted.reduce((sum, each) => sum + each.microseconds, 0), functions: sorted };
    })
    .toSorted((a, b) => b.microseconds - a.microseconds);
}

/** Each node's group, by its id. A node comes before those that it calls. */
function groupsOf(nodes: readonly Profiler.ProfileNode[]): Map<number, string> {
  const groups = new Map<number, string>();
  for (const { id, callFrame, children = [] } of nodes) {
    const frame = { name: callFrame.functionName, url: callFrame.url };
    const group = rules.find(([, fits]) => fits(frame))?.[0] ?? groups.get(id) ?? OTHER;
    groups.set(id, group);
    // Until it is their own turn.
    for (const child of children) groups.set(child, group);
  }
  return groups;
}

function nameOf({ functionName, url }: { readonly functionName: string; readonly url: string }): string {
  return `${functionName || '(anonymous)'} ${url.split('/').at(-1)}`.trimEnd();
}

function native(...names: readonly string[]): (frame: Frame) => boolean {
  return ({ name, url }) => url === '' && names.includes(name);
}

function file(pattern: RegExp): (frame: Frame) => boolean {
  return ({ url }) => pattern.test(url);
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
