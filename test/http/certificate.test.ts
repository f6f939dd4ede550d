import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCertificate } from '#src/http/certificate.js';
import { firstCertificate, secondCertificate } from '../support/certificates.js';

describe('readCertificate', () => {
  it('takes a certificate with its key, for TLS 1.2 and newer', () => {
    for (const { cert, key } of [firstCertificate, secondCertificate]) {
      assert.deepEqual(readCertificate([cert, key]), { cert, key, minVersion: 'TLSv1.2' });
    }
  });

  it('refuses what does not belong together or is none, and repeats nothing of it', () => {
    const { cert, key } = firstCertificate;
    const broken = (text: string) => text.slice(0, -80);
    for (const pair of [
      [cert, secondCertificate.key],
      [key, cert],
      ['', key],
      [cert, ''],
      [broken(cert), key],
      [cert, broken(key)],
    ]) {
      assert.throws(
        () => readCertificate(pair),
        ({ message }: Error) => {
          assert.match(message, /^not a certificate and its key in PEM: ./);
          assert.ok(!message.includes(key.slice(40, 60)));
          return true;
        },
      );
    }
  });
});
