/** SCRAM between our client and our broker, in memory and over TCP. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Nobody } from '../src/auth/nobody.ts';
import { createBroker, deriveScramCredential, scramSha256 as serverScram } from '../src/broker.ts';
import { MqttClient } from '../src/client/mqtt-client.ts';
import { connect, scramSha256 } from '../src/client.ts';
import { withHooks } from '../src/plugin/with-hooks.ts';
import { failure } from './harness/client-stage.ts';
import { TestNetwork } from './harness/test-network.ts';

const iterations = 4096;
const userName = 'Mia, =née';
const password = 'pen\u00a0cil';
const credential = await deriveScramCredential(password, { iterations });
const hooks = serverScram({
  credentialOf: (name) => (name === userName ? credential : undefined),
  iterations,
});

describe('SCRAM between client and broker', () => {
  it('lets the client in over TCP, again and again, and nobody else', async () => {
    await using broker = createBroker({ hooks });
    const { port } = await broker.listen({ port: 0 });
    const url = `mqtt://127.0.0.1:${port}`;
    const authentication = scramSha256({ userName, password });
    for (let times = 0; times < 2; times++) {
      await using client = await connect(url, { authentication });
      assert.ok(client.isConnected);
    }
    const wrong = scramSha256({ userName, password: 'pen' });
    await assert.rejects(connect(url, { authentication: wrong }), failure('refused', 0x87));
    await assert.rejects(connect(url), failure('refused'));
  });

  it('does so in memory, also after the connection was lost', async () => {
    const network = new TestNetwork();
    const gatekeeper = withHooks([{ name: 'scram', hooks }], { gatekeeper: new Nobody() });
    const open = network.broker({ gatekeeper });
    const platform = network.platform(() => open);
    const authentication = scramSha256({ userName, password });
    const client = new MqttClient('mqtt://server', { authentication }, platform);
    await until(network, client.start());
    assert.ok(client.isConnected);
    network.cut();
    await network.advance(1);
    await until(network, new Promise<void>((done) => void client.on('connected', () => done())));
    assert.ok(client.isConnected);
    await until(network, client.disconnect());
  });
});

/** Hashing takes its time, on threads of its own. */
async function until<T>(network: TestNetwork, promise: Promise<T>): Promise<T> {
  let isPending = true;
  const done = promise.finally(() => {
    isPending = false;
  });
  while (isPending) await network.settle();
  return done;
}
