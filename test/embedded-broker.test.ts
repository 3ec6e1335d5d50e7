/** `createBroker` over real sockets, as a program uses it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { createBroker, type EmbeddedBroker } from '../src/broker.ts';
import { missingOpenssl } from './harness/certificate-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-embedded-'));
after(() => rmSync(folder, { recursive: true }));

async function connect(broker: EmbeddedBroker, options: IClientOptions = {}): Promise<MqttClient> {
  const { port } = await broker.listen({ port: 0 });
  return await connectTo(port, options);
}

function connectTo(port: number, options: IClientOptions = {}): Promise<MqttClient> {
  const url = `mqtt://127.0.0.1:${port}`;
  return connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
}

function nextMessage(client: MqttClient): Promise<string> {
  return new Promise((done) => {
    client.once('message', (topic, payload) => done(`${topic}: ${payload}`));
  });
}

/** The reason code of the DISCONNECT that ends the client's connection. */
function nextDisconnect(client: MqttClient): Promise<number | undefined> {
  return new Promise((done) => {
    client.once('disconnect', ({ reasonCode }) => done(reasonCode));
  });
}

describe('an embedded broker', () => {
  it('serves clients, and publishes by itself', async () => {
    await using broker = createBroker();
    broker.publish('early', 'bird', { retain: true });
    const client = await connect(broker);
    const early = nextMessage(client);
    await client.subscribeAsync(['early', 'late']);
    assert.equal(await early, 'early: bird');
    const late = nextMessage(client);
    broker.publish('late', Buffer.from('riser'));
    assert.equal(await late, 'late: riser');
    await client.endAsync();
  });

  it('listens at several places, on this machine only unless told otherwise', async () => {
    await using broker = createBroker();
    const first = await broker.listen({ port: 0 });
    const second = await broker.listen({ port: 0, host: '::1' });
    assert.deepEqual([first.host, second.host], ['127.0.0.1', '::1']);
    assert.notEqual(first.port, second.port);
  });

  it('says that a port is taken', async () => {
    await using broker = createBroker();
    const { port } = await broker.listen({ port: 0 });
    await assert.rejects(broker.listen({ port }), { code: 'EADDRINUSE' });
  });

  it('speaks TLS with files in PEM', { skip: missingOpenssl() }, async () => {
    const [certfile, keyfile] = [join(folder, 'server.crt'), join(folder, 'server.key')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', keyfile, '-out', certfile];
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...subject], {
      stdio: 'ignore',
    });
    await using broker = createBroker();
    const { port } = await broker.listen({ port: 0, tls: { certfile, keyfile } });
    const url = `mqtts://localhost:${port}`;
    const client = await connectAsync(url, { rejectUnauthorized: false, reconnectPeriod: 0 });
    await client.endAsync();
    const wrong = broker.listen({ port: 0, tls: { certfile: keyfile, keyfile } });
    await assert.rejects(wrong, (error: { remedy?: string }) => error.remedy !== undefined);
  });

  it('refuses to publish what no client could get', async () => {
    await using broker = createBroker();
    for (const topic of ['', 'a/+', '#', 'a\0']) {
      assert.throws(() => broker.publish(topic, 'x'), RangeError);
    }
  });

  it('ends the connection of a client that it names', async () => {
    await using broker = createBroker();
    const client = await connect(broker, { clientId: 'c' });
    const reasonCode = nextDisconnect(client);
    broker.disconnect('somebody else', 'x');
    broker.disconnect('c', 'moved out');
    assert.equal(await reasonCode, 0x98);
    await client.endAsync();
  });

  it('says goodbye when it closes, and then listens no more', async () => {
    let isClosed = false;
    const broker = createBroker({
      hooks: {
        close: () => {
          isClosed = true;
        },
      },
    });
    const client = await connect(broker);
    const reasonCode = nextDisconnect(client);
    await Promise.all([broker.close(), broker.close()]);
    assert.equal(await reasonCode, 0x8b);
    assert.equal(isClosed, true);
    await assert.rejects(broker.listen({ port: 0 }), /is closed: create another/);
    await client.endAsync();
  });

  it('hands on its log', async () => {
    const lines: string[] = [];
    const broker = createBroker({
      log: (line) => lines.push(line),
      hooks: { connected: () => assert.fail('oops') },
    });
    const client = await connect(broker, { clientId: 'c' });
    await client.endAsync();
    await broker.close();
    assert.ok(
      lines.some((line) => /^New client connected from .* as c /.test(line)),
      lines.join('\n'),
    );
    assert.ok(
      lines.includes("Error: Plugin hooks has failed in 'connected': oops."),
      lines.join('\n'),
    );
  });
});

