import { totalmem } from 'node:os';
import { z } from 'zod';

const milliseconds = z.int().min(0).max(2_147_483_647);
const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};
const SIZE = /^(\d+(?:\.\d+)?)\s*(%|[kmg]?i?b)$/i;

/** The server's `memory`: what all models together may take, and which go when it is too little. */
export const serverMemorySchema = z.strictObject({
  budget: z
    .union([z.int().min(1), z.string().regex(SIZE, 'expected bytes, or a text such as 2 GiB, 500 MB or 80%')])
    .default('80%')
    .describe(
      'What the loaded models may take together: bytes, `2 GiB`, or a share of the memory of the container or the machine',
    ),
  ttl_ms: milliseconds
    .min(1)
    .exactOptional()
    .describe('A model that was not used for so long gives its memory back; without it only when others need it'),
  min_residency_ms: milliseconds
    .default(1_000)
    .describe('A model that has loaded stays for so long at least, so that models do not throw each other out in turn'),
});

/** The `memory` of a model.yaml. */
export const modelMemorySchema = z.strictObject({
  pin: z.boolean().default(false).describe('Whether the model stays loaded, whatever others need'),
  ttl_ms: milliseconds.min(1).exactOptional().describe("As the server's `memory.ttl_ms`, for this model"),
});

/** What the models of a server may take together. */
export interface MemoryLimits {
  readonly budgetBytes: number;
  readonly minResidencyMs: number;
  /** For models that set none; undefined keeps them until others need their memory. */
  readonly ttlMs: number | undefined;
  /** What the process takes now, in bytes. */
  residentBytes(): number;
}

/**
 * The bytes that `memory.budget` means.
 *
 * @param limit what a per cent is of, in bytes
 */
export function budgetBytes(budget: number | string, limit = memoryLimit()): number {
  if (typeof budget === 'number') return budget;
  const [, number, unit = ''] = SIZE.exec(budget) ?? [];
  const amount = Number(number);
  return Math.floor(unit === '%' ? (limit * amount) / 100 : amount * (UNITS[unit.toUpperCase()] as number));
}

/** What this process may take, in bytes: the limit of its control group, where there is one, else the machine's memory. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
