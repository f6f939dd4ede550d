/**
 * Every error that millrace gives, in one table: what it is called, how each protocol says it, and whether the
 * same request may succeed when it is sent again. The protocols' numbers stand side by side so that no edge
 * invents its own: `http` is the native API, `v2` the Open Inference Protocol over REST, `grpc` its status code.
 */
export const errorTable = {
  INVALID_JSON: row('The body is not JSON that this server takes', 400, 400, 3, false),
  INVALID_REQUEST: row('The request is not of the expected form', 400, 400, 3, false),
  INVALID_INPUT: row('The input does not fit the model', 400, 400, 3, false),
  TOO_MANY_ROWS: row('The request holds more items than allowed', 400, 400, 3, false),
  UNAUTHENTICATED: row('The request brings no key that lets it in', 401, 401, 16, false),
  FORBIDDEN: row('The sender may not do this', 403, 403, 7, false),
  MODEL_CONTROL_OFF: row('Requests may not load or unload models here', 403, 503, 14, false),
  NOT_FOUND: row('There is nothing at this path', 404, 404, 12, false),
  MODEL_NOT_FOUND: row('There is no such model', 404, 404, 5, false),
  VERSION_NOT_FOUND: row('The model has no such version', 404, 404, 5, false),
  JOB_NOT_FOUND: row('There is no such job', 404, 404, 5, false),
  NAME_NOT_FOUND: row('The server has nothing of this name', 404, 404, 5, false),
  METHOD_NOT_ALLOWED: row('The path does not take this method', 405, 405, 12, false),
  REQUEST_TIMEOUT: row('The request did not arrive in time', 408, 408, 4, true),
  JOB_ID_IN_USE: row('A job of this id is in flight', 409, 400, 6, false),
  JOB_FINISHED: row('The job has finished already', 409, 400, 9, false),
  CANCELLED: row('The job was cancelled', 409, 400, 1, false),
  PAYLOAD_TOO_LARGE: row('The body is larger than allowed', 413, 413, 8, false),
  UNSUPPORTED_MEDIA_TYPE: row('The body, or an item in it, is of a type that is not taken here', 415, 415, 3, false),
  EXECUTION_FAILED: row('The model raised an error while it ran on this input', 422, 400, 3, false),
  LOAD_FAILED: row('The model could not be loaded', 422, 500, 13, false),
  OUTPUT_NOT_FINITE: row('The model gave NaN or Infinity, which JSON cannot say', 422, 400, 3, false),
  INPUT_QUARANTINED: row(
    'This input has ended instances of the model, or been too much for them, and is refused for a while',
    422,
    400,
    3,
    false,
  ),
  QUEUE_FULL: row('The queue of the model is full', 429, 503, 8, true),
  HEADERS_TOO_LARGE: row('The request headers are larger than allowed', 431, 431, 8, false),
  CLIENT_CLOSED_REQUEST: row('The client left before the answer', 499, 499, 1, false),
  STEP_FAILED: row("A step of the model's pipeline failed", 500, 500, 13, false),
  INTERNAL: row('The server failed', 500, 500, 13, false),
  UNSUPPORTED: row('This server does not do that', 501, 501, 12, false),
  MODEL_UNAVAILABLE: row('The model cannot be used', 503, 503, 14, false),
  INSTANCE_CRASHED: row('The instance that ran the job ended', 503, 503, 14, true),
  OUT_OF_MEMORY: row('The model asked for more memory than there is for it', 503, 503, 8, true),
  OVERLOADED: row('The server holds as much as it can', 503, 503, 8, true),
  SHUTTING_DOWN: row('The server is shutting down', 503, 503, 14, true),
  EXECUTION_TIMEOUT: row('The model did not finish in the time that an execution has', 504, 503, 4, true),
  DEADLINE_EXCEEDED: row('The job was not finished in the time given', 504, 503, 4, true),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorRow {
  /** What the error means, the same for every occurrence (RFC 9457 `title`). */
  readonly title: string;
  readonly http: number;
  readonly v2: number;
  readonly grpc: number;
  readonly retryable: boolean;
}

/** What an occurrence adds to its code; each part is shown to the client. */
export interface ErrorDetails {
  /** Where in the request, the configuration or the file, such as `input.features[3]`. */
  path?: string;
  expected?: string;
  got?: string;
  /** When to try again, in milliseconds from now. */
  retryAfterMs?: number;
  /** Names that were probably meant. */
  didYouMean?: readonly string[];
  /** Methods that the path takes, for METHOD_NOT_ALLOWED. */
  allow?: readonly string[];
  /** Content codings that are taken, for UNSUPPORTED_MEDIA_TYPE. */
  acceptEncoding?: readonly string[];
  /** What happened underneath. For logs alone: it may name files or addresses. */
  cause?: unknown;
}

/** The one error class. `message` is written for the person who sent the request. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly details: Omit<ErrorDetails, 'cause'>;

  constructor(code: ErrorCode, message: string, { cause, ...details }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MillraceError';
    this.code = code;
    this.details = details;
  }
}

/** The one gate from `unknown`: what is not a MillraceError is a fault of the server, and says nothing of itself to clients. */
export function toMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError(
    'INTERNAL',
    'Something failed inside the server; its log has the cause under this request id.',
    {
      cause: error,
    },
  );
}

/** The text of whatever was thrown, on one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').trim();
}

/**
 * A reason without what clients must not see: of a file's path only its name stays, and addresses go. The full
 * text belongs into `cause`, for the log.
 */
export function withoutPaths(reason: string): string {
  return reason
    .replaceAll(/(?<![^\s\\/:'"=([,<])(?:[A-Za-z]:)?[^\s\\/:'"=([,<]*[\\/](?:[^\s\\/:'"]+[\\/])+([^\s\\/:'"]*)/g, '$1')
    .replaceAll(/\b0x[0-9a-f]{6,}\b/gi, '(address)');
}

function row(title: string, http: number, v2: number, grpc: number, retryable: boolean): ErrorRow {
  return { title, http, v2, grpc, retryable };
}
