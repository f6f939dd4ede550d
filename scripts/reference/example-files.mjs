// The files that docs/configuration.md shows. test/docs.test.ts reads them as the server would.

export const serverYaml = `
# millrace.yaml
models: /srv/models
host: 0.0.0.0
# Other machines reach this address: who may use it has to be said.
auth:
  keys_file: /etc/millrace/keys.yaml
tls:
  cert: /etc/millrace/cert.pem
  key: /etc/millrace/key.pem
limits:
  timeout_ms: 5000
log:
  level: warn
`;

export const keysYaml = `
# keys.yaml
- name: search, since January
  tenant: search
  sha256: 34fda6595cb95605db3e53e4db808c8d35b9690503d6ea4f9443c4efc358cdeb
  scopes: [infer, jobs]
  expires: 2028-01-31
- tenant: monitoring
  sha256: bd2e5ff21dfab9dbc4f77dd22183025ca0c1c9bad86a6b80104c1281475e2bb2
  scopes: [metrics]
`;

export const modelYaml = `
# models/sentiment/model.yaml

# Two versions side by side; a request that names none goes to the newest that is READY.
versions:
  latest: 2

batching:
  # Give a batch up to 5 ms to fill. Without this a batch is what has come while the instances were busy.
  policy: static
  max_queue_delay_ms: 5
  max_batch_size: 32
  # Only where the batch axis is not found: here it is the second, and the whole batch has one mask.
  axes:
    inputs:
      tokens: 1
      mask: shared

# A GPU where there is one, else the CPU; two instances either way.
execution_providers: [cuda, cpu]
instances:
  count: 2

session:
  config:
    session.intra_op.allow_spinning: "0"

# Answers that take longer than this are of no use to anybody.
limits:
  timeout_ms: 2000
`;
