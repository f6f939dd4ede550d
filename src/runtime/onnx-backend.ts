import type { Backend, Instance, InstanceSpec } from './backend.js';
import { WorkerInstance } from './worker-instance.js';

/** ONNX Runtime inside this process, each instance in a worker thread. */
export const onnxThreadBackend: Backend = {
  name: 'onnxruntime',
  start: (spec: InstanceSpec): Promise<Instance> => WorkerInstance.start(spec),
};
