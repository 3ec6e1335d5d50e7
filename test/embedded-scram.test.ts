/** SCRAM between our client and our broker, in memory and over TCP. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Nobody } from '../src/auth/nobody.ts';
import { createBroker, deriveScramCredential, scramSha256 as serverScram } from '../src/broker.ts';
import type { ConnectOptions } from '../src/client/connect-options.ts';
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
  it('lets the client in over TCP, again and again', async () => {
    await using broker = createBroker({ hooks });
    const { port } = await broker.listen({ port: 0 });
    const authentication = scramSha256({ userName, password });
    for (let times = 0; times < 2; times++) {
      await using client = await connect(`mqtt://127.0.0.1:${port}`, { authentication });
      assert.ok(client.isConnected);
    }
  });

  it('takes a mechanism that a program brings itself', async () => {
    await using broker = createBroker({ hooks });
    const { port } = await broker.listen({ port: 0 });
    const { method, begin } = scramSha256({ userName, password });
    await using client = await connect(`mqtt://127.0.0.1:${port}`, {
      authentication: { method, begin },
    });
    assert.ok(client.isConnected);
  });

  it('does so in memory, also after the connection was lost', async () => {
    const { network, client } = stage({ authentication: scramSha256({ userName, password }) });
    await until(network, client.start());
    assert.ok(client.isConnected);
    network.cut();
    await network.advance(1);
    await until(network, new Promise<void>((done) => void client.on('connected', () => done())));
    assert.ok(client.isConnected);
    await until(network, client.disconnect());
  });

  it('keeps out who has another password, or none', async () => {
    const wrong = stage({ authentication: scramSha256({ userName, password: 'pen' }) });
    await assert.rejects(until(wrong.network, wrong.client.start()), failure('refused', 0x87));
    const none = stage({});
    await assert.rejects(until(none.network, none.client.start()), failure('refused'));
  });
});

function stage(options: ConnectOptions) {
  const network = new TestNetwork();
  const gatekeeper = withHooks([{ name: 'scram', hooks }], { gatekeeper: new Nobody() });
  const open = network.broker({ gatekeeper });
  const client = new MqttClient(
    'mqtt://server',
    options,
    network.platform(() => open),
  );
  return { network, client };
}

/** Hashing takes its time, on threads of its own. */
async function until<T>(network: TestNetwork, promise: Promise<T>): Promise<T> {
  let isPending = true;
  const done = promise.finally(() => {
    isPending = false;
  });
  done.catch(() => {}); // It is looked at below.
  while (isPending) await network.settle();
  return done;
}
