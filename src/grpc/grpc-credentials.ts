import { experimental, ServerCredentials } from '@grpc/grpc-js';

/** A certificate and its private key, both in PEM, and the news of those that take their place. */
export interface ChangingCertificate {
  readonly value: { readonly cert: string; readonly key: string };
  onChange(run: (next: { readonly cert: string; readonly key: string }) => void): void;
}

type CertificateProvider = Parameters<typeof experimental.createCertificateProviderServerCredentials>[0];
type Listener = Parameters<CertificateProvider['addIdentityCertificateListener']>[0];

/** What a gRPC server shows: without a certificate nothing, and then it speaks without TLS. */
export function serverCredentials(certificate: ChangingCertificate | undefined): ServerCredentials {
  if (certificate === undefined) return ServerCredentials.createInsecure();
  return experimental.createCertificateProviderServerCredentials(providerOf(certificate), null, false);
}

/** The certificate in the form in which grpc-js takes ones that change. */
function providerOf(certificate: ChangingCertificate): CertificateProvider {
  const listeners = new Set<Listener>();
  const update = ({ cert, key }: ChangingCertificate['value']) => {
    return { certificate: Buffer.from(cert), privateKey: Buffer.from(key) };
  };
  certificate.onChange((next) => {
    for (const listener of listeners) listener(update(next));
  });
  return {
    addCaCertificateListener: () => undefined,
    removeCaCertificateListener: () => undefined,
    addIdentityCertificateListener: (listener) => {
      listeners.add(listener);
      listener(update(certificate.value));
    },
    removeIdentityCertificateListener: (listener) => {
      listeners.delete(listener);
    },
  };
}
