import { MillraceError } from '../core/errors.js';
import { type Method, unary } from './method.js';

/** Triton's trace settings of a server whose tracing is off. */
const traceSettings = {
  trace_file: [''],
  trace_level: ['OFF'],
  trace_rate: ['1000'],
  trace_count: ['-1'],
  log_frequency: ['0'],
  trace_mode: ['triton'],
};

/** Triton's log settings, for a log that is written to standard output and not changed while the server runs. */
const logSettings = {
  log_file: { string_param: '' },
  log_info: { bool_param: true },
  log_warning: { bool_param: true },
  log_error: { bool_param: true },
  log_verbose_level: { uint32_param: 0 },
  log_format: { string_param: 'default' },
};

/** What Triton has and this server has not: answered as Triton answers where it is off, for clients that ask in passing. */
export function absentMethods(): Readonly<Record<string, Method>> {
  const nothing = unary('infer', () => ({}));
  const noMemory = unary('infer', () => {
    throw new MillraceError('UNSUPPORTED', 'shared memory is off on this server: send tensors in the messages');
  });
  return {
    SystemSharedMemoryStatus: nothing,
    SystemSharedMemoryRegister: noMemory,
    SystemSharedMemoryUnregister: nothing,
    CudaSharedMemoryStatus: nothing,
    CudaSharedMemoryRegister: noMemory,
    CudaSharedMemoryUnregister: nothing,
    TraceSetting: unary('infer', (request) => {
      refuseChange(request, 'trace settings');
      const settings = Object.entries(traceSettings).map(([name, value]) => [name, { value }]);
      return { settings: Object.fromEntries(settings) };
    }),
    LogSettings: unary('infer', (request) => {
      refuseChange(request, 'log settings');
      return { settings: logSettings };
    }),
  };
}

function refuseChange(request: object, what: string): void {
  const { settings = {} } = request as { settings?: object };
  if (Object.keys(settings).length === 0) return;
  throw new MillraceError('UNSUPPORTED', `the ${what} of this server cannot be changed by requests`);
}
