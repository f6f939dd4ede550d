import { isIP } from 'node:net';
import express from 'express';
import { z } from 'zod';

const file = z.string().min(1);

/** `auth`: who may use the server. */
export const authSchema = z.union([
  z.literal('none'),
  z.strictObject({ keys_file: file.describe('A YAML file with the keys that are let in') }),
]);

/** `tls`: files in PEM. Both are read again when they change. */
export const tlsSchema = z.strictObject({
  cert: file.describe('A file in PEM: the certificate, and after it those that lead to its root'),
  key: file.describe('A file in PEM: the private key of the certificate, without a passphrase'),
  hsts: z
    .boolean()
    .default(false)
    .describe(
      'Whether browsers are told to use TLS alone for a year (`Strict-Transport-Security`), which they then do on every port of the host',
    ),
});

/** `cors`: pages that may use the server from a browser. */
export const corsSchema = z.strictObject({
  origins: z
    .array(
      z
        .string()
        .refine(isOrigin, 'expected an origin such as https://example.org, or *')
        .describe('Origin such as `https://example.org`; `*` is all'),
    )
    .default([])
    .describe('Web pages of these origins may send requests and read the answers'),
});

/** `trusted_proxies`: addresses and networks. */
export const trustedProxiesSchema = z.array(
  z
    .string()
    .refine(isNetwork, 'expected an address or a network, such as 10.0.0.0/8')
    .describe('Address, or network such as `10.0.0.0/8`'),
);

/** Whether a text is an origin as browsers write it, which is how it is compared: no path, no default port, lower case. */
function isOrigin(text: string): boolean {
  if (text.includes('*')) return text === '*';
  return URL.canParse(text) && new URL(text).origin === text;
}

/** An address or a network that Express can go by; it alone knows which, and takes none that is everybody. */
function isNetwork(text: string): boolean {
  const [address = ''] = text.split('/');
  if (isIP(address) === 0) return false;
  try {
    express().set('trust proxy', [text]);
    return true;
  } catch {
    return false;
  }
}
