/** MQTT.js over TLS. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import mqtt, { type IClientOptions } from 'mqtt';
import type { TlsSettings } from '../../src/transport/tls-security.ts';
import { CertificateFolder, missingOpenssl } from '../harness/certificate-folder.ts';
import { claimOptions } from './stage.ts';
import { TlsBroker } from './tls-broker.ts';

const missing = missingOpenssl();
if (missing !== undefined) it('the broker, for MQTT.js over TLS', { skip: missing });
else describe('the broker, for MQTT.js over TLS,', claimOptions, suite);

function suite(): void {
  let folder: CertificateFolder;
  let settings: TlsSettings;

  before(() => {
    folder = new CertificateFolder();
    folder.authority('ca');
    folder.certificate('server', { by: 'ca', extensions: ['subjectAltName=DNS:localhost'] });
    folder.certificate('elsewhere', { by: 'ca', extensions: ['subjectAltName=DNS:elsewhere'] });
    folder.certificate('sensor', { by: 'ca' });
    settings = {
      certfile: folder.file('server.crt'),
      keyfile: folder.file('server.key'),
      cafile: folder.file('ca.crt'),
    };
  });

  after(() => folder[Symbol.dispose]());

  const connect = ({ port }: TlsBroker, options: IClientOptions = {}) => {
    const address = `mqtts://localhost:${port}`;
    const ca = folder.read('ca.crt');
    return mqtt.connect(address, { ca, reconnectPeriod: 0, protocolVersion: 5, ...options });
  };
  const codeOf = (client: mqtt.MqttClient) =>
    new Promise((resolve) => {
      client.once('error', (error) => resolve('code' in error && error.code));
    });

  it('carries messages, and knows the client by its certificate', async () => {
    await using broker = await TlsBroker.start({
      ...settings,
      requireCertificate: true,
      identity: 'common-name',
    });
    const client = connect(broker, {
      cert: folder.read('sensor.crt'),
      key: folder.read('sensor.key'),
    });
    await client.subscribeAsync('a', { qos: 1 });
    const payload = Buffer.alloc(300_000, 'x');
    const received = new Promise<Buffer>((resolve) =>
      client.once('message', (_, bytes) => resolve(bytes)),
    );
    await client.publishAsync('a', payload, { qos: 1 });
    assert.deepEqual(await received, payload);
    assert.equal((await broker.connected()).credentials?.identity, 'sensor');
    await client.endAsync();
  });

  it('says that the client does not accept the host name', async () => {
    const wrong = { certfile: folder.file('elsewhere.crt'), keyfile: folder.file('elsewhere.key') };
    await using broker = await TlsBroker.start(wrong);
    const client = connect(broker);
    assert.equal(await codeOf(client), 'ERR_TLS_CERT_ALTNAME_INVALID');
    assert.match((await broker.failed()).message, /another host name.*for DNS:elsewhere/);
    await client.endAsync(true);
  });

  it('says that the client does not know the CA', async () => {
    await using broker = await TlsBroker.start(settings);
    const client = connect(broker, { ca: folder.read('sensor.crt') });
    assert.equal(await codeOf(client), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    assert.match((await broker.failed()).message, /does not (trust|know the CA).*signed by CN=ca/);
    await client.endAsync(true);
  });
}
