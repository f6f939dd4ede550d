import { InferenceSession } from 'onnxruntime-node';

/*
 * The child process of provider-probe: exits with 0 if the execution provider named by its argument opens a model.
 * The model, y = x + x on one float, is ONNX of opset 17 written out in base64.
 */

const TINY_MODEL =
  'CAgSDW1pbGxyYWNlLXRlc3Q6QAoVCgF4CgF4EgF5GgVBZGRfMCIDQWRkEgVncmFwaFoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAR';

try {
  const model = Buffer.from(TINY_MODEL, 'base64');
  await InferenceSession.create(model, { executionProviders: [String(process.argv[2])] });
  process.exit(0);
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
