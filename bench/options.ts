import { parseArgs } from 'node:util';
import { type WorkloadName, workloadNames } from './items.js';
import { type PeerName, peerNames } from './peer-table.js';

/** What can be measured: `models`, numbers in and out; `media`, files in; `peers`, other servers beside millrace. */
const subjects = ['models', 'media', 'peers'] as const;

export interface BenchOptions {
  readonly subject: (typeof subjects)[number];
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

/** What a run without --models measures: all that tell something new, in the time that there is. */
const defaultModels = { models: ['penguins', 'mlp', 'symbols'], media: [], peers: workloadNames } as const;

export const usage = `npm run bench -- [options]
npm run bench -- peers    other servers beside millrace: ${peerNames.join(', ')}
npm run bench -- media    what millrace adds to pictures and files; takes --rounds and --seconds
npm run bench -- codec    the reading and writing of numbers alone, half a minute

  --quick               one round of 2 s, and no soak
  --models a,b          of: ${workloadNames.join(',')} (default: all; without peers, all but lande)
  --peers a,b           of the other servers (default: all)
  --connections 1,32    default: 1,8,32,128
  --rounds N            default: 3
  --seconds N           of each measurement; default: 3
  --soak, --no-soak     two minutes of load on penguins; default: in a full run, without peers
  --json FILE           default: bench/results/latest.json, or peers.json`;

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
  const models = listOf('--models', values.models, workloadNames) ?? defaultModels[subject];
  return {
    subject,
    quick,
    models,
    peers: listOf('--peers', values.peers, peerNames) ?? peerNames,
    connections: (values.connections ?? '1,8,32,128').split(',').map((text) => asCount('--connections', text)),
    rounds: values.rounds === undefined ? (quick ? 1 : 3) : asCount('--rounds', values.rounds),
    seconds: values.seconds === undefined ? (quick ? 2 : 3) : asCount('--seconds', values.seconds),
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
