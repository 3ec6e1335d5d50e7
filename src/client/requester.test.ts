/** Requests and responses: who gets which, and what becomes of those that get none. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure, publishesOf, text } from '../../test/harness/client-stage.ts';
import { mqttWelcomed } from '../../test/harness/mqtt-client-stage.ts';
import { TestNetwork } from '../../test/harness/test-network.ts';
import { MqttClient } from './mqtt-client.ts';

/** Several clients of one broker in memory. */
async function atBroker(count: number) {
  const network = new TestNetwork();
  const open = network.broker();
  const clients = Array.from({ length: count }, (_, index) => {
    const options = { clientId: `c${index}`, keepAliveSeconds: 0 };
    return new MqttClient(
      'mqtt://server',
      options,
      network.platform(() => open),
    );
  });
  for (const client of clients) await network.settled(client.start());
  return { network, clients };
}

const none = { type: 'publish', qos: 1, retain: false, dup: false } as const;

describe('a request', () => {
  it('gets the response to it, among many at a time', async () => {
    const { network, clients } = await atBroker(3);
    const [server, one, other] = clients;
    await network.settled(
      server.respond('double', (request) => String(2 * request.json<number>())).granted,
    );
    const asked = Array.from({ length: 100 }, (_, i) =>
      (i % 2 ? one : other).request('double', `${i}`),
    );
    const answers = await network.settled(Promise.all(asked));
    assert.deepEqual(
      answers.map((answer) => answer.text()),
      Array.from({ length: 100 }, (_, i) => `${2 * i}`),
    );
  });

  it('carries properties in both directions', async () => {
    const { network, clients } = await atBroker(2);
    const [server, client] = clients;
    server.respond('ask', ({ properties }) => ({
      payload: Uint8Array.of(1),
      properties: { contentType: `to ${properties?.contentType}` },
    }));
    await network.settle();
    const answer = await network.settled(
      client.request('ask', '', { properties: { contentType: 'x' } }),
    );
    assert.deepEqual([answer.bytes, answer.properties?.contentType], [Uint8Array.of(1), 'to x']);
  });

  it('fails when no response comes in time', async () => {
    const { network, client } = await mqttWelcomed();
    const asked = client.request('a', '', { timeout: 2000 });
    asked.catch(() => {});
    await network.advance(1.9);
    await assert.rejects(network.settled(asked), /still pending/);
    await network.advance(0.2);
    await assert.rejects(network.settled(asked), failure('no response'));
  });

  it('is not sent later, when nobody waits for its response any more', async () => {
    const stage = await mqttWelcomed();
    const { network, client, server } = stage;
    await server.drop();
    const asked = client.request('a', 'late', { timeout: 10 });
    const failed = assert.rejects(asked, failure('no response'));
    await network.advance(1);
    await failed;
    await server.letIn();
    assert.deepEqual(publishesOf(server), []);
    assert.equal(client.pendingMessages, 0);
  });

  it('hears of nothing without its correlation, nor with that of another', async () => {
    const { network, client, server } = await mqttWelcomed();
    const asked = client.request('a', '', { timeout: 2000 });
    asked.catch(() => {});
    await network.settle();
    const [request] = publishesOf(server);
    const { responseTopic: topic, correlationData } = request.properties!;
    const send = (payload: string, packetId: number, data?: Uint8Array) => {
      const properties = data && { correlationData: data };
      const bytes = new TextEncoder().encode(payload);
      return server.send({ ...none, topic: topic!, payload: bytes, packetId, properties });
    };
    await send('1', 1);
    await send('2', 2, Uint8Array.of(1, 2, 3));
    await assert.rejects(network.settled(asked), /still pending/);
    await send('3', 3, correlationData);
    await send('4', 4, correlationData);
    assert.equal((await network.settled(asked)).text(), '3');
    assert.deepEqual(server.heard(), ['puback 1', 'puback 2', 'puback 3', 'puback 4']);
  });

  it('can be given up', async () => {
    const { network, client } = await mqttWelcomed();
    const controller = new AbortController();
    const asked = client.request('a', '', { signal: controller.signal });
    await network.settle();
    controller.abort(new Error('enough'));
    await assert.rejects(network.settled(asked), /enough/);
    const early = client.request('a', '', { signal: controller.signal });
    await assert.rejects(network.settled(early), /enough/);
  });

  it('fails with the client, when its server has acknowledged it and nobody has answered', async () => {
    const { network, client, server } = await mqttWelcomed();
    const asked = client.request('a', '');
    const failed = assert.rejects(asked, failure('disconnected'));
    await network.settle();
    const [{ packetId }] = publishesOf(server);
    await server.send({ type: 'puback', packetId, reasonCode: 0 });
    await network.settled(client.disconnect());
    await network.settled(failed);
    await assert.rejects(network.settled(client.request('a', '')), failure('disconnected'));
  });

  it('fails when the server refuses the subscription to responses, and may succeed later', async () => {
    const { network, client, server } = await mqttWelcomed();
    for (const times of [1, 2]) {
      const asked = client.request('a', `${times}`);
      const failed = assert.rejects(asked, failure('refused', 0x87));
      await network.settle();
      const subscribe = server.received().find(({ type }) => type === 'subscribe');
      assert.ok(subscribe?.type === 'subscribe', 'it is asked for each time');
      const { packetId } = subscribe;
      await server.send({ type: 'suback', packetId, reasonCodes: [0x87], properties: undefined });
      await network.settled(failed);
    }
  });

  it('needs MQTT 5.0', async () => {
    const { network, client } = await mqttWelcomed({ version: 4 });
    await assert.rejects(network.settled(client.request('a', '')), failure('not supported'));
  });

  it('has a topic of its own for responses, below what the server wants', async () => {
    const properties = { responseInformation: 'for/c' };
    const { network, client, server } = await mqttWelcomed({ clientId: 'a/+' }, { properties });
    client.request('a', '').catch(() => {});
    await network.settle();
    assert.match(publishesOf(server)[0].properties!.responseTopic!, /^for\/c\/a__-[a-z0-9]+$/);
  });
});

