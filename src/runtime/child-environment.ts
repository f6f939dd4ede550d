import { refuseTelemetry } from './telemetry.js';

/**
 * Variables that the process of an instance needs: where programs, libraries, the home and temporary files are, the
 * language, and those of the runtimes. All others stay with the server, keys and passwords among them.
 */
const needed =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|(?:LD|DYLD)_LIBRARY_PATH|(?:CUDA|CUDNN|NVIDIA|ORT|OMP|KMP|GOMP|MALLOC|XDG)_\w+|SYSTEMROOT|SYSTEMDRIVE|WINDIR|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA)$/i;

/** The environment of the process of an instance. */
export function childEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(environment).filter(([name]) => needed.test(name)));
  refuseTelemetry(kept);
  return kept;
}
