/**
 * Keeps ONNX Runtime from telling its maker what it runs. Since 1.29 its builds for Linux and macOS send names and
 * hashes of models and the like over the network, and keep an identifier in the user's cache folder, unless this variable says
 * no before it is loaded (microsoft/onnxruntime pull request 27379). The native code reads the process's own
 * environment, which only the main thread can change: not a worker thread's copy of it.
 *
 * @param environment what is changed, unless the operator has decided already
 */
export function refuseTelemetry(environment: NodeJS.ProcessEnv = process.env): void {
  environment['ORT_DISABLE_TELEMETRY'] ??= '1';
}
