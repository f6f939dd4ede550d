import { once } from 'node:events';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getEncrypted } from 'node:https';
import type { Command } from 'commander';
import { isLoopback, resolveConfig } from '../config.js';
import { MillraceError } from '../core/errors.js';
import { settingsLayers } from './settings.js';

/** Less than what asks on its part waits for a command: in Docker 30 s, and in Kubernetes what its probe says. */
const TIMEOUT_MS = 2_000;

/** The flags of `millrace health`, as the command line has them. */
interface HealthFlags {
  /** `http://host:port`; without it the server that the settings describe. */
  readonly url?: string;
  /** Whether to ask if it answers at all, rather than if it is ready for requests. */
  readonly live?: boolean;
}

/** `millrace health`: defines it. */
export function addHealthCommand(program: Command, ended: (exitCode: number) => void): void {
  program
    .command('health')
    .description('ask a running server whether it is ready; exits with 1 if it is not')
    .option('--url <address>', 'the server (default: where the settings say that it listens)')
    .option('--live', 'ask only whether it answers at all')
    .action(async (flags: HealthFlags) => {
      ended(await health(flags));
    });
}

/**
 * Asks a server how it is, and says so in one line. It needs no key, since these routes are public.
 *
 * @returns 0 if the server is ready, or with `live` if it answers; else 1
 * @throws MillraceError INVALID_REQUEST if `url` or the settings do not say where the server is
 */
async function health({ url, live = false }: HealthFlags): Promise<number> {
  const target = new URL(live ? '/healthz/live' : '/healthz/ready', url === undefined ? ownOrigin() : originFrom(url));
  const fault = await faultOf(target);
  if (fault === undefined) console.log(`${target.href}: ${live ? 'live' : 'ready'}`);
  else console.error(`millrace: ${target.href}: ${fault}`);
  return fault === undefined ? 0 : 1;
}

/** What is wrong with a server; undefined if it answers with 200. */
async function faultOf(url: URL): Promise<string | undefined> {
  try {
    const status = await statusOf(url);
    return status === 200 ? undefined : `it answered ${status}`;
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    if (name === 'AbortError') return `no answer within ${TIMEOUT_MS} ms`;
    return code === 'ECONNREFUSED' ? 'nothing listens there' : message || String(code);
  }
}

/** The status of the answer, whose body nobody reads. */
async function statusOf(url: URL): Promise<number | undefined> {
  const get = url.protocol === 'https:' ? getEncrypted : getPlain;
  const request = get(url, {
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    // A certificate is made out to the name that clients use; on the way to ourselves there is nobody to beware of.
    rejectUnauthorized: !isLoopback(bare(url.hostname)),
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.destroy();
  return response.statusCode;
}

/** Where the server of the same settings listens: millrace.yaml and the environment, as `millrace serve` reads them. */
function ownOrigin(): string {
  const layers = settingsLayers();
  const { host, port } = resolveConfig([
    // The other settings are the server's own business, and may be right only with flags that we don't see.
    ...layers.map(({ values: { host, port }, nameOf }) => ({ values: { host, port }, nameOf })),
    { values: { auth: 'none' }, nameOf: (path) => path },
  ]);
  const scheme = layers.some(({ values }) => values['tls'] !== undefined) ? 'https' : 'http';
  if (port === 0)
    throw new MillraceError('INVALID_REQUEST', 'port: 0 is any that was free; say which it is with --url');
  return `${scheme}://${host.includes(':') ? `[${reachable(host)}]` : reachable(host)}:${port}`;
}

/** An address that stands for all of a machine is reached at the one that stands for itself. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function originFrom(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new MillraceError('INVALID_REQUEST', `--url: expected an address such as http://127.0.0.1:8000; got ${text}`);
}

/** An IPv6 address as settings write it, without the brackets that it has in a URL. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
