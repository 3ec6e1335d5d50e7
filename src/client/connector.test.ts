/** How a client comes to be connected, stays so, and when it gives up. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../test/harness/client-stage.ts';
import { mqttStage, mqttWelcomed, reconnected } from '../../test/harness/mqtt-client-stage.ts';
import { PlayedServer, TestNetwork } from '../../test/harness/test-network.ts';
import type { Attempt } from './connect-options.ts';
import type { Open } from './ports.ts';

const unreachable: Open = () => Promise.reject(new Error('nobody there'));
const silent: Open = () => new Promise(() => {});

describe('the first connection', () => {
  it('introduces the client by MQTT 5.0, with a session that outlives a reconnect', async () => {
    const { connect } = await mqttWelcomed({ keepAliveSeconds: undefined, clientId: 'c' });
    assert.deepEqual(connect, {
      ...connect,
      version: 5,
      clientId: 'c',
      cleanStart: true,
      keepAliveSeconds: 60,
      properties: { receiveMaximum: 100, sessionExpiryInterval: 300 },
    });
  });

  it('tries each server in its order', async () => {
    const servers = ['mqtt://a', 'mqtt://b', 'mqtt://c'];
    const network = new TestNetwork();
    const c = new PlayedServer(network);
    const reach = ({ hostname }: URL) => (hostname === 'c' ? c.open : unreachable);
    const { client, platform } = mqttStage({ network, servers, reach });
    const starting = client.start();
    await c.letIn();
    await network.settled(starting);
    assert.deepEqual(platform.reached, servers);
  });

  it('fails as the first server did when there is none', async () => {
    const reach =
      ({ hostname }: URL): Open =>
      () =>
        Promise.reject(new Error(`no ${hostname}`));
    const { client, network, platform, events } = mqttStage({ servers: ['a', 'b'], reach });
    await assert.rejects(network.settled(client.start()), /no a/);
    assert.match(String(await client.closed), /no a/);
    assert.ok(platform.isStopped);
    assert.deepEqual(events, ['closed']);
  });

  it('fails with what the server says', async () => {
    const { client, server, network, platform } = mqttStage();
    const refused = assert.rejects(client.start(), failure('refused', 0x86));
    await server.letIn({ reasonCode: 0x86 });
    await network.settled(refused);
    assert.ok(platform.isStopped);
  });

  it('is tried until it succeeds where that is wanted, so many times at most', async () => {
    const reconnect = { initially: true, attemptsMax: 3 };
    const { client, network, platform, events } = mqttStage({
      reconnect,
      reach: () => unreachable,
    });
    const failed = assert.rejects(client.start(), /nobody there/);
    await network.advance(100);
    await network.settled(failed);
    assert.equal(platform.reached.length, 4);
    assert.deepEqual(events, [...Array(3).fill('reconnecting'), 'closed']);
  });

  it('is tried once where nothing could come of it', async () => {
    const reconnect = { initially: true };
    const { client, network } = mqttStage({ servers: 'host:99999', reconnect });
    await assert.rejects(network.settled(client.start()), TypeError);
  });

  it('gives up a server that cannot be reached in time, or says nothing', async () => {
    const limits = { connectSeconds: 7 };
    const { client, network } = mqttStage({ limits, reach: () => silent });
    const failed = assert.rejects(client.start(), failure('connect timeout'));
    await network.advance(7.1);
    await network.settled(failed);
    const mute = mqttStage({ limits });
    const unanswered = assert.rejects(mute.client.start(), failure('connect timeout'));
    await mute.network.advance(7.1);
    await mute.network.settled(unanswered);
  });

  for (const version of [3, 4] as const) {
    it(`makes an identifier up where MQTT ${version} needs one`, async () => {
      const { connect, client } = await mqttWelcomed({ version, sessionExpirySeconds: 60 });
      assert.match(connect.clientId, /^[a-z0-9]{8,23}$/);
      assert.equal(client.clientId, connect.clientId);
    });
  }
});

describe('a server that does not speak MQTT 5.0', () => {
  const refusals: Readonly<Record<string, string>> = {
    'of MQTT 5.0': '20 03 00 84 00',
    'of MQTT 3.1.1': '20 02 00 01',
  };
  for (const [what, refusal] of Object.entries(refusals)) {
    it(`that says so in the words ${what} is asked by MQTT 3.1.1, now and later`, async () => {
      const network = new TestNetwork();
      const servers = [
        new PlayedServer(network),
        new PlayedServer(network, 4),
        new PlayedServer(network, 4),
      ];
      let count = 0;
      const stage = mqttStage({ network, reach: () => servers[count++].open });
      const starting = stage.client.start();
      await network.settle();
      await servers[0].sendBytes(refusal);
      const connect = await servers[1].letIn();
      await network.settled(starting);
      assert.deepEqual(
        [connect.version, connect.properties, stage.client.version],
        [4, undefined, 4],
      );
      assert.deepEqual(stage.events, ['connected']);
      await servers[1].drop();
      await network.advance(1);
      assert.equal((await servers[2].letIn()).version, 4);
    });
  }

  it('is not asked by another version than the one that was wanted', async () => {
    const { client, server, network, platform } = mqttStage({ version: 5 });
    const refused = assert.rejects(client.start(), failure('refused', 0x84));
    await server.letIn({ reasonCode: 0x84 });
    await network.settled(refused);
    assert.equal(platform.reached.length, 1);
  });
});

describe('a server that sends its client elsewhere', () => {
  /** Servers by their names; each attempt goes to the one of its URL. */
  function world(names: string, followRedirects: boolean) {
    const network = new TestNetwork();
    const servers = Object.fromEntries(
      names.split(' ').map((name) => [name, new PlayedServer(network)]),
    );
    const reach = ({ hostname }: URL) => servers[hostname].open;
    return { ...mqttStage({ network, servers: 'mqtt://a', reach, followRedirects }), servers };
  }

  it('is not followed unless that is allowed', async () => {
    const { client, network, servers } = world('a b', false);
    const refused = assert.rejects(client.start(), failure('refused', 0x9c));
    await servers.a.letIn({ reasonCode: 0x9c, properties: { serverReference: 'b' } });
    await network.settled(refused);
  });

  it('for now is followed once, and then asked again', async () => {
    const { client, network, servers, platform } = world('a b', true);
    const starting = client.start();
    await servers.a.letIn({ reasonCode: 0x9c, properties: { serverReference: 'b' } });
    await servers.b.letIn();
    await network.settled(starting);
    await servers.b.drop();
    await network.advance(1);
    await servers.a.letIn();
    assert.deepEqual(platform.reached, ['mqtt://a', 'mqtt://b', 'mqtt://a']);
  });

  it('for good is not asked any more', async () => {
    const { client, network, servers, platform } = world('a b', true);
    const starting = client.start();
    await servers.a.letIn();
    await network.settled(starting);
    const properties = { serverReference: 'b' };
    await servers.a.send({ type: 'disconnect', reasonCode: 0x9d, properties });
    await network.advance(1);
    await servers.b.letIn();
    await servers.b.drop();
    await network.advance(2);
    await servers.b.letIn();
    assert.deepEqual(platform.reached, ['mqtt://a', 'mqtt://b', 'mqtt://b']);
  });

  it('is not followed round and round', async () => {
    const { client, network, servers, platform } = world('a', true);
    const refused = assert.rejects(client.start(), failure('refused', 0x9c));
    for (let times = 0; times < 6; times++) {
      await servers.a.letIn({ reasonCode: 0x9c, properties: { serverReference: 'a' } });
    }
    await network.settled(refused);
    assert.equal(platform.reached.length, 6);
  });
});

