import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { resolveConfig } from '#src/config.js';
import { environmentLayer } from '#src/config-sources.js';
import { readYaml } from '#src/core/yaml-document.js';
import { DEFAULT_GRPC_PORT } from '#src/grpc/grpc-config.js';
import { affine } from './support/fixture-models.js';
import { startTestServer, type TestServer } from './support/test-server.js';

type Environment = Record<string, string>;

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Environment };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value: string }[];
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
          readonly startupProbe: Probe;
          readonly readinessProbe: Probe;
          readonly livenessProbe: Probe;
          readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly: boolean }[];
        }[];
      };
    };
  };
}

interface Service {
  readonly spec: { readonly selector: Environment; readonly ports: readonly { readonly targetPort: string }[] };
}

interface Compose {
  readonly services: {
    readonly millrace: ComposeService & { readonly environment: Environment; readonly stop_grace_period: string };
    readonly prometheus: ComposeService;
  };
}

interface ComposeService {
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
}

/** From build/test, where this file runs. */
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const dockerfile = read('Dockerfile');
/** What the image sets; the CUDA target's is no part of it. */
const imageEnvironment = Object.fromEntries(
  [...(dockerfile.split(/ AS cuda-libraries$/m)[0] ?? '').matchAll(/\b(MILLRACE_\w+)=(\S+)/g)].map(
    ([, name = '', value = '']) => [name, value],
  ),
);
const manifests = read('deploy/kubernetes.yaml').split(/^---$/m).map(readYaml);
const [deployment, service] = manifests as [Deployment, Service];
const { metadata, spec: pod } = deployment.spec.template;
const [container] = pod.containers as [(typeof pod.containers)[0]];
const podEnvironment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
const { millrace, prometheus } = (readYaml(read('compose.yaml')) as Compose).services;

/** The settings of a server that is started with these variables; throws if it would refuse to start. */
const settings = (environment: Environment) => resolveConfig([environmentLayer(environment)]);

/** How long a server may take from the signal to its end. */
const stopMs = ({ shutdown }: ReturnType<typeof settings>) => shutdown.grace_ms + shutdown.timeout_ms;

describe('the image', () => {
  it('refuses to start until it is told who may use it', () => {
    assert.deepEqual(Object.keys(imageEnvironment).sort(), ['MILLRACE_HOST', 'MILLRACE_MODELS', 'MILLRACE_PORT']);
    assert.throws(() => settings(imageEnvironment), /MILLRACE_HOST: 0\.0\.0\.0 can be reached from other machines/);
  });

  it('has the CUDA provider of the ONNX Runtime that it is loaded into', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> };
    const [, version] = /^onnxruntime-gpu==(\S+)/m.exec(read('deploy/cuda-requirements.txt')) ?? [];
    assert.equal(version, packages['node_modules/onnxruntime-node']?.version);
  });

  it('for GPUs leaves the CPU out, unless it is told otherwise', () => {
    const [, providers = ''] = /^ +MILLRACE_EXECUTION_PROVIDERS=(\S+)$/m.exec(dockerfile) ?? [];
    const environment = { ...imageEnvironment, MILLRACE_AUTH: 'none', MILLRACE_EXECUTION_PROVIDERS: providers };
    assert.deepEqual(settings(environment).execution_providers, [{ name: 'cuda', options: {} }]);
  });
});

describe('compose.yaml', () => {
  it('starts a server, has the time to stop it, and gives it the models to read', () => {
    const config = settings({ ...imageEnvironment, ...millrace.environment });
    assert.deepEqual(millrace.volumes, [`./models:${config.models}:ro`]);
    assert.ok(Number.parseInt(millrace.stop_grace_period, 10) * 1_000 > stopMs(config));
  });

  it('lets nobody in from other machines', () => {
    const ports = [...millrace.ports, ...prometheus.ports];
    assert.ok(ports.length === 3 && ports.every((port) => port.startsWith('127.0.0.1:')), ports.join());
  });

  it('has Prometheus scrape the server', () => {
    const config = readYaml(read('deploy/prometheus.yml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const targets = config.scrape_configs.flatMap((job) => job.static_configs.flatMap((each) => each.targets));
    assert.deepEqual(targets, [`millrace:${settings({ ...imageEnvironment, ...millrace.environment }).port}`]);
    assert.ok(prometheus.volumes.some((volume) => volume.startsWith('./deploy/prometheus.yml:')));
  });
});

describe('deploy/kubernetes.yaml', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ 'affine.onnx': affine() });
  });
  after(() => server.stop());

  it('is what docs/deployment.md shows', () => {
    assert.ok(read('docs/deployment.md').includes(`\`\`\`yaml\n${read('deploy/kubernetes.yaml')}\`\`\`\n`));
  });

  it('starts a server, has the time to stop it, and gives it the models to read', () => {
    const config = settings({ ...imageEnvironment, ...podEnvironment });
    assert.ok(pod.terminationGracePeriodSeconds * 1_000 > stopMs(config));
    assert.deepEqual(container.ports, [
      { name: 'http', containerPort: config.port },
      { name: 'grpc', containerPort: DEFAULT_GRPC_PORT },
    ]);
    const mounts = container.volumeMounts.map(({ mountPath, readOnly }) => ({ mountPath, readOnly }));
    assert.deepEqual(mounts, [{ mountPath: config.models, readOnly: true }]);
    const { runAsUser, runAsGroup } = pod.securityContext;
    assert.equal(/^USER (\S+)$/m.exec(dockerfile)?.[1], `${runAsUser}:${runAsGroup}`);
  });

  it('probes what a server answers without a key', async () => {
    const { startupProbe, readinessProbe, livenessProbe } = container;
    for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) {
      assert.equal(httpGet.port, 'http');
      assert.equal((await server.get(httpGet.path)).status, 200);
    }
  });

  it('has a service that finds the pods', () => {
    assert.equal(manifests.length, 2);
    assert.deepEqual(service.spec.selector, metadata.labels);
    assert.deepEqual(
      service.spec.ports.map(({ targetPort }) => targetPort),
      container.ports.map(({ name }) => name),
    );
  });
});
