/** TLS keeps the contract of links, lets in whom it should, and tells why it does not. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { type ConnectedPair, LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { CertificateFolder, missingOpenssl } from '../../test/harness/certificate-folder.ts';
import { TlsStage } from '../../test/harness/tls-stage.ts';
import type { Link } from '../session/link.ts';
import { listenSockets } from './listen-sockets.ts';
import { socketLinks, startLink } from './socket-link.ts';
import { tlsLayer } from './tls.ts';
import { loadTls, TlsSecurity, type TlsSettings } from './tls-security.ts';

const missing = missingOpenssl();
if (missing !== undefined) it('TLS', { skip: missing });
else describe('TLS', suite);

function suite(): void {
  let folder: CertificateFolder;
  let server: TlsSettings;

  before(() => {
    folder = new CertificateFolder();
    folder.authority('ca');
    folder.certificate('server', { by: 'ca', extensions: ['subjectAltName=DNS:localhost'] });
    folder.certificate('client', { by: 'ca', subject: '/O=Example/CN=sensor' });
    server = { certfile: folder.file('server.crt'), keyfile: folder.file('server.key') };
  });

  after(() => folder[Symbol.dispose]());

  const identity = (name: string): ConnectionOptions => ({
    cert: folder.read(`${name}.crt`),
    key: folder.read(`${name}.key`),
  });

  linkContract('TLS', () => openPair(server));
  linkContract('TLS 1.2', () => openPair(server, { maxVersion: 'TLSv1.2' }));

  describe('a listener with client certificates', () => {
    it('lets in a client of its CA, and knows it', async () => {
      await using stage = await TlsStage.open({
        ...server,
        cafile: folder.file('ca.crt'),
        requireCertificate: true,
        identity: 'common-name',
      });
      const visit = await stage.visit(identity('client'));
      assert.equal(visit.greeting, 'hello');
      assert.deepEqual((await stage.arrived()).credentials, {
        cipher: 'TLSv1.3/TLS_AES_256_GCM_SHA384',
        identity: 'sensor',
        subject: 'CN=sensor,O=Example',
      });
    });
  });
  void once;
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
