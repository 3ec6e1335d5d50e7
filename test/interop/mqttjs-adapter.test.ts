/** The same programs with MQTT.js and with our adapter: they see the same, in the same order. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect, type MqttClientEvents, type Packet } from '../../src/mqttjs.ts';
import { pem } from '../harness/certificates.ts';
import { startGuideBroker } from '../harness/guide-broker.ts';
import { type Client, type Program, sameWithBoth } from './mqttjs-stage.ts';

const options = { concurrency: true, timeout: 30_000 } as const;
const quick = { reconnectPeriod: 50 } as const;
const ways: (keyof MqttClientEvents)[] = ['connect', 'reconnect', 'offline', 'close', 'end'];

/** Without a thought to errors, as `once` of node:events has. */
function seen(client: Client, name: keyof MqttClientEvents): Promise<void> {
  return new Promise((done) => void client.once(name, () => done()));
}

describe('a program for MQTT.js', options, () => {
  for (const protocolVersion of [3, 4, 5] as const) {
    it(`publishes and subscribes at each QoS with version ${protocolVersion}`, async () => {
      const lines = await sameWithBoth(async ({ mqtt, url, tell, watch }) => {
        const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT';
        const client = await mqtt.connectAsync(url, { protocolVersion, protocolId });
        watch(client, 'message', ...ways);
        tell(await client.subscribeAsync({ 'a/+': { qos: 2 }, b: { qos: 0 } }));
        tell(await client.subscribeAsync('a/+', { qos: 1 }));
        for (const qos of [0, 1, 2] as const) {
          const arrived = seen(client, 'message');
          await client.publishAsync(`a/${qos}`, `at ${qos}`, { qos });
          await arrived;
        }
        await client.unsubscribeAsync(['a/+', 'b']);
        await client.publishAsync('a/0', 'to nobody', { qos: 1 });
        tell(client.connected, client.reconnecting, client.disconnecting);
        await client.endAsync();
        tell(client.connected, client.reconnecting, client.disconnected);
      });
      assert.ok(lines.some((line) => line.startsWith('message a/2 at 2')));
    });
  }

  it('is told of each packet', async () => {
    await sameWithBoth(async ({ mqtt, url, tell }) => {
      const client = mqtt.connect(url, { protocolVersion: 5, clientId: 'c', keepalive: 0 });
      const names = ['cmd', 'topic', 'granted', 'subscriptions', 'unsubscriptions'];
      const fields = (packet: Packet) => names.map((name) => packet[name] ?? '-');
      client.on('packetreceive', (packet) => tell('get', ...fields(packet)));
      client.on('packetsend', (packet) => {
        // MQTT.js sends it before anybody can listen.
        if (packet.cmd !== 'connect') tell('send', ...fields(packet));
      });
      await seen(client, 'connect');
      await client.subscribeAsync('a', { qos: 1 });
      const arrived = seen(client, 'message');
      await client.publishAsync('a', 'x', { qos: 0 });
      await arrived;
      await client.unsubscribeAsync('a');
      await client.endAsync();
    });
  });

  it('asks for things before there is a connection, and gets them in their order', async () => {
    const lines = await sameWithBoth(async ({ mqtt, url, tell, watch }) => {
      const client = mqtt.connect(url);
      watch(client, 'message');
      tell(client.connected);
      client.publish('a', 'too early');
      client.subscribe('a');
      client.publish('a', 'in time', () => tell('sent'));
      await seen(client, 'message');
      await client.endAsync();
    });
    assert.deepEqual(
      lines.slice(0, 3).map((line) => line.slice(0, 17)),
      ['false', 'sent', 'message a in time'],
    );
  });

  it('waits for a server that is not there yet', async () => {
    await sameWithBoth(async ({ mqtt, url, broker, tell, watch, restart }) => {
      await broker.close();
      const client = mqtt.connect(url, quick);
      watch(client, 'error', 'connect', 'offline', 'message');
      client.once('close', () => tell('close', client.connected, client.reconnecting));
      client.once('reconnect', () => tell('reconnect', client.reconnecting));
      client.subscribe('a');
      client.publish('a', 'QoS 0');
      const acknowledged = client.publishAsync('b', 'QoS 1', { qos: 1 });
      await seen(client, 'reconnect');
      client.removeAllListeners('error').on('error', () => {});
      const arrived = seen(client, 'message');
      await restart();
      await arrived;
      const { cmd, topic } = (await acknowledged)!;
      tell(client.reconnecting, cmd, topic);
      await client.endAsync();
    });
  });

  it('comes back to a server that was gone, and subscribes again', async () => {
    const lines = await sameWithBoth(async ({ mqtt, url, tell, watch, restart }) => {
      const client = mqtt.connect(url, { ...quick, protocolVersion: 5 });
      watch(client, 'connect', 'offline', 'message', 'disconnect');
      client.once('close', () => tell('close', client.connected, client.reconnecting));
      client.once('reconnect', () => tell('reconnect'));
      client.on('error', () => {});
      await seen(client, 'connect');
      await client.subscribeAsync({ a: { qos: 1, rap: true }, 'b/#': { qos: 0 } });
      const connected = seen(client, 'connect');
      await restart();
      await connected;
      const arrived = seen(client, 'message');
      await client.publishAsync('a', 'again', { qos: 1, retain: true });
      await arrived;
      await client.endAsync();
    });
    assert.ok(lines.includes('close false true'));
  });

  it('does not subscribe again where it asked for that', async () => {
    await sameWithBoth(async ({ mqtt, url, tell, restart }) => {
      const client = mqtt.connect(url, { ...quick, resubscribe: false });
      client.on('message', (topic) => tell(topic));
      await seen(client, 'connect');
      await client.subscribeAsync('a');
      const connected = seen(client, 'connect');
      await restart();
      await connected;
      await client.publishAsync('a', 'x', { qos: 1 });
      await client.endAsync();
    });
  });

  it('gets what was sent while it was away, with a session of its own', async () => {
    await sameWithBoth(async ({ mqtt, url, tell, watch }) => {
      const session = { clean: false, clientId: 'keeper' } as const;
      const first = await mqtt.connectAsync(url, session);
      await first.subscribeAsync('a', { qos: 1 });
      await first.endAsync();
      const other = await mqtt.connectAsync(url);
      await other.publishAsync('a', 'missed', { qos: 1 });
      const again = mqtt.connect(url, session);
      watch(again, 'message');
      again.on('connect', ({ sessionPresent }) => tell('connect', sessionPresent));
      await seen(again, 'message');
      await Promise.all([again.endAsync(), other.endAsync()]);
    });
  });
});

