/** Tests what the options of encryption do, as clients with TLS notice it. */

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { after } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { CertificateFolder, missingOpenssl } from '../harness/certificate-folder.ts';
import { certificateFile, pem } from '../harness/certificates.ts';
import { itDiffers, itReloads, itShows } from './option-test.ts';
import { open, type Served, serve } from './served.ts';
import { TestFolder } from './test-folder.ts';
import { WireClient } from './wire-client.ts';

const folder = new TestFolder();
after(() => folder[Symbol.dispose]());

const pair = (name: string, key: string) => [
  `certfile ${certificateFile(`${name}.crt`)}`,
  `keyfile ${certificateFile(`${key}.key`)}`,
];
const encrypted = [...open, ...pair('server', 'server')];
const askingForCertificates = [...encrypted, 'require_certificate true'];
const authority = `cafile ${certificateFile('ca.crt')}`;
const device = { cert: pem('client.crt'), key: pem('client.key') };

/** A client with TLS, which trusts everybody. */
function arrive(served: Served, options: ConnectionOptions = {}) {
  const { port } = served;
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  return { socket, client: served.keep(new WireClient(socket)) };
}

/** Whether it is let in. */
async function isLetIn(served: Served, options: ConnectionOptions = {}): Promise<boolean> {
  const connack = await arrive(served, options).client.connect({ userName: 'sent' });
  return connack?.reasonCode === 0;
}

/** What the socket of a client that was let in tells; undefined of one that was not. */
async function told<Told>(
  served: Served,
  tell: (socket: TLSSocket) => Told,
  options: ConnectionOptions = {},
): Promise<Told | undefined> {
  const { socket, client } = arrive(served, options);
  return (await client.connect()) && tell(socket);
}

const serverName = (socket: TLSSocket) => socket.getPeerCertificate().subject?.CN;

itDiffers('certfile', 'is the certificate that clients are shown', {
  beside: [...open, `keyfile ${certificateFile('server.key')}`],
  line: `certfile ${certificateFile('elsewhere.crt')}`,
  instead: `certfile ${certificateFile('server.crt')}`,
  without: 'localhost',
  with: 'other.example',
  see: (served) => told(served, serverName),
});

itDiffers('keyfile', 'belongs to the certificate, and with it clients have to encrypt', {
  line: pair('client', 'client'),
  without: [undefined, 'connack'],
  with: ['device-1', undefined],
  async see(served) {
    const name = await told(served, serverName);
    const { length } = served.logText;
    const answer = await served.connack();
    assert.equal(served.logText.slice(length).includes('TLS handshake'), answer === undefined);
    return [name, answer?.type];
  },
});
itShows('keyfile', 'of another certificate is told at the start', async () => {
  await assert.rejects(serve(...open, ...pair('server', 'client')), {
    name: 'ConfigError',
    message:
      /^Error: Unable to load server key file "[^"]*client\.key"\. Check keyfile\.\nError found at pantala\.conf:4\. The key does not belong to the certificate/,
  });
});

const otherAuthority = `cafile ${certificateFile('ca-twin.crt')}`;
itDiffers('cafile', 'is whose certificates clients may show', {
  beside: askingForCertificates,
  line: authority,
  instead: otherAuthority,
  without: false,
  with: true,
  see: (served) => isLetIn(served, device),
});

const [authorities, otherAuthorities] = [folder.folder('ca'), folder.folder('ca-twin')];
copyFileSync(certificateFile('ca.crt'), `${authorities}/ca.crt`);
copyFileSync(certificateFile('ca-twin.crt'), `${otherAuthorities}/ca.pem`);
itDiffers('capath', 'has those in it whose certificates clients may show', {
  beside: askingForCertificates,
  line: `capath ${authorities}`,
  instead: `capath ${otherAuthorities}`,
  without: false,
  with: true,
  see: (served) => isLetIn(served, device),
});

const cipherName = (socket: TLSSocket) => socket.getCipher().name;
itDiffers('ciphers', 'are those of TLS 1.2', {
  beside: encrypted,
  line: 'ciphers ECDHE-ECDSA-AES128-GCM-SHA256',
  without: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  with: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  see: (served) => told(served, cipherName, { maxVersion: 'TLSv1.2' }),
});

