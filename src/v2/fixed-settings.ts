import { z } from 'zod';
import { MillraceError } from '../core/errors.js';

/*
 * What Triton lets clients change or use while it runs, and this server does not: it can be looked at.
 */

export const traceSettingsSchema = z.object({
  trace_level: z.array(z.string()),
  trace_rate: z.string(),
  trace_count: z.string(),
  log_frequency: z.string(),
  trace_file: z.string(),
  trace_mode: z.string(),
});

/** Triton's trace settings where nothing is traced. */
export const traceSettings: z.output<typeof traceSettingsSchema> = {
  trace_level: ['OFF'],
  trace_rate: '1000',
  trace_count: '-1',
  log_frequency: '0',
  trace_file: '',
  trace_mode: 'triton',
};

export const logSettingsSchema = z.object({
  log_file: z.string(),
  log_info: z.boolean(),
  log_warning: z.boolean(),
  log_error: z.boolean(),
  log_verbose_level: z.int(),
  log_format: z.string(),
});

/** Triton's log settings, as far as they mean something here. */
export const logSettings: z.output<typeof logSettingsSchema> = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
};

export function settingsRefusal(): MillraceError {
  const text = 'this server does not change its trace and log settings while it runs; set them when it starts';
  return new MillraceError('UNSUPPORTED', text);
}

export function sharedMemoryRefusal(kind: 'system' | 'cuda'): MillraceError {
  return new MillraceError('UNSUPPORTED', `${kind} shared memory is not supported: send tensors in the request`);
}

export function unknownRegion(kind: 'system' | 'cuda', region: string): MillraceError {
  return new MillraceError('NAME_NOT_FOUND', `Unable to find ${kind} shared memory region: '${region.slice(0, 128)}'`);
}