describe('credentials', () => {
  it('come from the URL, unless others are given', async () => {
    const servers = 'mqtt://a%40b:c%3Ad@server';
    const { connect } = await mqttWelcomed({ servers });
    assert.deepEqual([connect.userName, text(connect.password)], ['a@b', 'c:d']);
    const other = await mqttWelcomed({ servers, credentials: { userName: 'x' } });
    assert.deepEqual([other.connect.userName, other.connect.password], ['x', undefined]);
  });

  it('are made anew for each attempt by a function, which hears how the last one ended', async () => {
    const attempts: Attempt[] = [];
    const credentials = async (attempt: Attempt) => {
      attempts.push(attempt);
      return { userName: `u${attempts.length}` };
    };
    const stage = await mqttWelcomed({ credentials });
    assert.equal(stage.connect.userName, 'u1');
    assert.equal((await reconnected(stage)).userName, 'u2');
    assert.deepEqual(attempts[0], { number: 1, failure: undefined });
    assert.match(String(attempts[1].failure), /connection/);
  });

  it('that cannot be had end the first attempt', async () => {
    const credentials = () => Promise.reject(new Error('no token'));
    const { client, network } = mqttStage({ credentials });
    await assert.rejects(network.settled(client.start()), /no token/);
  });

  function text(password: Uint8Array | undefined): string {
    return new TextDecoder().decode(password);
  }
});

