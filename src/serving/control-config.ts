import { z } from 'zod';

/** `model_control`: who says what is loaded. */
export const modelControlSchema = z
  .enum(['none', 'explicit', 'watch'])
  .default('none')
  .describe(
    'Who says which models are loaded: `none` serves what was in the folder at start; `explicit` takes requests to load and unload; `watch` follows the folder',
  );

export type ControlMode = z.output<typeof modelControlSchema>;

/** `load_at_start`: which models load before they are asked for. */
export const loadAtStartSchema = z
  .union([z.enum(['all', 'none']), z.array(z.string().min(1).describe('The name of a model'))])
  .default('all')
  .describe(
    'Models that load before they are asked for, as far as the memory budget reaches; the others load with the first request, or, with `model_control: explicit`, when they are told to',
  );

export type LoadAtStart = z.output<typeof loadAtStartSchema>;
