import { fileURLToPath } from 'node:url';
import { metricValue } from '../test/support/metrics-text.js';
import type { AppOptions } from './express-app.js';
import { residentBytes, startProcess } from './processes.js';
import { type BatchCounts, type Served, type Subject, served } from './served.js';
import type { Workload } from './workload.js';

/** The servers that are compared, in the order of the tables. */
export const subjects = {
  millrace: 'millrace serve, default configuration',
  'handler-fast':
    "Express app: express.json(), session.run per request, one session and thread; on millrace's server classes, no etag",
  handler: 'the same app on plain Express 5, as people write it',
  'constant-fast': "the app of handler-fast, but it answers a constant of the size of millrace's answer",
  constant: 'the app of handler, but it answers that constant',
} as const;

export type SubjectName = keyof typeof subjects;

export const subjectNames = Object.keys(subjects) as SubjectName[];

const millraceScript = fileURLToPath(import.meta.resolve('#src/main.js'));
const expressScript = fileURLToPath(new URL('./express-app.js', import.meta.url));

/**
 * Starts a server and waits until it can answer.
 *
 * @param answer what the constant apps answer
 * @throws Error with the server's output if it does not start
 */
export async function startSubject(
  name: SubjectName,
  workload: Workload,
  answer?: unknown,
): Promise<Subject<SubjectName>> {
  const server = await (name === 'millrace' ? startMillrace(workload.repository) : startApp(name, workload, answer));
  return {
    name,
    ...server,
    path: '/predict',
    form: 'input',
    ...(name.startsWith('constant') ? { constant: answer } : {}),
    runs: name === 'millrace' ? () => batchCounts(server) : name.startsWith('handler') ? 'singly' : 'nothing',
    memoryBytes: () => residentBytes(server.pid),
  };
}

/** Starts millrace on a model repository, in its default configuration. */
export async function startMillrace(repository: string): Promise<Served & { readonly grpcAddress: string }> {
  // A folder without a millrace.yaml.
  const args = [millraceScript, 'serve', '--models', repository, '--port', '0', '--grpc-port', '0'];
  const child = startProcess(process.execPath, args, { cwd: repository });
  const server = await served('millrace', child, async () => {
    const url = listeningUrl(child.stdout());
    return url !== undefined && (await fetch(`${url}/healthz/ready`)).ok ? url : undefined;
  });
  const [, grpcAddress = ''] = /"address":"([^"]+)","msg":"listening for gRPC"/.exec(child.stdout()) ?? [];
  return { ...server, grpcAddress };
}

async function startApp(name: SubjectName, { modelPath }: Workload, answer: unknown): Promise<Served> {
  const kind = name.startsWith('handler') ? 'handler' : 'constant';
  const options: AppOptions = { kind, fast: name.endsWith('-fast'), modelPath, answer };
  const child = startProcess(process.execPath, [expressScript, JSON.stringify(options)], { cwd: '.' });
  // It has loaded its model when it listens.
  return served(name, child, () => listeningUrl(child.stdout()));
}

async function batchCounts({ url }: Served): Promise<BatchCounts> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return {
    rows: metricValue(text, 'millrace_batch_rows_sum') ?? 0,
    batches: metricValue(text, 'millrace_batch_rows_count') ?? 0,
  };
}

function listeningUrl(output: string): string | undefined {
  const lines = output.slice(0, output.lastIndexOf('\n') + 1).split('\n');
  const line = lines.find((line) => line.includes('"msg":"listening"'));
  return line === undefined ? undefined : (JSON.parse(line) as { url: string }).url;
}
