/** Paho for Python over TLS. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { CertificateFolder, missingOpenssl } from '../harness/certificate-folder.ts';
import { findPahoPython } from './paho-client.ts';
import { claimOptions } from './stage.ts';
import { TlsBroker } from './tls-broker.ts';

const python = findPahoPython();
const missing =
  python === undefined
    ? 'Paho is not installed: apt-get install python3-paho-mqtt'
    : missingOpenssl();
if (missing !== undefined) it('the broker, for Paho over TLS', { skip: missing });
else describe('the broker, for Paho over TLS,', claimOptions, suite);

/** Publishes to itself, and prints what has come back or what went wrong. */
const program = `
import ssl, sys
from paho.mqtt.client import Client, MQTTv5
port, ca, cert, key = sys.argv[1:]
client = Client("paho", protocol=MQTTv5)
client.tls_set(ca_certs=ca, certfile=cert or None, keyfile=key or None)
client.on_connect = lambda *_: client.subscribe("a", 1)
client.on_subscribe = lambda *_: client.publish("a", "x" * 100000, 1)
def received(_client, _data, message):
    print(len(message.payload))
    client.disconnect()
client.on_message = received
try:
    client.connect("localhost", int(port))
    client.loop_forever(retry_first_connection=False)
except ssl.SSLError as error:
    print(error.verify_message if hasattr(error, "verify_message") else error)
`;

function suite(): void {
  let folder: CertificateFolder;

  before(() => {
    folder = new CertificateFolder();
    folder.authority('ca');
    folder.certificate('server', { by: 'ca', extensions: ['subjectAltName=DNS:localhost'] });
    folder.certificate('elsewhere', { by: 'ca', extensions: ['subjectAltName=DNS:elsewhere'] });
    folder.certificate('sensor', { by: 'ca' });
  });

  after(() => folder[Symbol.dispose]());

  async function run({ port }: TlsBroker, ...files: readonly string[]): Promise<string> {
    const child = spawn(python!, ['-c', program, String(port), ...files]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        output += bytes;
      });
    }
    await once(child, 'close');
    return output.trim();
  }

  const pair = (name: string) => [folder.file(`${name}.crt`), folder.file(`${name}.key`)] as const;

  it('carries messages, and knows the client by its certificate', async () => {
    const [certfile, keyfile] = pair('server');
    const cafile = folder.file('ca.crt');
    const settings = { certfile, keyfile, cafile, requireCertificate: true };
    await using broker = await TlsBroker.start({ ...settings, identity: 'common-name' });
    assert.equal(await run(broker, cafile, ...pair('sensor')), '100000');
    assert.equal((await broker.connected()).credentials?.identity, 'sensor');
  });

  it('says that the certificate is for another host', async () => {
    const [certfile, keyfile] = pair('elsewhere');
    await using broker = await TlsBroker.start({ certfile, keyfile });
    assert.match(await run(broker, folder.file('ca.crt'), '', ''), /Hostname mismatch/);
    assert.match((await broker.failed()).message, /not for the host name.*for DNS:elsewhere/);
  });
}
