import { parseArgs } from 'node:util';
import { type WorkloadName, workloadNames } from './items.js';

export interface BenchOptions {
  /** `models`, numbers in and out; or `media`, files in. */
  readonly subject: 'models' | 'media';
  readonly quick: boolean;
  readonly models: readonly WorkloadName[];
  readonly connections: readonly number[];
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly soak: boolean;
  /** Where the results go; undefined for bench/results/latest.json. */
  readonly json: string | undefined;
}

export const usage = `npm run bench -- [options]
npm run bench -- media    what millrace adds to pictures and files; takes --rounds and --seconds
npm run bench -- codec    the reading and writing of numbers alone, half a minute
npm run bench -- refusal  what it costs to refuse a request

  --quick               one round of 2 s, and no soak
  --models a,b          of: ${workloadNames.join(',')} (default: all)
  --connections 1,32    default: 1,8,32,128
  --rounds N            default: 3
  --seconds N           of each measurement; default: 3
  --soak, --no-soak     two minutes of load on penguins; default: in a full run
  --json FILE           default: bench/results/latest.json`;

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
      connections: text,
      rounds: text,
      seconds: text,
      json: text,
    },
  });
  if (values.help === true) return undefined;
  const [subject = 'models', ...others] = positionals;
  if ((subject !== 'models' && subject !== 'media') || others.length > 0) {
    throw new Error(`expected media or options; got ${positionals.join(' ')}`);
  }
  const quick = values.quick === true;
  const models = values.models === undefined ? workloadNames : values.models.split(',').map(asModel);
  return {
    subject,
    quick,
    models,
    connections: (values.connections ?? '1,8,32,128').split(',').map((text) => asCount('--connections', text)),
    rounds: values.rounds === undefined ? (quick ? 1 : 3) : asCount('--rounds', values.rounds),
    seconds: values.seconds === undefined ? (quick ? 2 : 3) : asCount('--seconds', values.seconds),
    warmUpSeconds: quick ? 1 : 2,
    soak: values.soak ?? (!quick && models.includes('penguins')),
    json: values.json,
  };
}

function asModel(text: string): WorkloadName {
  const name = workloadNames.find((name) => name === text);
  if (name === undefined) throw new Error(`--models: expected some of ${workloadNames.join(',')}; got ${text}`);
  return name;
}

function asCount(option: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error(`${option}: expected a whole number from 1 to 9999; got ${text}`);
}
