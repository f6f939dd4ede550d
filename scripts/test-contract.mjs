// `npm run test:contract`: the field's own clients against a server of this project. Makes a Python environment in a folder
// that git ignores, once, with what test/contract/requirements.txt names. Needs Python 3 with venv, and PyPI for the first run.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execute } from './execute.mjs';
import { prepare, root } from './prepare.mjs';
import { startServer } from './started-server.mjs';

const folder = join(root, '.cache', 'contract');
const requirements = join(root, 'test', 'contract', 'requirements.txt');

prepare({ tests: true });
const python = environment();
const models = await modelFolder();
let server;
try {
  server = await startServer(['--models', models], { cwd: models });
  const addresses = { MILLRACE_HTTP: new URL(server.url).host, MILLRACE_GRPC: server.grpcAddress };
  const { status } = spawnSync(python, ['-m', 'runner', ...process.argv.slice(2)], {
    cwd: join(root, 'test', 'contract'),
    env: { ...process.env, ...addresses, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  server?.stop();
  rmSync(models, { recursive: true, force: true });
}

/** The environment's interpreter; it is made anew when the requirements change. */
function environment() {
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const stamp = join(folder, 'stamp');
  const interpreter = join(folder, 'bin', 'python');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return interpreter;
  console.log('contract: making the Python environment…');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  execute('python3', ['-m', 'venv', folder]);
  execute(interpreter, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  writeFileSync(stamp, wanted);
  return interpreter;
}

async function modelFolder() {
  const support = join(root, 'build', 'test', 'support');
  const { contractModels } = await import(join(support, 'contract-models.js'));
  const { createModelFolder } = await import(join(support, 'model-folder.js'));
  return (await createModelFolder(await contractModels())).dir;
}