describe('a program for MQTT.js whose server says no', options, () => {
  const nobody = { authenticate: () => 'deny' as const };

  for (const protocolVersion of [4, 5] as const) {
    it(`hears why, and stays away, with version ${protocolVersion}`, async () => {
      await sameWithBoth(async ({ mqtt, url, tell, watch }) => {
        const client = mqtt.connect(url, { protocolVersion, ...quick });
        watch(client, 'error', ...ways);
        await seen(client, 'close');
        tell(client.connected, client.reconnecting);
        await assert.rejects(mqtt.connectAsync(url, { protocolVersion }), (error: Error) => {
          tell(error.message, (error as { code?: number }).code);
          return true;
        });
        await client.endAsync();
      }, nobody);
    });

    it(`hears that a subscription is refused with version ${protocolVersion}`, async () => {
      const hooks = {
        authorize: ({ topic }: { topic: string }) =>
          topic.startsWith('secret') ? ('deny' as const) : ('allow' as const),
      };
      await sameWithBoth(async ({ mqtt, url, tell }) => {
        const client = await mqtt.connectAsync(url, { protocolVersion });
        for (const topics of ['secret', ['open', 'secret/2'], 'open', 'a/#/b']) {
          await new Promise<void>((done) => {
            client.subscribe(topics, { qos: 1 }, (error, granted) => {
              tell(error?.message);
              if (error === null) tell(granted);
              done();
            });
          });
        }
        await client.publishAsync('secret', 'x', { qos: 1 }).catch((error) => {
          tell(error.message, error.code);
        });
        await client.endAsync();
      }, hooks);
    });
  }

  it('tries again where it asked for that', async () => {
    await sameWithBoth(async ({ mqtt, url, watch }) => {
      const client = mqtt.connect(url, { ...quick, reconnectOnConnackError: true });
      watch(client, 'error', 'offline', 'close', 'reconnect');
      await seen(client, 'reconnect');
      client.removeAllListeners().on('error', () => {});
      await client.endAsync(true);
    }, nobody);
  });

  it('gives up an attempt that takes too long', async () => {
    await sameWithBoth(async ({ mqtt, watch }) => {
      const mute = createServer((socket) => socket.on('error', () => {}));
      mute.listen(0, '127.0.0.1');
      await once(mute, 'listening');
      const { port } = mute.address() as { port: number };
      const client = mqtt.connect({ host: '127.0.0.1', port, connectTimeout: 50 });
      watch(client, 'error', 'offline', 'close');
      await seen(client, 'close');
      client.removeAllListeners().on('error', () => {});
      await client.endAsync(true);
      mute.close();
    });
  });
});

