/** What is found in the certificate of a server before a client stumbles over it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pem } from '../../test/harness/certificates.ts';
import { checkServerCertificate, type FindingType } from './certificate-check.ts';

const now = new Date('2026-11-26T12:00:00Z');

interface Case {
  readonly cert: string;
  readonly key?: string;
  /** Undefined: there is no file of CAs. */
  readonly ca?: string;
  readonly at?: string;
  readonly hosts?: readonly string[];
  readonly finds: Partial<Record<FindingType, RegExp>>;
}

function check({ cert, key = 'server.key', ca, at, hosts = [], finds }: Case): void {
  const findings = checkServerCertificate({
    certPem: cert.split(' ').map(pem).join(''),
    keyPem: pem(key),
    caPem: ca && pem(ca),
    now: at === undefined ? now : new Date(at),
    hosts,
  });
  assert.deepEqual(findings.map(({ type }) => type).sort(), Object.keys(finds).sort());
  for (const { type, sentence } of findings) {
    assert.match(sentence, finds[type]!);
    assert.match(sentence, /^[^\n]+\.$/, 'one sentence');
  }
}

describe('checkServerCertificate', () => {
  it('finds nothing in a certificate that is in order', () => {
    check({ cert: 'server.crt', ca: 'ca.crt', hosts: ['localhost', '127.0.0.1'], finds: {} });
    check({ cert: 'server.crt', finds: {} });
    check({ cert: 'leaf.crt intermediate.crt', ca: 'ca.crt', finds: {} });
  });

  it('tells of one that has expired, and when', () =>
    check({
      cert: 'expired.crt',
      ca: 'ca.crt',
      finds: { expired: /'localhost' expired on 2021-01-01/ },
    }));

  it('tells of a CA that has expired', () =>
    check({
      cert: 'of-expired-ca.crt',
      ca: 'ca-expired.crt',
      finds: { expired: /the CA 'Old CA' expired on 2021-01-01.*every client/ },
    }));

  it('says nothing of a CA that has not issued it', () => {
    const both = `${pem('ca.crt')}${pem('ca-expired.crt')}`;
    const server = { certPem: pem('server.crt'), keyPem: pem('server.key') };
    assert.deepEqual(checkServerCertificate({ ...server, caPem: both, now }), []);
  });

  it('tells of one that is not valid yet', () =>
    check({
      cert: 'early.crt',
      ca: 'ca.crt',
      finds: {
        'not yet valid': /becomes valid on 2099-01-01, and it is 2026-11-26 here: set the clock/,
      },
    }));

  it('tells of one that expires within 14 days', () => {
    const soon = { 'expires soon': /expires in 13 days, on 2120-01-01/ };
    const rest = { cert: 'server.crt', finds: {} };
    check({ ...rest, at: '2119-12-18T00:00:00Z' });
    check({ ...rest, at: '2119-12-18T00:00:01Z', finds: soon });
    const last = { 'expires soon': /expires in less than a day/ };
    check({ ...rest, at: '2119-12-31T12:00:00Z', finds: last });
  });

  it('tells of one that is self-signed', () =>
    check({
      cert: 'self-signed.crt',
      finds: { 'self-signed': /'localhost' is self-signed.*--cafile/ },
    }));

  it('tells of one that has the name of its CA', () =>
    check({
      cert: 'namesake.crt',
      ca: 'ca.crt',
      finds: { 'named as its CA': /the same name as its CA, 'Test CA'.*Common Name/ },
    }));

  it("tells of a CA's certificate in the place of the server's", () =>
    check({
      cert: 'self-signed.crt',
      ca: 'self-signed.crt',
      finds: { 'certificate of a CA': /the CA 'localhost' itself/ },
    }));

  it('tells of one without a subjectAltName, and of the name to make it with', () =>
    check({
      cert: 'common-name.crt',
      ca: 'ca.crt',
      finds: { 'no alternative name': /no client for an address.*subjectAltName=DNS:localhost/ },
    }));

  it('tells of names that clients use and it is not for', () =>
    check({
      cert: 'server.crt',
      hosts: ['localhost', '::1', 'broker.example', '192.0.2.1'],
      finds: {
        'other host':
          /for localhost, 127\.0\.0\.1 and .*, not for broker\.example and 192\.0\.2\.1/,
      },
    }));

  it('tells of a missing intermediate', () =>
    check({
      cert: 'leaf.crt',
      ca: 'ca.crt',
      finds: { 'intermediate missing': /'Test Intermediate'.*append its certificate to certfile/ },
    }));

  it('takes the intermediate from cafile, as TLS does', () =>
    check({ cert: 'leaf.crt', ca: 'intermediate.crt', finds: {} }));

  it('tells of one that was made for clients', () =>
    check({ cert: 'for-clients.crt', ca: 'ca.crt', finds: { 'not for servers': /serverAuth/ } }));

  it('tells of a key of fewer than 2048 bits', () =>
    check({ cert: 'weak.crt', key: 'weak.key', finds: { 'weak key': /has 1024 bits/ } }));

  it('tells of a signature with SHA-1', () =>
    check({ cert: 'sha1.crt', ca: 'ca.crt', finds: { 'weak signature': /SHA-256/ } }));

  it('tells of a key to another certificate, of a locked one, and of files that are none', () => {
    for (const { cert, key, says } of [
      {
        cert: 'server.crt',
        key: 'client.key',
        says: /the keyfile is not the key that the certfile/,
      },
      { cert: 'server.crt', key: 'locked.key', says: /locked with a passphrase/ },
      { cert: 'server.crt', key: 'ca.crt', says: /the keyfile holds no private key/ },
      { cert: 'server.key', key: 'server.key', says: /the certfile holds no certificate/ },
    ]) {
      check({ cert, key, finds: { unusable: says } });
    }
  });

  it('shows nothing of the key', () => {
    const secret = pem('client.key').split('\n')[1];
    const [{ sentence }] = checkServerCertificate({
      certPem: pem('server.crt'),
      keyPem: pem('client.key'),
      now,
    });
    assert.ok(!sentence.includes(secret));
  });
});
