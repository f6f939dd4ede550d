import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { ConfigLayer } from './config.js';
import { MillraceError, reasonOf } from './core/errors.js';
import { readYaml } from './core/yaml-document.js';

const PREFIX = 'MILLRACE_';

/** Variables for the command line alone: where the settings lie, which server to ask, and with which key. */
const NO_SETTINGS: readonly string[] = [`${PREFIX}CONFIG`, `${PREFIX}URL`, `${PREFIX}API_KEY`];

/**
 * Variables that Kubernetes sets in every pod when a Service is called "millrace" (its documentation: "Service
 * environment variables"); they are no settings of ours, and MILLRACE_PORT collides with one that is.
 */
const FROM_KUBERNETES = /^MILLRACE_(SERVICE_(HOST|PORT)(_|$)|PORT_\d+_)/;

/** Settings from the environment: `MILLRACE_PORT`, and `MILLRACE_LIMITS__BODY_BYTES` for `limits.body_bytes`; values are read as YAML. */
export function environmentLayer(environment: Readonly<Record<string, string | undefined>>): ConfigLayer {
  const values: Record<string, unknown> = {};
  // A part comes after the whole that it is a part of, whatever the order of the variables.
  for (const [name, text] of Object.entries(environment).sort(([a], [b]) => a.length - b.length)) {
    if (!name.startsWith(PREFIX) || text === undefined || NO_SETTINGS.includes(name) || FROM_KUBERNETES.test(name))
      continue;
    if (name === `${PREFIX}PORT` && /^(tcp|udp):\/\//.test(text)) continue;
    const keys = name.slice(PREFIX.length).toLowerCase().split('__');
    assign(values, keys, scalar(text));
  }
  return { values, nameOf: (path) => PREFIX + path.toUpperCase().replaceAll('.', '__') };
}

/**
 * Settings from a YAML file.
 *
 * @param optional whether the file may be missing
 * @throws MillraceError INVALID_REQUEST if it cannot be read
 */
export function fileLayer(path: string, optional: boolean): ConfigLayer {
  const nameOf = (at: string) => `${path}: ${at}`;
  try {
    const values = readYaml(readFileSync(path, 'utf8'));
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) {
      return { values: values as Record<string, unknown>, nameOf };
    }
    throw new Error('expected a mapping of settings');
  } catch (error) {
    if (optional && (error as NodeJS.ErrnoException).code === 'ENOENT') return { values: {}, nameOf };
    throw new MillraceError('INVALID_REQUEST', `${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Settings from the command line; `port` is called --port in messages. */
export function flagLayer(flags: Readonly<Record<string, unknown>>): ConfigLayer {
  const nameOf = (path: string) => (path === 'auth.keys_file' ? '--keys' : `--${path.replaceAll(/[._]/g, '-')}`);
  return { values: flags, nameOf };
}

/** A text as the YAML that it may be: a number, a list; what is no YAML is itself, and so is `::`, which is an address. */
export function scalar(text: string): unknown {
  try {
    const value = readYaml(text);
    return /^\s*(#|$)/.test(text) || isIPv6(text) ? text : value;
  } catch {
    return text;
  }
}

function assign(target: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const [key, ...rest] = keys as [string, ...string[]];
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const below = target[key];
  const mapping = typeof below === 'object' && below !== null ? (below as Record<string, unknown>) : {};
  target[key] = mapping;
  assign(mapping, rest, value);
}
