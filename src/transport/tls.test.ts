/** TLS keeps the contract of links, lets in whom it should, and tells why it does not. */

import assert from 'node:assert/strict';
import { sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type ConnectedPair, LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { CertificateFolder, missingOpenssl } from '../../test/harness/certificate-folder.ts';
import { closing, TlsStage, type Visit } from '../../test/harness/tls-stage.ts';
import type { Link } from '../session/link.ts';
import { derChildren, derTags, readDer } from './der.ts';
import type { HandshakeFault } from './handshake-failure.ts';
import { listenSockets } from './listen-sockets.ts';
import { socketLinks, startLink } from './socket-link.ts';
import { tlsLayer } from './tls.ts';
import { loadTls, TlsSecurity, type TlsSettings } from './tls-security.ts';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

const missing = missingOpenssl();
if (missing !== undefined) it('TLS', { skip: missing });
else describe('TLS', { timeout: 60_000 }, suite);

function suite(): void {
  let folder: CertificateFolder;
  let server: TlsSettings;
  const file = (name: string) => folder.file(name);
  /** What a client shows. */
  const shows = (name: string): ConnectionOptions => ({
    cert: folder.read(`${name}.crt`),
    key: folder.read(`${name}.key`),
  });

  before(() => {
    folder = new CertificateFolder();
    folder.authority('ca');
    folder.authority('stranger');
    folder.authority('intermediate', { by: 'ca' });
    folder.certificate('server', { by: 'ca', extensions: ['subjectAltName=DNS:localhost'] });
    folder.certificate('renewed', { by: 'ca', extensions: ['subjectAltName=DNS:localhost'] });
    folder.certificate('client', { by: 'ca', subject: '/O=Example/CN=sensor' });
    folder.certificate('nameless', { by: 'ca', subject: '/O=Example' });
    folder.certificate('expired', { by: 'ca', days: -1 });
    folder.certificate('early', { by: 'ca', from: '20900101000000Z', until: '20910101000000Z' });
    folder.certificate('alone', {});
    folder.certificate('unknown', { by: 'stranger' });
    folder.certificate('leaf', { by: 'intermediate' });
    folder.join('chain.crt', ['leaf.crt', 'intermediate.crt']);
    folder.write('chain.key', folder.read('leaf.key'));
    folder.certificate('purpose', { by: 'ca', extensions: ['extendedKeyUsage=serverAuth'] });
    folder.certificate('revoked', { by: 'ca' });
    folder.certificate('revoked-expired', { by: 'ca', days: -1 });
    folder.certificate('alone-expired', { days: -1 });
    folder.certificate('unknown-expired', { by: 'stranger', days: -1 });
    folder.certificate('purpose-expired', {
      by: 'ca',
      days: -1,
      extensions: ['extendedKeyUsage=serverAuth'],
    });
    folder.certificate('strange-expired', {
      by: 'ca',
      days: -1,
      extensions: ['1.3.6.1.4.1.99999.1=critical,ASN1:NULL'],
    });
    writeOddCertificate(folder);
    folder.revocationList('crl.pem', { by: 'ca', revoked: ['revoked', 'revoked-expired'] });
    server = { certfile: file('server.crt'), keyfile: file('server.key') };
  });

  after(() => folder[Symbol.dispose]());

  linkContract('TLS', () => openPair(server));
  linkContract('TLS 1.2', () => openPair(server, { maxVersion: 'TLSv1.2' }));

  describe('a listener', () => {
    it('knows the cipher of a client, and no name', async () => {
      await using stage = await TlsStage.open(server);
      const visit = await stage.visit({
        ca: folder.read('ca.crt'),
        rejectUnauthorized: true,
        servername: 'localhost',
      });
      assert.equal(visit.greeting, 'hello');
      const cipher = 'TLSv1.3/TLS_AES_256_GCM_SHA384';
      const { peer, credentials } = await stage.arrived();
      assert.deepEqual(credentials, { cipher, identity: undefined, subject: undefined });
      assert.match(peer, /^127\.0\.0\.1:\d+$/);
    });

    it('asks nobody for a certificate unless it has to, as Mosquitto does', async () => {
      await using stage = await TlsStage.open({ ...server, cafile: file('ca.crt') });
      assert.equal((await stage.visit(shows('alone'))).greeting, 'hello');
      assert.equal((await stage.arrived()).credentials?.subject, undefined);
    });

    it('speaks no version older than it is told, and the ciphers it is told', async () => {
      const ciphers = {
        ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
        ciphersTls13: 'TLS_AES_128_GCM_SHA256',
      };
      await using stage = await TlsStage.open({ ...server, ...ciphers });
      await stage.visit({ maxVersion: 'TLSv1.2' });
      const old = (await stage.arrived()).credentials?.cipher;
      assert.equal(old, 'TLSv1.2/ECDHE-ECDSA-AES128-GCM-SHA256');
      await stage.visit();
      assert.equal((await stage.arrived()).credentials?.cipher, 'TLSv1.3/TLS_AES_128_GCM_SHA256');
      await using strict = await TlsStage.open({ ...server, tlsVersion: 'tlsv1.3' });
      await strict.visit({ maxVersion: 'TLSv1.2' });
      assert.equal((await strict.failed()).type, 'version too old');
    });

    it('agrees to the protocol that it speaks, and to one that it has never heard of', async () => {
      await using mqtt = await TlsStage.open(server);
      await using web = await TlsStage.open({ ...server, applicationProtocol: 'http/1.1' });
      const agreed = async (stage: TlsStage, ALPNProtocols: readonly string[]) => {
        const client = stage.client({ ALPNProtocols: [...ALPNProtocols] });
        const secured = new Promise((resolve) => client.once('secureConnect', resolve));
        await Promise.race([secured, closing(client)]);
        const outcome = await stage.outcome();
        return outcome.type === 'arrived' ? client.alpnProtocol : outcome.failure.type;
      };
      assert.equal(await agreed(mqtt, ['x-amzn-mqtt-ca', 'mqtt']), 'mqtt');
      assert.equal(await agreed(mqtt, ['x-amzn-mqtt-ca']), 'x-amzn-mqtt-ca');
      assert.equal(await agreed(mqtt, ['h2', 'http/1.1']), 'wrong application');
      assert.equal(await agreed(web, ['h2', 'http/1.1']), 'http/1.1');
      assert.equal(await agreed(web, ['mqtt']), 'wrong application');
    });
  });

  for (const maxVersion of versions) {
    describe(`a client with a certificate, over ${maxVersion},`, () => {
      /** Sends a client in; the listener says who it is, or what is wrong. */
      async function check(
        name: string | undefined,
        expected: string | HandshakeFault,
        settings: TlsSettings = {},
      ): Promise<Visit> {
        await using stage = await TlsStage.open({
          ...server,
          cafile: file('ca.crt'),
          requireCertificate: true,
          identity: 'common-name',
          ...settings,
        });
        const visit = await stage.visit({ maxVersion, ...(name && shows(name)) });
        const outcome = await stage.outcome();
        const isIn = outcome.type === 'arrived';
        assert.equal(visit.greeting, isIn ? 'hello' : '');
        const said = isIn ? outcome.arrival.credentials?.identity : outcome.failure.type;
        assert.equal(said, expected);
        return visit;
      }

      /** TLS 1.2 is over when Node looks at the certificate, and has no alert to tell why. */
      async function checkRefused(name: string, type: HandshakeFault, alert: string) {
        const { error } = await check(name, type);
        const { code } = (error ?? {}) as NodeJS.ErrnoException;
        if (maxVersion === 'TLSv1.3') assert.match(code ?? '', new RegExp(`ALERT_${alert}$`));
      }

      it('is known by its Common Name', async () => {
        await check('client', 'sensor');
      });

      it('is known by its subject, where that is wanted', async () => {
        await check('client', 'CN=sensor,O=Example', { identity: 'subject' });
      });

      it('is nobody where no name is taken, or has none', async () => {
        await check('client', undefined!, { identity: 'none' });
        await check('nameless', undefined!);
      });

      it('is refused, and harms nobody, when only OpenSSL can read its certificate', async () => {
        for (const identity of ['common-name', 'subject', 'none'] as const) {
          await check('odd', 'certificate invalid', { identity });
        }
      });

      it('may have its certificate from an intermediate that it sends along', async () => {
        await check('chain', 'leaf');
        await checkRefused('leaf', 'certificate from unknown CA', 'UNKNOWN_CA');
      });

      it('is refused without one, with an alert', async () => {
        const { error } = await check(undefined, 'certificate missing');
        assert.match((error as NodeJS.ErrnoException).code ?? '', /ALERT/);
      });

      it('may have none where a name is only taken from those who do', async () => {
        await check(undefined, undefined!, { requireCertificate: false });
        await check('client', 'sensor', { requireCertificate: false });
        await check('alone', 'certificate self-signed', { requireCertificate: false });
      });

      it('is refused for its dates', async () => {
        await checkRefused('expired', 'certificate expired', 'CERTIFICATE_EXPIRED');
        await checkRefused('early', 'certificate not yet valid', 'BAD_CERTIFICATE');
      });

      it('is told why, whichever of the ciphers it has', async () => {
        if (maxVersion === 'TLSv1.2') return;
        for (const cipher of [
          'AES_128_GCM_SHA256',
          'AES_256_GCM_SHA384',
          'CHACHA20_POLY1305_SHA256',
        ]) {
          const type = 'certificate expired';
          const { error } = await check('expired', type, { ciphersTls13: `TLS_${cipher}` });
          assert.match((error as NodeJS.ErrnoException).code ?? '', /CERTIFICATE_EXPIRED$/);
        }
      });

      it('is refused when nobody known has signed its certificate', async () => {
        await checkRefused('alone', 'certificate self-signed', 'UNKNOWN_CA');
        await checkRefused('unknown', 'certificate from unknown CA', 'UNKNOWN_CA');
      });

      it('is refused when its certificate is for servers', async () => {
        await checkRefused('purpose', 'certificate for another purpose', 'UNSUPPORTED_CERTIFICATE');
      });

      it('is refused once its certificate is revoked', async () => {
        const crlfile = file('crl.pem');
        const { error } = await check('revoked', 'certificate revoked', { crlfile });
        const { code = '' } = (error ?? {}) as NodeJS.ErrnoException;
        if (maxVersion === 'TLSv1.3') assert.match(code, /CERTIFICATE_REVOKED$/);
        await check('client', 'sensor', { crlfile });
      });

      it('is refused when there is no sound list of its CA, as with Mosquitto', async () => {
        const { path } = folder;
        await check('chain', 'revocation list missing', { crlfile: file('crl.pem') });
        folder.revocationList('old.pem', { by: 'ca', until: '20210101000000Z' });
        await check('client', 'revocation list expired', { crlfile: `${path}/old.pem` });
        folder.join('several.pem', ['old.pem', 'crl.pem']);
        await check('client', 'sensor', { crlfile: `${path}/several.pem` });
        folder.authority('double', { subject: '/CN=ca' });
        folder.revocationList('forged.pem', { by: 'double' });
        await check('client', 'revocation list invalid', { crlfile: `${path}/forged.pem` });
      });

      it('needs a list of its own CA only, and not of those above it', async () => {
        const crlfile = folder.revocationList('intermediate.pem', { by: 'intermediate' });
        await check('chain', 'leaf', { crlfile });
      });

      it('may be expired where dates are not checked, and nothing else', async () => {
        const lenient = { disableClientCertDateChecks: true, crlfile: file('crl.pem') };
        await check('expired', 'expired', lenient);
        await check('early', 'early', lenient);
        await check('revoked-expired', 'certificate revoked', lenient);
        for (const name of ['alone', 'unknown', 'purpose', 'strange']) {
          await check(`${name}-expired`, 'certificate from unknown CA', lenient);
        }
      });
    });
  }

  describe('new material', () => {
    const strict = (): TlsSettings => ({
      ...server,
      cafile: file('ca.crt'),
      requireCertificate: true,
      identity: 'common-name',
    });

    it('is used from the next handshake on, and leaves open connections alone', async () => {
      await using stage = await TlsStage.open(server);
      const subject = async (client: TLSSocket) => {
        await once(client, 'secureConnect');
        return client.getPeerX509Certificate()?.subject;
      };
      const old = stage.client();
      assert.equal(await subject(old), 'CN=server');
      const { socket } = await stage.arrived();
      stage.security.replace(
        loadTls({ certfile: file('renewed.crt'), keyfile: file('renewed.key') }),
      );
      assert.equal(await subject(stage.client()), 'CN=renewed');
      old.write('still there');
      await once(socket, 'data');
    });

    it('decides with its CA and its revocation list who comes in', async () => {
      await using stage = await TlsStage.open(strict());
      await stage.visit(shows('revoked'));
      assert.equal((await stage.arrived()).credentials?.identity, 'revoked');
      stage.security.replace(loadTls({ ...strict(), crlfile: file('crl.pem') }));
      await stage.visit(shows('revoked'));
      assert.equal((await stage.failed()).type, 'certificate revoked');
      stage.security.replace(loadTls({ ...strict(), cafile: file('stranger.crt') }));
      await stage.visit(shows('client'));
      assert.equal((await stage.failed()).type, 'certificate from unknown CA');
    });

    for (const maxVersion of versions) {
      it(`lets nobody back in by a session of before, over ${maxVersion}`, async () => {
        await using stage = await TlsStage.open(server);
        const { session } = await stage.visit({ maxVersion });
        assert.equal(await stage.isResumed(), false);
        await stage.visit({ maxVersion, session });
        assert.equal(await stage.isResumed(), true, 'within the same material it is resumed');
        stage.security.replace(loadTls(server));
        await stage.visit({ maxVersion, session });
        assert.equal(await stage.isResumed(), false);
      });

      it(`resumes no session where a certificate counts, over ${maxVersion}`, async () => {
        await using stage = await TlsStage.open(strict());
        const { session } = await stage.visit({ maxVersion, ...shows('revoked') });
        await stage.arrived();
        await stage.visit({ maxVersion, ...shows('revoked'), session });
        assert.equal(await stage.isResumed(), false);
        stage.security.replace(loadTls({ ...strict(), crlfile: file('crl.pem') }));
        await stage.visit({ maxVersion, ...shows('revoked'), session });
        assert.equal((await stage.failed()).type, 'certificate revoked');
        await stage.visit({ maxVersion, session });
        assert.equal((await stage.failed()).type, 'certificate missing');
      });
    }
  });

  describe('a client with a pre-shared key', () => {
    const keys = new Map([['sensor', Buffer.from('0123456789abcdef', 'hex')]]);
    const psk = { hint: 'broker', keyOf: (identity: string) => keys.get(identity) };
    const has = (name: string, key: string): ConnectionOptions => ({
      pskCallback: () => ({ identity: name, psk: Buffer.from(key, 'hex') }),
      ciphers: 'PSK',
      maxVersion: 'TLSv1.2',
      checkServerIdentity: () => undefined,
    });

    it('is known by its identity', async () => {
      await using stage = await TlsStage.open({ psk });
      const visit = await stage.visit(has('sensor', '0123456789abcdef'));
      assert.equal(visit.greeting, 'hello');
      const { credentials } = await stage.arrived();
      assert.equal(credentials?.identity, 'sensor');
      assert.match(credentials?.cipher ?? '', /^TLSv1\.2\/.*PSK/);
    });

    it('is refused when nobody has its name, or its key is another', async () => {
      await using stage = await TlsStage.open({ psk });
      await stage.visit(has('nobody\n', '0123456789abcdef'));
      const unknown = await stage.failed();
      assert.deepEqual([unknown.type, unknown.pskIdentity], ['unknown PSK identity', 'nobody\n']);
      assert.match(unknown.message, /\(identity "nobody\\n"\)$/);
      await stage.visit(has('sensor', 'fedcba9876543210'));
      const wrong = await stage.failed();
      assert.deepEqual([wrong.type, wrong.pskIdentity], ['wrong PSK key', 'sensor']);
      assert.doesNotMatch(wrong.message, /0123|fedc/);
    });

    it('has no name when it comes with no key but has named one', async () => {
      await using stage = await TlsStage.open({ ...server, psk });
      await stage.visit({ maxVersion: 'TLSv1.2' });
      assert.equal((await stage.arrived()).credentials?.identity, undefined);
      // In TLS 1.3 a client can name an identity and go on without it.
      await stage.visit({
        ...has('sensor', '00'),
        ciphers: 'TLS_AES_256_GCM_SHA384',
        maxVersion: 'TLSv1.3',
      });
      assert.notEqual((await stage.outcome()).type, 'arrived');
    });

    it('cannot come by a session once its key is gone', async () => {
      await using stage = await TlsStage.open({ psk });
      const { session } = await stage.visit(has('sensor', '0123456789abcdef'));
      await stage.arrived();
      keys.delete('sensor');
      await stage.visit({ ...has('sensor', '0123456789abcdef'), session });
      assert.equal((await stage.failed()).type, 'unknown PSK identity');
    });
  });

  describe('whoever does not speak TLS', () => {
    const check = async (bytes: string | Uint8Array, type: HandshakeFault) => {
      await using stage = await TlsStage.open(server);
      const client = stage.plainClient();
      const closed = closing(client.resume());
      client.write(bytes);
      assert.equal((await stage.failed()).type, type);
      await closed;
    };

    it('is told from others by his first bytes', async () => {
      await check(Buffer.from('100c00044d51545404020000', 'hex'), 'plain MQTT');
      await check('GET / HTTP/1.1\r\n\r\n', 'HTTP');
      await check('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n', 'PROXY header');
      await check('\r\n\r\n\0\r\nQUIT\n\x21', 'PROXY header');
      await check('SSH-2.0-OpenSSH_9\r\n', 'not TLS');
    });

    it('may pretend to', async () => {
      await check(
        Buffer.concat([Buffer.from('1603010004', 'hex'), Buffer.alloc(4, 7)]),
        'protocol violated',
      );
      await check(Buffer.alloc(70_000, 0x16), 'not TLS');
    });
  });

  describe('a handshake', () => {
    const begun = Buffer.from('160301', 'hex');

    it('that is not finished in time is dropped', async () => {
      await using stage = await TlsStage.open(server, { handshakeSeconds: 0.05 });
      const silent = stage.plainClient();
      const slow = stage.plainClient();
      slow.write(begun);
      const closed = [silent, slow].map((client) => closing(client.resume()));
      for (const _ of [silent, slow]) assert.equal((await stage.failed()).type, 'took too long');
      await Promise.all(closed);
    });

    it('is dropped when there are too many, the oldest first', async () => {
      await using stage = await TlsStage.open(server, { handshakesMax: 3 });
      const clients: Socket[] = [];
      for (let i = 0; i < 5; i++) {
        const client = stage.plainClient();
        await once(client, 'connect');
        client.write(begun);
        clients.push(client);
      }
      for (const client of clients.slice(0, 2)) {
        const closed = closing(client.resume());
        assert.equal((await stage.failed()).type, 'crowded out');
        await closed;
      }
      assert.equal((await stage.visit()).greeting, 'hello');
    });

    it('does not count any more once it is over', async () => {
      await using stage = await TlsStage.open(server, { handshakesMax: 1 });
      for (let i = 0; i < 3; i++) {
        await once(stage.client(), 'secureConnect');
        await stage.arrived();
      }
      assert.equal(stage.pending, 0);
    });

    it('cannot be begun again later', async () => {
      await using stage = await TlsStage.open(server);
      const client = stage.client({ maxVersion: 'TLSv1.2' });
      await once(client, 'secureConnect');
      await stage.arrived();
      client.renegotiate({}, () => assert.fail());
      const [error] = await once(client, 'error');
      assert.equal(error.code, 'ERR_SSL_NO_RENEGOTIATION');
      assert.equal(stage.pending, 0);
    });

    it('that is over does not keep garbage from ending the connection', async () => {
      await using stage = await TlsStage.open(server);
      const client = stage.plainClient();
      const secure = connect({ socket: client, rejectUnauthorized: false });
      secure.on('error', () => undefined);
      await once(secure, 'secureConnect');
      const { socket } = await stage.arrived();
      const closed = closing(socket);
      client.write(Buffer.from('1703030010000102030405060708090a0b0c0d0e0f', 'hex'));
      await closed;
    });

    it('that is over and was for nothing is told of', async () => {
      await using stage = await TlsStage.open(server);
      const client = stage.client();
      await once(client, 'secureConnect');
      await stage.arrived();
      client.destroy();
      const { type, message } = await stage.failed();
      assert.equal(type, 'left at once');
      assert.match(message, /\(the certificate is for DNS:localhost, is signed by CN=ca/);
    });

    it('that a client gives up is told of, with what it may not have liked', async () => {
      await using stage = await TlsStage.open({
        certfile: file('alone.crt'),
        keyfile: file('alone.key'),
      });
      await stage.visit({ rejectUnauthorized: true });
      const { type, message } = await stage.failed();
      assert.equal(type, 'gave up');
      assert.match(message, /is self-signed\)$/);
    });

    it('of many at a time lets others have their turns', async () => {
      await using stage = await TlsStage.open(server);
      const visits = Array.from({ length: 50 }, () => stage.visit());
      for (const { greeting } of await Promise.all(visits)) assert.equal(greeting, 'hello');
    });
  });

  it('says nothing of a connection that sends nothing', async () => {
    await using stage = await TlsStage.open(server);
    const client = stage.plainClient();
    await once(client, 'connect');
    client.end();
    await closing(client.resume());
    await stage.visit();
    await stage.arrived();
    assert.equal(stage.pending, 0);
  });
}

/** One pass of the event loop, in which sockets are read and written. */
const loopPass = () => new Promise<void>((resolve) => setImmediate(resolve));

async function openPair(
  settings: TlsSettings,
  options: ConnectionOptions = {},
): Promise<ConnectedPair> {
  const near = new LinkEnd();
  const far = new LinkEnd();
  const arrived = Promise.withResolvers<void>();
  const accept = (link: Link) => {
    far.link = link;
    arrived.resolve();
    return far;
  };
  const layer = tlsLayer(new TlsSecurity(loadTls(settings)), socketLinks(accept));
  const listener = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
  const secure = connect({
    port: listener.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...options,
  });
  await once(secure, 'secureConnect');
  startLink({ socket: secure, peer: 'listener', credentials: undefined }, (link) => {
    near.link = link;
    return near;
  });
  await arrived.promise;
  return {
    near,
    far,
    async settle() {
      for (let pass = 0; pass < 5; pass++) await loopPass();
    },
    async until(condition) {
      while (!condition()) await loopPass();
    },
    async [Symbol.asyncDispose]() {
      near.link.destroy();
      far.link.destroy();
      await listener.close();
    },
  };
}

/** Signs `client.crt` again as `odd.crt`, with a length of five bytes, which DER does not have. */
function writeOddCertificate(folder: CertificateFolder): void {
  const { raw } = new X509Certificate(folder.read('client.crt'));
  const [signed, algorithm] = derChildren(readDer(raw));
  const fields = derChildren(signed);
  const { tag, content } = fields[5];
  const subject = Buffer.from([tag, 0x85, 0, 0, 0, 0, content.length, ...content]);
  const parts = fields.map(({ bytes }, i) => (i === 5 ? subject : bytes));
  const again = sequence(parts);
  const signature = sign('sha256', again, folder.read('ca.key'));
  const bits = Buffer.from([derTags.bitString, signature.length + 1, 0, ...signature]);
  const odd = sequence([again, algorithm.bytes, bits]);
  const base64 = odd.toString('base64').replace(/.{64}/g, '$&\n');
  folder.write('odd.crt', `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  folder.write('odd.key', folder.read('client.key'));
}

function sequence(parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const head = [derTags.sequence, 0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