describe('a program for MQTT.js at its end', options, () => {
  const withWill: Program = async ({ mqtt, url, tell, watch }) => {
    const witness = await mqtt.connectAsync(url);
    await witness.subscribeAsync('wills/#');
    watch(witness, 'message');
    for (const isForced of [false, true]) {
      const topic = `wills/${isForced}`;
      const client = mqtt.connect(url, { will: { topic, payload: 'gone', qos: 1 } });
      watch(client, ...ways);
      await seen(client, 'connect');
      const will = isForced && seen(witness, 'message');
      await client.endAsync(isForced);
      tell(client.connected, client.disconnecting, client.disconnected);
      await will;
    }
    await witness.endAsync();
  };

  it('has its will published only if it ends by force', async () => {
    await sameWithBoth(withWill);
  });

  it('waits for what is not acknowledged', async () => {
    await sameWithBoth(async ({ mqtt, url, tell }) => {
      const client = await mqtt.connectAsync(url);
      client.publish('a', 'x', { qos: 2 }, () => tell('acknowledged'));
      client.end(() => tell('ended'));
      await seen(client, 'end');
      await new Promise((done) => setImmediate(done));
    });
  });

  it('does not wait for answers of a server that goes away, where MQTT.js would for ever', async () => {
    const connack = Buffer.from([0x20, 2, 0, 0]);
    const rude = createServer((socket) => {
      socket.on('error', () => {}).write(connack);
      socket.on('data', (bytes) => void (bytes.includes('last words') && socket.destroy()));
    });
    rude.listen(0, '127.0.0.1');
    await once(rude, 'listening');
    const { port } = rude.address() as { port: number };
    const client = connect({ host: '127.0.0.1', port });
    await seen(client, 'connect');
    const sent = client.publishAsync('a', 'last words', { qos: 1 });
    const refused = assert.rejects(sent, { message: 'Connection closed' });
    await client.endAsync();
    await refused;
    rude.close();
  });

  it('can do nothing more, until it connects anew', async () => {
    await sameWithBoth(async ({ mqtt, url, tell, watch }) => {
      const client = await mqtt.connectAsync(url, quick);
      await client.endAsync();
      watch(client, 'error', ...ways);
      client.publish('a', 'x');
      await client.publishAsync('a', 'x').catch((error) => tell(error.message));
      await client.subscribeAsync('a').catch((error) => tell(error.message));
      await client.unsubscribeAsync('a').catch((error) => tell(error.message));
      const connected = seen(client, 'connect');
      client.reconnect();
      await connected;
      tell(client.connected, client.disconnecting);
      await client.endAsync();
    });
  });

  it('ends before it was connected', async () => {
    await sameWithBoth(async ({ mqtt, broker, url, tell }) => {
      await broker.close();
      const client = mqtt.connect(url, quick);
      client.on('error', () => {});
      await seen(client, 'close');
      client.on('end', () => tell('end'));
      await client.endAsync();
      tell(client.connected, client.disconnecting, client.disconnected);
    });
  });

  it('connects only when it is told to', async () => {
    await sameWithBoth(async ({ mqtt, url, tell, watch }) => {
      const client = mqtt.connect(url, { manualConnect: true });
      watch(client, ...ways);
      await new Promise((done) => setImmediate(done));
      tell(client.connected);
      client.connect();
      await seen(client, 'connect');
      await client.endAsync();
    });
  });
});

