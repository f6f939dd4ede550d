// The files that docs/configuration.md shows. test/docs.test.ts reads them as the server would.

export const serverYaml = `
# millrace.yaml
models: /srv/models
host: 0.0.0.0
# Other machines reach this address, and keys are not asked for: that has to be said.
auth: none
limits:
  timeout_ms: 5000
log:
  level: warn
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
