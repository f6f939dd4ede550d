/**
 * An item that came as bytes: a raw body, or a file of a multipart body. It stands among items that came as JSON, and
 * since no JSON makes an instance of it, nothing that a client writes can be taken for one.
 */
export class SentFile {
  readonly bytes: Uint8Array;
  /** What the client says that it is, lower-case and without parameters; undefined if it says nothing. */
  readonly mediaType: string | undefined;
  /** How its text is written, if the client says so. */
  readonly charset: string | undefined;

  constructor(bytes: Uint8Array, mediaType: string | undefined, charset?: string) {
    this.bytes = bytes;
    this.mediaType = mediaType;
    this.charset = charset;
  }
}