describe('a connection that is lost', () => {
  it('is made again, each pause longer, until one succeeds', async () => {
    const network = new TestNetwork();
    const server = new PlayedServer(network);
    let isThere = true;
    const reach = () => (isThere ? server.open : unreachable);
    const { client, platform, events } = mqttStage({ network, reach, random: () => 0.999999 });
    const delays: number[] = [];
    client.on('reconnecting', ({ delayMilliseconds }) => delays.push(delayMilliseconds));
    const starting = client.start();
    await server.letIn();
    await network.settled(starting);
    isThere = false;
    await server.drop();
    await network.advance(7.5);
    assert.deepEqual(delays, [1000, 2000, 4000, 8000]);
    isThere = true;
    await network.advance(8);
    await server.letIn();
    assert.equal(platform.reached.length, 5);
    assert.deepEqual(events.slice(-2), ['reconnecting', 'connected']);
  });

  it('is not made again where that is not wanted', async () => {
    const { client, server, events } = await mqttWelcomed({ reconnect: false });
    await server.drop();
    assert.ok(failure('connection lost')(await client.closed));
    assert.deepEqual(events, ['connected', 'disconnected', 'closed']);
  });

  it('is not made again more often than allowed', async () => {
    const network = new TestNetwork();
    const server = new PlayedServer(network);
    const opens: Open[] = [server.open];
    const reach = () => opens.shift() ?? unreachable;
    const { client, platform } = mqttStage({ network, reach, reconnect: { attemptsMax: 2 } });
    const starting = client.start();
    await server.letIn();
    await network.settled(starting);
    await server.drop();
    await network.advance(100);
    assert.match(String(await network.settled(client.closed)), /nobody there/);
    assert.equal(platform.reached.length, 3);
  });

  it('since the server does not answer is made again', async () => {
    const stage = await mqttWelcomed({ keepAliveSeconds: 10 });
    stage.server.hold();
    await stage.network.advance(31);
    assert.deepEqual(stage.events, ['connected', 'disconnected', 'reconnecting']);
  });

  it('since another client came under its identifier is not made again', async () => {
    const { client, server, events } = await mqttWelcomed();
    await server.send({ type: 'disconnect', reasonCode: 0x8e, properties: undefined });
    assert.ok(failure('disconnected by server', 0x8e)(await client.closed));
    assert.deepEqual(events, ['connected', 'disconnected', 'closed']);
  });
});

describe('a client that is stopped', () => {
  const never = () => new Promise<never>(() => {});
  const stages: Readonly<Record<string, Parameters<typeof mqttStage>[0]>> = {
    'its servers are looked for': { servers: never },
    'its credentials are made': { credentials: never },
    'a server is reached for': { reach: () => silent },
    'the first of several servers is reached for': { servers: ['a', 'b'], reach: () => silent },
    'CONNACK is due': {},
    'it waits for the next attempt': { reconnect: { initially: true }, reach: () => unreachable },
  };
  for (const [when, options] of Object.entries(stages)) {
    it(`while ${when} says why, and leaves nothing`, async () => {
      const controller = new AbortController();
      const { client, network, platform, events } = mqttStage({
        ...options,
        signal: controller.signal,
      });
      const stopped = assert.rejects(client.start(), /enough/);
      await network.settle();
      controller.abort(new Error('enough'));
      await network.settled(stopped);
      await network.settled(client.closed);
      assert.equal(events.filter((name) => name === 'closed').length, 1);
      assert.ok(platform.isStopped);
      const { length } = platform.reached;
      await network.advance(100);
      assert.equal(platform.reached.length, length);
    });
  }

  it('before it began does not begin', async () => {
    const { client, network, platform } = mqttStage({ signal: AbortSignal.abort(new Error('no')) });
    await assert.rejects(network.settled(client.start()), /no/);
    assert.deepEqual(platform.reached, []);
  });

  it('while it is connected disconnects', async () => {
    const controller = new AbortController();
    const { client, network, server, events } = await mqttWelcomed({ signal: controller.signal });
    controller.abort();
    await network.settled(client.closed);
    assert.deepEqual(server.heard(), ['disconnect']);
    assert.deepEqual(events, ['connected', 'disconnected', 'closed']);
  });

  it('while it connects again ends at once', async () => {
    for (const reachable of [true, false]) {
      const stage = await mqttWelcomed();
      await stage.server.drop();
      if (reachable) await stage.network.advance(1);
      await stage.network.settled(stage.client.disconnect());
      assert.equal(await stage.client.closed, undefined);
      assert.equal(stage.events.at(-1), 'closed');
    }
  });
});
