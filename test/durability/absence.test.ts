/** Clients that are away over a restart: when their sessions end, and their wills are sent. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestClient } from '../harness/test-broker.ts';
import { Stage, type StageOptions } from './stage.ts';

const forAnHour = { properties: { sessionExpiryInterval: 3600 } };

async function publish(stage: Stage, topic: string, payload: string): Promise<void> {
  const publisher = await stage.passing('publisher');
  await publisher.publish(topic, payload, { qos: 1 });
  await publisher.drop();
}

async function acknowledge(client: TestClient, ...packetIds: number[]): Promise<void> {
  for (const packetId of packetIds) await client.send({ type: 'puback', packetId, reasonCode: 0 });
}

describe('the time of a session whose client is away', () => {
  const leftFor = async (seconds: number): Promise<Stage> => {
    const stage = new Stage();
    const client = await stage.durable('client', forAnHour);
    await client.subscribe('t', { qos: 1 });
    await client.drop();
    await publish(stage, 't', 'x');
    await stage.advance(seconds);
    return stage;
  };

  it('goes on while the broker is not there', async () => {
    const stage = await (await leftFor(600)).restart(2999);
    assert.equal((await stage.comeIn('client', forAnHour)).isPresent, true);
  });

  it('may be over when the broker is back, and then nothing of it is left', async () => {
    const stage = await (await leftFor(600)).restart(3000);
    await stage.advance(1);
    assert.deepEqual(stage.events, ['expired client', 'dropped t q1 for client: session ended']);
    assert.deepEqual(stage.store.tally(), {});
    assert.equal((await stage.comeIn('client', forAnHour)).isPresent, false);
  });

  it('begins anew with a crash, since nobody knows how long the broker was gone', async () => {
    const stage = (await leftFor(600)).crash(36_000);
    await stage.advance(3599);
    assert.equal((await stage.comeIn('client', forAnHour)).isPresent, true);
  });

  it('is not counted for a client that was there when the broker crashed', async () => {
    let stage = new Stage();
    await stage.durable('client', forAnHour);
    await stage.advance(36_000);
    stage = stage.crash(36_000);
    await stage.advance(3599);
    assert.equal((await stage.comeIn('client', forAnHour)).isPresent, true);
  });

  it('begins with the end of the broker for a client that was there', async () => {
    let stage = new Stage();
    await stage.durable('client', forAnHour);
    await stage.advance(36_000);
    stage = await stage.restart(3599);
    assert.equal((await stage.comeIn('client', forAnHour)).isPresent, true);
    stage = await stage.restart(3601);
    await stage.advance(1);
    assert.equal((await stage.comeIn('client', forAnHour)).isPresent, false);
  });

  it('is no longer than the operator allows, also if he has allowed more before', async () => {
    let stage = await leftFor(0);
    const options: StageOptions = { limits: { sessionExpirySecondsMax: 60 } };
    stage = await stage.restart(59, options);
    assert.equal((await stage.comeIn('client', forAnHour)).isPresent, true);
    stage = await stage.restart(61, options);
    await stage.advance(1);
    assert.equal((await stage.comeIn('client', forAnHour)).isPresent, false);
  });

  it('that has no end has none', async () => {
    let stage = new Stage();
    await stage.durable('client', { properties: { sessionExpiryInterval: 0xffff_ffff } });
    stage = await stage.restart(1e10);
    await stage.advance(10);
    assert.equal((await stage.comeIn('client')).isPresent, true);
  });

  it('is what DISCONNECT said last [MQTT-3.1.2-23]', async () => {
    let stage = new Stage();
    const client = await stage.durable('client', forAnHour);
    const properties = { sessionExpiryInterval: 10 };
    await client.send({ type: 'disconnect', reasonCode: 0, properties });
    stage = await stage.restart(11);
    await stage.advance(1);
    assert.equal((await stage.comeIn('client')).isPresent, false);
  });
});

describe('the will of a client with a durable session', () => {
  const willOf = (willDelayInterval: number) => ({
    topic: 'will',
    payload: new TextEncoder().encode('gone'),
    qos: 1 as const,
    retain: false,
    properties: { willDelayInterval, contentType: 'text/plain' },
  });
  const watched = async (delaySeconds: number): Promise<{ stage: Stage; client: TestClient }> => {
    const stage = new Stage();
    const watcher = await stage.durable('watcher');
    await watcher.subscribe('will', { qos: 2 });
    await watcher.drop();
    const client = await stage.durable('client', { will: willOf(delaySeconds) });
    return { stage, client };
  };
  const seen = async (stage: Stage) => {
    const watcher = await stage.durable('watcher');
    const publishes = watcher.publishes();
    await acknowledge(watcher, ...publishes.map(({ packetId }) => packetId));
    await watcher.drop();
    return publishes.map(({ payload, properties }) => {
      return `${new TextDecoder().decode(payload)} ${properties?.contentType}`;
    });
  };

  it('is sent after a crash that took the client along [MQTT-3.1.2-8]', async () => {
    const { stage } = await watched(0);
    const next = stage.crash();
    await next.advance(1);
    assert.deepEqual(await seen(next), ['gone text/plain']);
    const last = await next.restart();
    await last.advance(1);
    assert.deepEqual(await seen(last), [], 'once');
  });

  it('waits for its delay after a crash, and is not sent if the client comes back [MQTT-3.1.3-9]', async () => {
    const { stage } = await watched(60);
    let next = stage.crash();
    await next.advance(59);
    assert.deepEqual(await seen(next), []);
    await next.durable('client');
    await next.advance(100);
    next = next.crash();
    await next.advance(100);
    assert.deepEqual(await seen(next), []);
  });

  it('that waited is sent when it is due, also if the broker was not there then', async () => {
    const { stage, client } = await watched(60);
    await client.drop();
    await stage.advance(30);
    const early = await stage.restart(20);
    await early.advance(9);
    assert.deepEqual(await seen(early), []);
    await early.advance(1);
    assert.deepEqual(await seen(early), ['gone text/plain']);
    const late = await watched(60);
    await late.client.drop();
    const after = await late.stage.restart(1000);
    await after.advance(1);
    assert.deepEqual(await seen(after), ['gone text/plain']);
  });

  it('is sent when the broker ends, and not once more when it begins', async () => {
    const { stage } = await watched(0);
    let next = await stage.restart();
    assert.deepEqual(await seen(next), ['gone text/plain']);
    next = await next.restart();
    await next.advance(1);
    assert.deepEqual(await seen(next), []);
  });

  it('that waits outlives an end of the broker', async () => {
    const { stage } = await watched(60);
    let next = await stage.restart();
    assert.deepEqual(await seen(next), []);
    next = await next.restart();
    await next.advance(60);
    assert.deepEqual(await seen(next), ['gone text/plain']);
  });

  it('is not sent for a client that had taken leave [MQTT-3.14.4-3]', async () => {
    const { stage, client } = await watched(0);
    await client.send({ type: 'disconnect', reasonCode: 0 });
    const next = stage.crash();
    await next.advance(100);
    assert.deepEqual(await seen(next), []);
  });

  it('that is to be retained is, also over a further crash', async () => {
    let stage = new Stage();
    await stage.durable('client', { will: { ...willOf(0), retain: true } });
    stage = stage.crash();
    await stage.advance(1);
    stage = stage.crash();
    const reader = await stage.passing('reader');
    await reader.subscribe('will');
    assert.deepEqual(reader.payloads(), ['gone']);
  });
});
