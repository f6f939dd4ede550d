import { parseArgs } from 'node:util';
import { type WorkloadName, workloadNames } from './items.js';
import { type PeerName, peerNames } from './peer-table.js';

/**
 * What can be measured: `models`, numbers in and out; `media`, files in; `peers`, other servers beside millrace;
 * `profile`, where a request's time goes; `poison`, items on which the model fails; `transport`, batches to instances and
 * back; `v2`, the Open Inference Protocol.
 */
const subjects = ['models', 'media', 'peers', 'profile', 'poison', 'transport', 'v2'] as const;

type SubjectOfBench = (typeof subjects)[number];

export interface BenchOptions {
  readonly subject: SubjectOfBench;
  readonly quick: boolean;
  readonly models: readonly WorkloadName[];
  readonly peers: readonly PeerName[];
  readonly connections: readonly number[];
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly soak: boolean;
  /** Where the results go; undefined for a file in bench/results. */
  readonly json: string | undefined;
}

interface Defaults {
  readonly models: readonly WorkloadName[];
  readonly connections: string;
  readonly seconds: number;
}

const everything = { connections: '1,8,32,128', seconds: 3 } as const;

const defaults: Readonly<Record<SubjectOfBench, Defaults>> = {
  models: { ...everything, models: ['penguins', 'mlp', 'symbols'] },
  media: { ...everything, models: [] },
  peers: { ...everything, models: workloadNames },
  poison: { ...everything, models: [] },
  transport: { ...everything, models: [] },
  v2: { ...everything, models: [] },
  profile: { models: ['penguins', 'symbols'], connections: '128', seconds: 10 },
};

export const usage = `npm run bench -- [options]
npm run bench -- peers    other servers beside millrace: ${peerNames.join(', ')}
npm run bench -- profile  where the time of a request goes on the server's main thread; needs wrk
npm run bench -- media    what millrace adds to pictures and files; takes --rounds and --seconds
npm run bench -- v2         the Open Inference Protocol; takes --rounds and --seconds, needs wrk and h2load
npm run bench -- transport  batches to an instance and back, in a thread and in a process, half a minute
npm run bench -- codec    the reading and writing of numbers alone, half a minute
npm run bench -- refusal  what it costs to refuse a request

  --quick               one round of 2 s, and no soak
  --models a,b          of: ${workloadNames.join(',')}
                        default: all but lande; with peers, all; with profile, penguins,symbols
  --peers a,b           of the other servers (default: all)
  --connections 1,32    default: 1,8,32,128; with profile, 128
  --rounds N            default: 3
  --seconds N           of each measurement; default: 3; with profile, 10
  --soak, --no-soak     two minutes of load on penguins; default: only in a full run of the first
  --json FILE           default: bench/results/latest.json, peers.json or profile.json`;

/**
 * Reads the command line.
 *
 * @returns undefined if help was asked for
 * @throws Error that says what is wrong with it
 */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      quick: flag,
      soak: flag,
      help: flag,
      models: text,
      peers: text,
      connections: text,
      rounds: text,
      seconds: text,
      json: text,
    },
  });
  if (values.help === true) return undefined;
  const [word = 'models', ...others] = positionals;
  const subject = subjects.find((subject) => subject === word);
  if (subject === undefined || others.length > 0) {
    throw new Error(`expected ${subjects.slice(1).join(', ')} or options; got ${positionals.join(' ')}`);
  }
  const quick = values.quick === true;
  const models = listOf('--models', values.models, workloadNames) ?? defaults[subject].models;
  return {
    subject,
    quick,
    models,
    peers: listOf('--peers', values.peers, peerNames) ?? peerNames,
    connections: (values.connections ?? defaults[subject].connections)
      .split(',')
      .map((text) => asCount('--connections', text)),
    rounds: values.rounds === undefined ? (quick ? 1 : 3) : asCount('--rounds', values.rounds),
    seconds:
      values.seconds === undefined ? (quick ? 2 : defaults[subject].seconds) : asCount('--seconds', values.seconds),
    warmUpSeconds: quick ? 1 : 2,
    soak: values.soak ?? (subject === 'models' && !quick && models.some((name) => name === 'penguins')),
    json: values.json,
  };
}

/** Undefined if the option is not given. */
function listOf<Name extends string>(option: string, text: string | undefined, names: readonly Name[]) {
  return text?.split(',').map((part) => {
    const name = names.find((name) => name === part);
    if (name === undefined) throw new Error(`${option}: expected some of ${names.join(',')}; got ${part}`);
    return name;
  });
}

function asCount(option: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error(`${option}: expected a whole number from 1 to 9999; got ${text}`);
}
