import { z } from 'zod';

/** Where gRPC is spoken unless a port is named. */
export const DEFAULT_GRPC_PORT = 8_001;

const milliseconds = z.int().min(1).max(2_147_483_647);

/** `grpc`: the same models over gRPC. What holds for both protocols is in `limits`. */
export const grpcSchema = z.strictObject({
  port: z
    .union([z.literal('off'), z.int().min(0).max(65_535)])
    .exactOptional()
    .describe(
      `The port for gRPC; 0 takes any that is free, \`off\` none. Without it ${DEFAULT_GRPC_PORT} if nobody else has it, and no gRPC, with a warning, if somebody has`,
    ),
  reflection: z.boolean().default(true).describe('Whether clients may ask which services and messages there are'),
  concurrent_streams: z
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe('Calls that one connection may have open; further ones wait in the client'),
  keepalive_ms: milliseconds.default(60_000).describe('A silent connection is asked for a sign of life after so long'),
  keepalive_timeout_ms: milliseconds.default(20_000).describe('A connection that gives none is ended after so long'),
});

export type GrpcConfig = z.output<typeof grpcSchema>;