describe('the state of an embedded broker', () => {
  it('outlives it in a directory', async () => {
    const storage = { directory: join(folder, 'state') };
    {
      await using broker = createBroker({ storage });
      broker.publish('kept', 'yes', { retain: true });
      await broker.listen({ port: 0 });
    }
    await using broker = createBroker({ storage });
    const client = await connect(broker);
    const message = nextMessage(client);
    await client.subscribeAsync('kept');
    assert.equal(await message, 'kept: yes');
    await client.endAsync();
  });

  it('is one broker’s at a time', async () => {
    const storage = { directory: join(folder, 'shared') };
    await using broker = createBroker({ storage });
    await broker.listen({ port: 0 });
    await using other = createBroker({ storage });
    other.publish('a', 'x');
    await assert.rejects(other.listen({ port: 0 }), /keeps its state in .* already/);
  });
});

describe('who comes in', () => {
  it('is nobody whom no hook has let in, where one authenticates', async () => {
    await using broker = createBroker({ hooks: { authenticate: () => 'defer' } });
    await assert.rejects(connect(broker), { code: 0x87 });
  });

  it('is everybody all the same, if that is wanted', async () => {
    await using broker = createBroker({
      hooks: { authenticate: () => 'defer' },
      allowAnonymous: true,
    });
    await (await connect(broker)).endAsync();
  });

  it('is nobody, if that is wanted', async () => {
    await using broker = createBroker({ allowAnonymous: false });
    await assert.rejects(connect(broker), { code: 0x87 });
  });
});

describe('hooks over real sockets', () => {
  it('that take their time lose nothing of a client that says goodbye at once', async () => {
    await using broker = createBroker({
      hooks: { publish: () => new Promise((resolve) => setTimeout(resolve, 20)) },
    });
    const { port } = await broker.listen({ port: 0 });
    const subscriber = await connectTo(port);
    await subscriber.subscribeAsync('#');
    const seen: string[] = [];
    const done = new Promise<void>((resolve) => {
      subscriber.on('message', (topic) => {
        seen.push(topic);
        if (seen.length === 5) resolve();
      });
    });
    const will = { topic: 'will', payload: Buffer.from('x') };
    const publisher = await connectTo(port, { will });
    for (let i = 0; i < 4; i++) publisher.publish(`t${i}`, 'x');
    await publisher.endAsync();
    broker.publish('t4', 'x');
    const last = await connectTo(port);
    await done;
    const goodbye = new Promise<void>((resolve) => {
      subscriber.on('message', (topic) => topic === 'end' && resolve());
    });
    await last.publishAsync('end', 'x');
    await goodbye;
    assert.deepEqual(seen.toSorted(), ['end', 't0', 't1', 't2', 't3', 't4']);
    await Promise.all([subscriber.endAsync(), last.endAsync()]);
  });

  it('decide anew about what is received when they say so', async () => {
    const secret = new Set(['plans']);
    await using broker = createBroker({
      hooks: {
        authorize: ({ access, topic }) =>
          access === 'receive' && secret.has(topic) ? 'deny' : 'allow',
      },
    });
    const client = await connect(broker);
    await client.subscribeAsync('#');
    const first = nextMessage(client);
    broker.publish('plans', 'one');
    broker.publish('open', 'two');
    assert.equal(await first, 'open: two');
    secret.clear();
    broker.accessChanged();
    const next = nextMessage(client);
    broker.publish('plans', 'three');
    assert.equal(await next, 'plans: three');
    await client.endAsync();
  });

  it('keep nobody waiting but the client that they are asked about', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using broker = createBroker({
      hooks: { publish: ({ topic }) => (topic === 'slow' ? gate : undefined) },
    });
    const { port } = await broker.listen({ port: 0 });
    const [slow, quick, subscriber] = await Promise.all([1, 2, 3].map(() => connectTo(port)));
    await subscriber.subscribeAsync('#');
    const held = slow.publishAsync('slow', 'x', { qos: 1 });
    const first = nextMessage(subscriber);
    await quick.publishAsync('quick', 'x', { qos: 1 });
    assert.equal(await first, 'quick: x');
    const second = nextMessage(subscriber);
    release();
    await held;
    assert.equal(await second, 'slow: x');
    await Promise.all([slow, quick, subscriber].map((client) => client.endAsync()));
  });
});

it('a port that a program uses is free again afterwards', async () => {
  const broker = createBroker();
  const { port } = await broker.listen({ port: 0 });
  await broker.close();
  await using server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
});
