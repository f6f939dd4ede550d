import { createSecureContext } from 'node:tls';
import { reasonOf } from '../core/errors.js';

/** What a TLS server shows, and what it accepts. */
export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
}

/**
 * Checks a certificate and its private key, both in PEM.
 *
 * @throws Error if they are not PEM, or do not belong together
 */
export function readCertificate([cert = '', key = '']: readonly string[]): Certificate {
  const certificate = { cert, key, minVersion: 'TLSv1.2' } as const;
  try {
    // Node takes an empty text for none, and makes a server that nobody can speak with.
    if (cert === '' || key === '') throw new Error('a file is empty');
    createSecureContext(certificate);
  } catch (error) {
    throw new Error(`not a certificate and its key in PEM: ${reasonOf(error)}`, { cause: error });
  }
  return certificate;
}