describe('a program for MQTT.js and its way to the server', options, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pantala-mqttjs-ways-'));
  after(() => rmSync(folder, { recursive: true }));

  it('connects over TLS, WebSocket, and a Unix socket', async () => {
    await using places = await startGuideBroker(folder);
    const ca = pem('ca.crt');
    const way = (url: string, more = {}) => [places.placed(url), more] as const;
    const ways = [
      way('mqtts://localhost', { ca }),
      way('mqtts://localhost', { rejectUnauthorized: false }),
      way('mqtts://localhost', { ca: [Buffer.from(ca)], servername: 'localhost' }),
      way('ws://localhost:8080/mqtt'),
      way('mqtt+unix:///run/mosquitto.sock'),
    ];
    await sameWithBoth(async ({ mqtt, tell }) => {
      for (const [url, more] of ways) {
        const client = await mqtt.connectAsync(url, more, false);
        await client.publishAsync('a', 'x', { qos: 1 });
        tell(client.connected);
        await client.endAsync();
      }
      await mqtt.connectAsync(places.placed('mqtts://localhost')).catch((error) => {
        tell(error.code);
      });
    });
  });

  it('goes from server to server', async () => {
    await sameWithBoth(async ({ mqtt, port, watch }) => {
      const servers = [1, port].map((each) => ({ host: '127.0.0.1', port: each }));
      const client = mqtt.connect({ servers, ...quick });
      watch(client, 'error', ...ways);
      await seen(client, 'connect');
      await client.endAsync();
    });
  });

  it('notices that a server has gone silent', async () => {
    await sameWithBoth(async ({ mqtt, watch }) => {
      const connack = Buffer.from([0x20, 2, 0, 0]);
      const mute = createServer((socket) => void socket.on('error', () => {}).write(connack));
      mute.listen(0, '127.0.0.1');
      await once(mute, 'listening');
      const { port } = mute.address() as { port: number };
      const client = mqtt.connect({ host: '127.0.0.1', port, keepalive: 1 });
      watch(client, 'error', 'connect', 'offline', 'close');
      await seen(client, 'close');
      client.removeAllListeners().on('error', () => {});
      await client.endAsync(true);
      mute.close();
    });
  });
});

describe('a program for MQTT.js with MQTT 5.0', options, () => {
  it('sends and gets properties', async () => {
    const lines = await sameWithBoth(async ({ mqtt, url, tell, watch }) => {
      const client = await mqtt.connectAsync(url, {
        protocolVersion: 5,
        properties: { sessionExpiryInterval: 60, topicAliasMaximum: 10, receiveMaximum: 7 },
      });
      watch(client, 'message');
      const properties = { subscriptionIdentifier: 7 };
      tell(await client.subscribeAsync('a', { qos: 1, nl: false, rap: true, rh: 1, properties }));
      for (const size of [1, 2]) {
        const arrived = seen(client, 'message');
        client.publish('a', `${size}`, {
          qos: 1,
          retain: true,
          properties: {
            payloadFormatIndicator: true,
            messageExpiryInterval: 100,
            contentType: 'text/plain',
            responseTopic: 'b',
            correlationData: Buffer.from('1'),
            userProperties: { unit: 'degree', room: ['kitchen', 'cellar'] },
          },
        });
        await arrived;
      }
      tell(client.serverProperties?.topicAliasMaximum, client.keepalive);
      await client.endAsync();
    });
    assert.match(lines[1], /"userProperties":\{"unit":"degree","room":\["kitchen","cellar"\]\}/);
  });

  it('is told why the server disconnects', async () => {
    await sameWithBoth(async ({ mqtt, url, watch }) => {
      const settings = { protocolVersion: 5, clientId: 'twin', reconnectPeriod: 0 } as const;
      const first = await mqtt.connectAsync(url, settings);
      watch(first, 'disconnect', ...ways);
      const closed = seen(first, 'close');
      const second = await mqtt.connectAsync(url, settings);
      await closed;
      await Promise.all([first.endAsync(), second.endAsync()]);
    });
  });
});
