import type { z } from 'zod';
import type { Access } from './access.js';
import { readKeys } from './api-keys.js';
import { type Certificate, readCertificate } from './certificate.js';
import type { authSchema, tlsSchema } from './edge-config.js';
import { KeyAccess } from './key-access.js';
import { OpenAccess, type OpenAccessOptions } from './open-access.js';
import { type ReloadContext, ReloadingFiles } from './reloading-files.js';

/** What the edge reads from files of the operator's, and reads again when they change. */
export interface Edge {
  readonly access: Access;
  /** Undefined for a server without TLS. */
  readonly certificate: ReloadingFiles<Certificate> | undefined;
  /** Watches the files no more. */
  close(): void;
}

export interface EdgeSettings extends OpenAccessOptions {
  readonly auth?: z.output<typeof authSchema>;
  readonly tls?: z.output<typeof tlsSchema>;
}

/**
 * Reads keys and certificate, as far as the settings name any.
 *
 * @throws MillraceError INVALID_REQUEST if a file cannot be read or is not what it should be
 */
export async function openEdge({ auth = 'none', tls, ...open }: EdgeSettings, context: ReloadContext): Promise<Edge> {
  const keys =
    auth === 'none'
      ? undefined
      : await ReloadingFiles.open(
          { what: 'keys', paths: [auth.keys_file], make: ([text = '']) => readKeys(text) },
          context,
        );
  const certificate =
    tls === undefined
      ? undefined
      : await ReloadingFiles.open({ what: 'certificate', paths: [tls.cert, tls.key], make: readCertificate }, context);
  return {
    access: keys === undefined ? new OpenAccess(open) : new KeyAccess(() => keys.value, context.clock),
    certificate,
    close: () => {
      keys?.close();
      certificate?.close();
    },
  };
}
