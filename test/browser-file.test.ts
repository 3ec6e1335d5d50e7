/** The one file that browsers get, in which what is internal has other names: it runs in Node, too. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type * as Library from '../src/client.ts';
import { BrowserPackage } from './harness/browser-package.ts';
import { ChallengeGatekeeper } from './harness/challenge-gatekeeper.ts';
import { MemoryOutboxPlace } from './harness/memory-outbox.ts';
import type { RunningBroker } from './interop/running-broker.ts';
import { startWebSocketBroker } from './interop/websocket-broker.ts';

let built: BrowserPackage;
let file: string;
let library: Omit<typeof Library, 'connect'> & {
  connect(url: string, options?: unknown): Promise<Library.MqttClient>;
};

before(async () => {
  built = new BrowserPackage();
  file = join(built.path, 'dist/browser/pantala.js');
  library = await import(pathToFileURL(file).href);
});

after(() => built[Symbol.dispose]());

const urlOf = ({ host, port }: RunningBroker) => `ws://${host}:${port}/mqtt`;

describe('the file that browsers get', () => {
  it('is smaller by the names that nobody outside of it knows', () => {
    const code = readFileSync(file, 'utf8');
    const names = ['resumeReading', 'publishAtMostOnce'];
    assert.deepEqual(
      names.filter((name) => code.includes(`${name}(`)),
      [],
    );
  });

  it('leads to the sources by its map', () => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const line = lines.findIndex((text) => text.includes('no CONNACK within'));
    const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    const place = map.findEntry(line, lines[line].indexOf('no CONNACK within'));
    assert.ok('originalSource' in place);
    assert.match(place.originalSource, /client\/connection\.js$/);
    const source = readFileSync(join(built.path, 'dist/client/connection.js'), 'utf8');
    assert.match(source.split('\n')[place.originalLine], /no CONNACK within/);
  });

  it('throws errors that have all their names', async () => {
    await using broker = await startWebSocketBroker({ gatekeeper: new ChallengeGatekeeper(1) });
    const { ClientError, connect, enhancedAuthentication, reasonCodes } = library;
    const authentication = enhancedAuthentication({
      method: 'unheard of',
      begin: () => ({ authenticator: { answer: () => undefined } }),
    });
    const refused = await connect(urlOf(broker), { authentication }).catch((error) => error);
    assert.ok(refused instanceof ClientError && refused instanceof Error);
    assert.deepEqual(
      [refused.name, refused.failure, refused.reasonCode],
      ['ClientError', 'refused', reasonCodes.badAuthenticationMethod],
    );
    assert.match(refused.message, /^the server refused the connection, reason code 0x8c/);
    const invalid = await connect('mqtt://localhost').catch((error) => error);
    assert.match(String(invalid), /^TypeError: 'mqtt:\/\/' is no way out of a browser/);
  });

  it('takes a mechanism of authentication that its user has written', async () => {
    await using broker = await startWebSocketBroker({ gatekeeper: new ChallengeGatekeeper(2) });
    const said: string[] = [];
    const authentication = library.enhancedAuthentication({
      method: 'reverse',
      begin: () => ({
        authenticator: {
          answer: (data) => data?.slice().reverse(),
          verify: (data) => void said.push(`${data}`),
        },
      }),
    });
    await using client = await library.connect(urlOf(broker), { authentication });
    assert.equal(client.isConnected, true);
    assert.deepEqual(said, ['172']);
  });

  it('keeps an outbox in a store that its user has written', async () => {
    const place = new MemoryOutboxPlace();
    const open = () => library.durableOutbox(place.store());
    await using broker = await startWebSocketBroker();
    {
      await using client = await library.connect(urlOf(broker), {
        clientId: 'writer',
        outbox: { store: open() },
        reconnect: { initially: 'in background' },
      });
      const { isDropped } = await client.publish('a', 'x', { qos: 2, until: 'stored' });
      assert.equal(isDropped, false);
    }
    assert.ok(place.flushes > 0);
    await using again = await library.connect(urlOf(broker), {
      clientId: 'writer',
      outbox: { store: open() },
    });
    assert.deepEqual(await again.publish('a', 'y', { qos: 1 }), {
      reasonCode: 16,
      isDropped: false,
    });
  });

  it('takes a will, properties and limits by their public names, and shows packets by them', async () => {
    await using broker = await startWebSocketBroker();
    const seen = new Set<string>();
    await using watcher = await library.connect(urlOf(broker), {
      limits: { inboxMessagesMax: 10, topicAliasesMax: 3 },
      observer: {
        packetReceived: (packet: object) => {
          for (const key of Object.keys(packet)) seen.add(key);
        },
      },
    });
    const wills = watcher.subscribe('will', { qos: 1 });
    await wills.granted;
    const client = await library.connect(urlOf(broker), {
      will: {
        topic: 'will',
        payload: 'gone',
        qos: 1,
        retain: true,
        properties: { contentType: 'text/plain', userProperties: [['a', 'b']] },
      },
    });
    await client.disconnect({ reasonCode: library.reasonCodes.disconnectWithWill });
    const { value: will } = await wills[Symbol.asyncIterator]().next();
    assert.deepEqual(
      [will?.topic, will?.text(), will?.qos, will?.properties?.contentType],
      ['will', 'gone', 1, 'text/plain'],
    );
    assert.deepEqual(will?.properties?.userProperties, [['a', 'b']]);
    for (const key of ['sessionPresent', 'reasonCodes', 'packetId', 'payload', 'properties']) {
      assert.ok(seen.has(key), key);
    }
    assert.equal(watcher.terms?.sharedSubscriptionAvailable, true);
  });

  it('asks, answers, and tells of what goes on by the names of its events', async () => {
    await using broker = await startWebSocketBroker();
    await using client = await library.connect(urlOf(broker));
    await client.respond('double', (request) => `${2 * Number(request.text())}`).granted;
    assert.equal((await client.request('double', '21')).text(), '42');
    const reconnected = new Promise((resolve) => client.on('disconnected', resolve));
    await client.disconnect();
    assert.deepEqual(await reconnected, { failure: undefined });
  });
});
