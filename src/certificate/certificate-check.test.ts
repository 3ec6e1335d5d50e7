/** What is found in the certificate of a server before a client stumbles over it. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { pem } from '../../test/harness/certificates.ts';
import {
  checkClientAuthorities,
  checkServerCertificate,
  type FindingType,
} from './certificate-check.ts';

const now = new Date('2026-11-26T12:00:00Z');

interface Case {
  readonly cert: string;
  /** Undefined: there is no file of CAs. */
  readonly ca?: string;
  readonly at?: string;
  readonly hosts?: readonly string[];
  readonly finds: Partial<Record<FindingType, RegExp>>;
}

const read = (name: string) => new X509Certificate(pem(name));

function check({ cert, ca, at, hosts = [], finds }: Case): void {
  const findings = checkServerCertificate({
    chain: cert.split(' ').map(read),
    authorities: ca?.split(' ').map(read),
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
    check({ cert: 'server.crt', ca: 'ca.crt ca-expired.crt', finds: {} });
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
    check({ cert: 'weak.crt', finds: { 'weak key': /has 1024 bits/ } }));

  it('tells of a signature with SHA-1', () =>
    check({ cert: 'sha1.crt', ca: 'ca.crt', finds: { 'weak signature': /SHA-256/ } }));

  it('tells of certificates that do not belong together', () =>
    check({
      cert: 'leaf.crt client.crt',
      ca: 'ca.crt',
      finds: {
        'out of order':
          /'localhost', certfile holds that of 'device-1', which has not issued it: put each/,
      },
    }));

  it('says nothing of roots that it need not have', () => {
    // cafile may have the CA of the clients, and no other.
    check({ cert: 'leaf.crt intermediate.crt', ca: 'ca-expired.crt', finds: {} });
  });
});

describe('checkClientAuthorities', () => {
  it('finds nothing in one that counts', () => {
    assert.deepEqual(checkClientAuthorities([read('ca.crt')], now), []);
  });

  it('tells of one that has expired, and whom it hits', () => {
    const [{ type, sentence }, ...others] = checkClientAuthorities([read('ca-expired.crt')], now);
    assert.equal(type, 'expired');
    assert.match(sentence, /^the certificate of the CA 'Old CA' expired on 2021-01-01, and every /);
    assert.match(sentence, /client with a certificate of it is refused: renew it/);
    assert.deepEqual(others, []);
  });
});