itDiffers('ciphers_tls1.3', 'are those of TLS 1.3', {
  beside: encrypted,
  line: 'ciphers_tls1.3 TLS_AES_128_GCM_SHA256',
  without: 'TLS_AES_256_GCM_SHA384',
  with: 'TLS_AES_128_GCM_SHA256',
  see: (served) => told(served, cipherName),
});

const skip = missingOpenssl();
const revocation = new CertificateFolder();
after(() => revocation[Symbol.dispose]());
if (skip === undefined) {
  revocation.authority('own-ca');
  for (const name of ['lost', 'found']) revocation.certificate(name, { by: 'own-ca' });
  revocation.revocationList('crl.pem', { by: 'own-ca', revoked: ['lost'] });
}
itDiffers(
  'crlfile',
  'whose certificate is in the list is not let in',
  {
    beside: [...askingForCertificates, `cafile ${revocation.file('own-ca.crt')}`],
    line: `crlfile ${revocation.file('crl.pem')}`,
    without: [true, true],
    with: [false, true],
    see: (served) =>
      Promise.all(
        ['lost', 'found'].map((name) =>
          isLetIn(served, {
            cert: revocation.read(`${name}.crt`),
            key: revocation.read(`${name}.key`),
          }),
        ),
      ),
  },
  { skip },
);

itDiffers('disable_client_cert_date_checks', 'a certificate that has expired is accepted', {
  beside: [...askingForCertificates, authority],
  line: 'disable_client_cert_date_checks true',
  without: false,
  with: true,
  see: (served) => isLetIn(served, { cert: pem('expired.crt'), key: pem('server.key') }),
});

const keys = folder.write('psk', 'sensor:0a0b0c');
const otherKeys = folder.write('psk-other', 'sensor:0d0e0f');
/** A client with a pre-shared key; the hint that it got if it was let in. */
async function hintOf(served: Served): Promise<string | null | undefined> {
  let hint: string | null | undefined;
  const isIn = await isLetIn(served, {
    maxVersion: 'TLSv1.2',
    ciphers: 'PSK',
    checkServerIdentity: () => undefined,
    pskCallback(told) {
      hint = told;
      return { psk: Buffer.from([10, 11, 12]), identity: 'sensor' };
    },
  });
  return isIn ? hint : undefined;
}

itDiffers('psk_hint', 'turns pre-shared keys on, and is told', {
  beside: [`psk_file ${keys}`, ...open],
  line: 'psk_hint cellar',
  without: undefined,
  with: 'cellar',
  see: hintOf,
});

itDiffers('psk_file', 'has the keys in it', {
  beside: [...open, 'psk_hint cellar'],
  line: `psk_file ${keys}`,
  instead: `psk_file ${otherKeys}`,
  without: undefined,
  with: 'cellar',
  see: hintOf,
});

itDiffers('require_certificate', 'who shows none is not let in', {
  beside: [...encrypted, authority],
  line: 'require_certificate true',
  without: [true, true],
  with: [false, true],
  see: async (served) => [await isLetIn(served), await isLetIn(served, device)],
});

itShows('tls_keyform', 'has one value that is served: the key is in PEM', async () => {
  await using served = await serve(...encrypted, 'tls_keyform pem');
  assert.equal(await isLetIn(served), true);
});
itReloads('tls_keyform', async () => {
  await using served = await serve(...encrypted);
  await served.reload(...encrypted, 'tls_keyform pem');
  assert.equal(await isLetIn(served), true);
});

itDiffers('tls_version', 'older ones are not spoken', {
  beside: encrypted,
  line: 'tls_version tlsv1.3',
  without: [true, true],
  with: [false, true],
  see: async (served) => [await isLetIn(served, { maxVersion: 'TLSv1.2' }), await isLetIn(served)],
});

for (const [option, name] of [
  ['use_identity_as_username', 'device-1'],
  ['use_subject_as_username', 'CN=device-1'],
] as const) {
  itDiffers(option, 'the certificate says who the user is', {
    beside: [...askingForCertificates, authority],
    line: `${option} true`,
    without: "u'sent'",
    with: `u'${name}'`,
    async see(served) {
      const { length } = served.logText;
      assert.equal(await isLetIn(served, device), true);
      return /u'.*?'/.exec(served.logText.slice(length))?.[0];
    },
  });
}
