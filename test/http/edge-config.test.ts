import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authSchema, corsSchema, tlsSchema, trustedProxiesSchema } from '#src/http/edge-config.js';

const isTaken = (schema: typeof corsSchema | typeof authSchema | typeof trustedProxiesSchema, value: unknown) =>
  schema.safeParse(value).success;

describe('auth', () => {
  it('is none, or a file of keys, and not both', () => {
    for (const good of ['none', { keys_file: 'keys.yaml' }]) assert.ok(isTaken(authSchema, good));
    for (const bad of ['', 'all', {}, { keys_file: '' }, { none: true }, { keys_file: 'a', keys: 'b' }, null]) {
      assert.ok(!isTaken(authSchema, bad), JSON.stringify(bad));
    }
  });
});

describe('tls', () => {
  it('is a certificate and its key', () => {
    assert.deepEqual(tlsSchema.parse({ cert: 'c', key: 'k' }), { cert: 'c', key: 'k', hsts: false });
    for (const bad of [{}, { cert: 'c' }, { key: 'k' }, { cert: 'c', key: 'k', ca: 'a' }]) {
      assert.throws(() => tlsSchema.parse(bad));
    }
  });
});

describe('cors', () => {
  it('is off unless origins are named', () => assert.deepEqual(corsSchema.parse({}), { origins: [] }));

  it('takes origins as browsers send them, since they are compared as texts', () => {
    for (const good of ['https://a.example', 'http://localhost:3000', 'https://[::1]:8443', '*']) {
      assert.ok(isTaken(corsSchema, { origins: [good] }), good);
    }
    const bad = [
      'a.example',
      'https://a.example/',
      'https://a.example/path',
      'https://A.example',
      'https://a.example:443',
    ];
    for (const origin of [...bad, 'https://*.example', '', 'null', 'file:///x', 'https://u:p@a.example']) {
      assert.ok(!isTaken(corsSchema, { origins: [origin] }), origin);
    }
  });
});

describe('trusted_proxies', () => {
  it('takes addresses and networks', () => {
    for (const good of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '192.0.2.1/32']) {
      assert.ok(isTaken(trustedProxiesSchema, [good]), good);
    }
    for (const bad of [
      '',
      'proxy',
      'loopback',
      '10.0.0',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      '::0.0.0.0',
    ]) {
      assert.ok(!isTaken(trustedProxiesSchema, [bad]), bad);
    }
  });

  it('takes no network that is everybody', () => {
    for (const everybody of ['0.0.0.0/0', '::/0', '0.0.0.0/00']) assert.ok(!isTaken(trustedProxiesSchema, [everybody]));
  });
});
