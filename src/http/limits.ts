import { z } from 'zod';

const bytes = z.int().min(1);
const milliseconds = z.int().min(1).max(2_147_483_647);

/** What one client may ask of the server's edge; sizes in bytes, times in milliseconds. */
export const httpLimitsSchema = z.strictObject({
  body_bytes: bytes
    .default(16 * 1024 * 1024)
    .describe('Bytes of a request body, as it comes and once it is inflated; and of a message over gRPC'),
  arriving_bytes: bytes
    .default(512 * 1024 * 1024)
    .describe('Bytes of all request bodies that are arriving or being inflated at the same time'),
  max_rows: z.int().min(1).max(100_000).default(1_024).describe('Items of one request, and rows of one'),
  header_bytes: bytes.default(16 * 1024).describe('Bytes of the request line and headers'),
  connections: z.int().min(1).default(10_000).describe('Connections open at the same time; as many again for gRPC'),
  keep_alive_ms: milliseconds.default(65_000).describe('An idle connection is kept for so long'),
  headers_timeout_ms: milliseconds.default(20_000).describe('Headers must have arrived after so long'),
  request_timeout_ms: milliseconds.default(60_000).describe('A whole request must have arrived after so long'),
  write_timeout_ms: milliseconds
    .default(60_000)
    .describe('A client that takes nothing of its answer for so long is cut off'),
});

export type HttpLimits = z.output<typeof httpLimitsSchema>;
