/** Tests whether a certificate and a key can be used together. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pem } from '../../test/harness/certificates.ts';
import { keyPairProblem } from './key-pair.ts';

function problemOf(cert: string, key: string): string | undefined {
  const names = { certName: 'the certfile', keyName: 'the keyfile' };
  return keyPairProblem({ certPem: pem(cert), keyPem: pem(key), ...names });
}

it('a key that belongs to its certificate is no problem', () => {
  assert.equal(problemOf('server.crt', 'server.key'), undefined);
});

for (const { cert, key, says } of [
  { cert: 'server.crt', key: 'client.key', says: /the keyfile is not the key that the certfile/ },
  { cert: 'server.crt', key: 'locked.key', says: /locked with a passphrase/ },
  { cert: 'server.crt', key: 'ca.crt', says: /the keyfile holds no private key/ },
  { cert: 'server.key', key: 'server.key', says: /the certfile holds no certificate/ },
]) {
  it(`${key} is none for ${cert}, and it is said why`, () => {
    assert.match(problemOf(cert, key) ?? '', says);
  });
}

it('what is said shows nothing of the key', () => {
  const secret = pem('client.key').split('\n')[1];
  assert.ok(!problemOf('server.crt', 'client.key')!.includes(secret));
});
