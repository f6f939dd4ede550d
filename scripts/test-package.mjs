// `npm run test:package`: packs the project, installs the archive into an empty folder as its users do, and uses it from there on
// several versions of Node and of TypeScript. Needs npm's registry.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, conclude, until } from './counted-checks.mjs';
import { execute } from './execute.mjs';
import { Consumer } from './package/consumer.mjs';
import { faultsOf, MOST_PACKED_BYTES } from './package/contents.mjs';
import { typeTest } from './package/type-test.mjs';
import { prepare, root } from './prepare.mjs';

/** The oldest Node that package.json promises, and the newest with long-term support; also the one that runs this. */
const NODES = ['20.19', '24'];
const TYPESCRIPT = 'typescript@5.9';

prepare();
const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'));
try {
  await checkPackage();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
conclude();

async function checkPackage() {
  const archive = await check('npm pack packs what it should and no more', pack);
  if (archive === undefined) return;
  const consumer = new Consumer(join(folder, 'consumer'));
  const installed = await check('its archive can be installed into an empty folder', () => {
    consumer.install([join(folder, archive), TYPESCRIPT, `@types/node@${NODES[0].split('.')[0]}`]);
    return true;
  });
  if (installed === undefined) return;
  for (const node of nodes())
    await check(`npx millrace serve answers, Node ${execute(node, ['--version'])}`, () => serve(consumer, node));
  await checkTypes(consumer);
  await check('the example of the README runs', () => {
    cpSync(consumer.path('node_modules', 'millrace', 'models'), consumer.path('models'), { recursive: true });
    consumer.run(compilers(consumer)[1], '--project', 'nodenext.json', '--noEmit', 'false');
    assert.match(consumer.run('readme.js'), /^http:\/\/127\.0\.0\.1:\d+$/m);
  });
  await check('npm sbom lists what the project needs, and what the package brings along', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assertListed(root, [...Object.keys(dependencies), ...Object.keys(devDependencies)]);
    assertListed(consumer.path(), ['millrace', ...Object.keys(dependencies)]);
  });
}

function pack() {
  const [{ filename, files, size }] = JSON.parse(
    execute('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root }),
  );
  assert.deepEqual(faultsOf(files), []);
  assert.ok(size <= MOST_PACKED_BYTES, `${size} bytes`);
  console.log(`  ${files.length} files, ${Math.round(size / 1_000)} kB packed`);
  return filename;
}

/** Node's binaries come as packages, for this platform. */
function nodes() {
  const name = `node-${process.platform}-${process.arch}`;
  const others = NODES.map((version) => {
    const place = join(folder, `node-${version}`);
    execute('npm', [
      'install',
      '--ignore-scripts',
      '--no-save',
      '--prefer-offline',
      '--prefix',
      place,
      `${name}@${version}`,
    ]);
    return join(place, 'node_modules', name, 'bin', 'node');
  });
  return [process.execPath, ...others];
}

async function serve(consumer, node) {
  const { origin, stop } = await consumer.serve(node);
  let log;
  try {
    await until(60, 'the server is ready', async () => (await fetch(`${origin}/healthz/ready`)).ok);
    const { node: version } = await (await fetch(`${origin}/version`)).json();
    assert.equal(version, execute(node, ['--version']));
    const body = JSON.stringify({ model: 'penguins', input: [45.5, 17, 196, 3500] });
    const answer = await fetch(`${origin}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    assert.equal((await answer.json()).output[0].label, 'Chinstrap');
  } finally {
    log = await stop();
  }
  assert.match(log, /"msg":"stopped"/);
}

async function checkTypes(consumer) {
  const [, example] = /^## In your own program\n.*?^```ts\n(.*?)^```$/ms.exec(
    readFileSync(join(root, 'README.md'), 'utf8'),
  );
  consumer.write('readme.ts', example);
  consumer.write('types.ts', typeTest);
  const modules = { nodenext: 'nodenext', bundler: 'esnext' };
  for (const [moduleResolution, module] of Object.entries(modules)) {
    const options = { strict: true, target: 'es2022', noEmit: true, skipLibCheck: false, types: ['node'] };
    const project = { compilerOptions: { ...options, module, moduleResolution }, files: ['readme.ts', 'types.ts'] };
    consumer.write(`${moduleResolution}.json`, JSON.stringify(project));
    for (const compiler of compilers(consumer)) {
      const version = consumer.run(compiler, '--version');
      await check(`its types hold, the README's example among them: ${moduleResolution}, tsc ${version}`, () => {
        consumer.run(compiler, '--project', `${moduleResolution}.json`);
      });
    }
  }
}

/** That of the many, and the one that this project is compiled with. */
function compilers(consumer) {
  const tsc = ['node_modules', 'typescript', 'bin', 'tsc'];
  return [consumer.path(...tsc), join(root, ...tsc)];
}

/** All of a folder, not with --omit=dev: that leaves out also what the server needs where a tool needs it too. */
function assertListed(project, names) {
  const lists = { cyclonedx: 'components', spdx: 'packages' };
  for (const [format, list] of Object.entries(lists)) {
    const bill = JSON.parse(execute('npm', ['sbom', `--sbom-format=${format}`], { cwd: project }));
    const listed = new Set(bill[list].map(({ name }) => name));
    assert.deepEqual(
      names.filter((name) => !listed.has(name)),
      [],
      format,
    );
  }
}