describe('a responder', () => {
  for (const listeners of [0, 1]) {
    it(`lives on when the server refuses its response, with ${listeners} who listen`, async () => {
      const { client, server } = await mqttWelcomed();
      const errors: unknown[] = [];
      if (listeners > 0) client.on('error', ({ error }) => errors.push(error));
      client.respond('ask', () => 'x');
      const properties = { responseTopic: 'forbidden', correlationData: Uint8Array.of(1) };
      const payload = new Uint8Array(0);
      await server.send({ ...none, topic: 'ask', payload, packetId: 9, properties });
      const [response] = publishesOf(server);
      assert.deepEqual([response.topic, text(response)], ['forbidden', 'x']);
      assert.deepEqual(response.properties?.correlationData, Uint8Array.of(1));
      await server.send({ type: 'puback', packetId: response.packetId, reasonCode: 0x87 });
      assert.equal(errors.length, listeners);
      assert.deepEqual(server.heard(), ['puback 9']);
    });
  }

  it('says nothing where it has nothing to say, or nobody wants to hear it', async () => {
    const { network, clients } = await atBroker(2);
    const [server, client] = clients;
    const heard: string[] = [];
    server.respond('ask', (request) => {
      heard.push(request.text());
      return request.text() === 'silent' ? undefined : 'x';
    });
    await network.settle();
    await network.settled(client.publish('ask', 'no topic', { qos: 1 }));
    const asked = client.request('ask', 'silent', { timeout: 100 });
    const failed = assert.rejects(asked, failure('no response'));
    await network.advance(1);
    await failed;
    assert.deepEqual(heard, ['no topic', 'silent']);
  });
});
