/** Mosquitto's command-line tools against our broker. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ProtocolVersion, QoS } from '../../src/packet/version.ts';
import { MosquittoTools, missingTools, type Outcome } from './mosquitto-tools.ts';
import { type RunningBroker, startBroker } from './running-broker.ts';
import { claimOptions } from './stage.ts';

const manyMessages = 2000;
const levels: readonly QoS[] = [0, 1, 2];
const versions: readonly { readonly version: ProtocolVersion; readonly name: string }[] = [
  { version: 3, name: 'MQTT 3.1' },
  { version: 4, name: 'MQTT 3.1.1' },
  { version: 5, name: 'MQTT 5.0' },
];

let names = 0;

/** A topic or client identifier that no other test uses. */
function name(): string {
  return `n${names++}`;
}

describe("the broker, for Mosquitto's tools,", claimOptions, () => {
  // A suite that is skipped counts as none, and CI would miss it: a test is skipped in its place.
  const missing = missingTools();
  if (missing !== undefined) {
    it('does what they expect', { skip: missing });
    return;
  }
  let broker: RunningBroker;

  before(async () => {
    broker = await startBroker();
  });

  after(() => broker.stop());

  for (const { version, name } of versions) {
    describe(name, claimOptions, () => {
      const tools = () => new MosquittoTools(broker, version);
      it('delivers with the lower QoS of publisher and subscription', () =>
        deliversWithLowerQos(tools()));
      it('carries a megabyte and nothing at all [MQTT3-7.0.0-2]', () => carriesPayloads(tools()));
      it('shows retained messages to -R, --retained-only and --remove-retained', () =>
        retains(tools()));
      it('matches wildcards, and topics that are not ASCII', () => matchesWildcards(tools()));
      it('publishes the will of a killed client', () => publishesWill(tools()));
      it('keeps the session of -c for -E to leave behind', () => keepsSession(tools()));
      it('shares messages within a group', () => shares(tools()));
      it('refuses a client without a user name where one is needed', () => refuses(version));
      for (const qos of [1, 2] as const) {
        it(`delivers ${manyMessages} lines with QoS ${qos} in order, each once`, () =>
          deliversMany(tools(), qos));
      }
    });
  }

  it('answers mosquitto_rr in MQTT 3.1.1', () => answersRequest(new MosquittoTools(broker, 4)));

  describe('MQTT 5.0 only', claimOptions, () => {
    const tools = () => new MosquittoTools(broker, 5);
    it('lets mosquitto_rr say where it wants its answer', () => answersWhereAsked(tools()));
    it('carries the properties of a message', () => carriesProperties(tools()));
    it('carries the properties of a will that was delayed', () => carriesWillProperties(tools()));
    it('tells the first of two clients with one name why it goes', () => takesOver(tools()));
    it('keeps a session for the time of -x', () => keepsSessionForInterval(tools()));
  });
});

// By itself, as the time of -W begins before the tool connects.
describe('the broker, for mosquitto_sub -W,', claimOptions, () => {
  const skip = missingTools();
  for (const { version, name } of versions) {
    it(`stays silent to its end in ${name}`, { skip }, () => timesOut(version));
  }
});

async function deliversWithLowerQos(tools: MosquittoTools): Promise<void> {
  await Promise.all(
    levels.map(async (subscribed) => {
      const topic = name();
      const args = ['-t', topic, '-q', String(subscribed), '-C', '3', '-F', '%q %p'];
      await using subscriber = await tools.subscribe(name(), args);
      for (const qos of levels) {
        const published = await tools.publish(['-t', topic, '-q', `${qos}`, '-m', `${qos}`]);
        assert.equal(published.exitCode, 0, published.stderr);
      }
      const expected = levels.map((qos) => `${Math.min(qos, subscribed)} ${qos}`);
      assert.deepEqual((await succeeded(subscriber.outcome)).toSorted(), expected);
    }),
  );
}

async function carriesPayloads(tools: MosquittoTools): Promise<void> {
  const topic = name();
  const args = ['-t', topic, '-q', '1', '-C', '1'];
  const large = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * i) >> 3);
  await using reader = await tools.subscribe(name(), [...args, '-N']);
  await tools.publish(['-t', topic, '-q', '1', '-s'], large);
  const { stdout } = await reader.outcome;
  assert.equal(Buffer.compare(stdout, large), 0);
  await using empty = await tools.subscribe(name(), [...args, '-F', '%l bytes']);
  await tools.publish(['-t', topic, '-q', '1', '-n']);
  assert.deepEqual(await succeeded(empty.outcome), ['0 bytes']);
}

async function retains(tools: MosquittoTools): Promise<void> {
  const topic = name();
  await tools.publish(['-t', topic, '-r', '-m', 'kept']);
  const args = ['-t', topic, '-F', '%p %r'];
  // Ends by itself when a message without the retain flag comes.
  await using onlyRetained = await tools.subscribe(name(), ['--retained-only', ...args]);
  await using fresh = await tools.subscribe(name(), ['-R', '-C', '1', ...args]);
  await tools.publish(['-t', topic, '-m', 'live']);
  assert.deepEqual(await succeeded(onlyRetained.outcome), ['kept 1']);
  assert.deepEqual(await succeeded(fresh.outcome), ['live 0']);
  // It does not end by itself, so somebody else sees the message that clears the topic.
  await using witness = await tools.subscribe(name(), ['-R', '-C', '1', '-t', topic, '-F', '%l']);
  await using _remover = await tools.subscribe(name(), ['--remove-retained', '-t', topic]);
  assert.deepEqual(await succeeded(witness.outcome), ['0']);
  await using late = await tools.subscribe(name(), ['-C', '1', ...args]);
  await tools.publish(['-t', topic, '-m', 'alone']);
  assert.deepEqual(await succeeded(late.outcome), ['alone 0']);
}

async function matchesWildcards(tools: MosquittoTools): Promise<void> {
  const place = name();
  const args = ['-v', '-C', '3', '-t', `${place}/+/größe`, '-t', `${place}/🦟/#`];
  await using subscriber = await tools.subscribe(name(), args);
  for (const topic of ['größe', 'a/größe', 'a/größe/x', '温度', '🦟', '🦟/a/b']) {
    await tools.publish(['-t', `${place}/${topic}`, '-m', 'x']);
  }
  assert.deepEqual(
    await succeeded(subscriber.outcome),
    ['a/größe', '🦟', '🦟/a/b'].map((topic) => `${place}/${topic} x`),
  );
}

async function publishesWill(tools: MosquittoTools): Promise<void> {
  const topic = name();
  await using witness = await tools.subscribe(name(), ['-t', topic, '-q', '1', '-C', '1']);
  const will = ['--will-topic', topic, '--will-payload', 'gone', '--will-qos', '1'];
  const mortal = await tools.subscribe(name(), [...will, '-t', name()]);
  await mortal.kill();
  assert.deepEqual(await succeeded(witness.outcome), ['gone']);
}

async function keepsSession(tools: MosquittoTools): Promise<void> {
  const topic = name();
  const session = ['-i', name(), '-c', '-q', '2', '-t', topic, '-F', '%q %p'];
  await succeeded(tools.start('mosquitto_sub', [...session, '-E']).outcome);
  for (const qos of levels) await tools.publish(['-t', topic, '-q', `${qos}`, '-m', `${qos}`]);
  const missed = await succeeded(tools.start('mosquitto_sub', [...session, '-C', '2']).outcome);
  assert.deepEqual(missed.toSorted(), ['1 1', '2 2']);
}

async function shares(tools: MosquittoTools): Promise<void> {
  const place = name();
  const args = ['-q', '1', '-t', `${place}/end`, '-t', `$share/group/${place}/work`];
  await using first = await tools.subscribe(name(), args);
  await using second = await tools.subscribe(name(), args);
  const payloads = Array.from({ length: 20 }, (_, i) => String(i));
  await tools.publish(['-t', `${place}/work`, '-q', '1', '-l'], payloads.join('\n'));
  await tools.publish(['-t', `${place}/end`, '-q', '1', '-m', 'end']);
  const parts = await Promise.all(
    [first, second].map(async (member) => {
      await member.printed('end');
      return (await member.kill()).lines.slice(0, -1);
    }),
  );
  assert.deepEqual(parts.flat().toSorted(), payloads.toSorted());
  for (const part of parts) assert.notEqual(part.length, 0);
}

async function timesOut(version: ProtocolVersion): Promise<void> {
  await using broker = await startBroker();
  const tools = new MosquittoTools(broker, version);
  await using waiting = await tools.subscribe(name(), ['-W', '2', '-t', 'silence']);
  const { exitCode, lines, stderr } = await waiting.outcome;
  assert.deepEqual([exitCode, lines, stderr], [27, [], 'Timed out\n']);
}

async function refuses(version: ProtocolVersion): Promise<void> {
  await using closed = await startBroker(['listener 1883 127.0.0.1', 'allow_anonymous false']);
  const tools = new MosquittoTools(closed, version);
  const outcomes = [
    await tools.publish(['-t', 'a', '-m', 'x']),
    await tools.start('mosquitto_sub', ['-t', 'a']).outcome,
    await tools.start('mosquitto_rr', ['-t', 'a', '-e', 'b', '-m', 'x']).outcome,
  ];
  const refused = version === 5 ? 0x87 : 5;
  assert.deepEqual(
    outcomes.map(({ exitCode }) => exitCode),
    [refused, refused, refused],
  );
  // mosquitto_rr has no words for what MQTT 3.x says.
  for (const { stderr } of outcomes.slice(0, 2)) assert.match(stderr, /not authori[sz]ed/i);
}

async function deliversMany(tools: MosquittoTools, qos: QoS): Promise<void> {
  const topic = name();
  const lines = Array.from({ length: manyMessages }, (_, i) => String(i));
  const count = String(manyMessages);
  await using subscriber = await tools.subscribe(name(), [
    '-q',
    `${qos}`,
    '-C',
    count,
    '-t',
    topic,
  ]);
  const published = await tools.publish(['-q', `${qos}`, '-t', topic, '-l'], lines.join('\n'));
  assert.equal(published.exitCode, 0, published.stderr);
  assert.deepEqual(await succeeded(subscriber.outcome), lines);
}

async function answersRequest(tools: MosquittoTools): Promise<void> {
  const place = name();
  const asks = ['-t', `${place}/requests`, '-e', `${place}/answers`, '-q', '1', '-m', '6 x 7'];
  const args = ['-t', `${place}/requests`, '-q', '1', '-C', '1'];
  await using responder = await tools.subscribe(name(), [...args, '-F', '%p']);
  const requester = tools.start('mosquitto_rr', asks);
  assert.deepEqual(await succeeded(responder.outcome), ['6 x 7']);
  await tools.publish(['-t', `${place}/answers`, '-q', '1', '-m', '42']);
  assert.deepEqual(await succeeded(requester.outcome), ['42']);
}

async function answersWhereAsked(tools: MosquittoTools): Promise<void> {
  const place = name();
  const args = ['-t', `${place}/requests`, '-q', '1', '-C', '1', '-F', '%R'];
  await using responder = await tools.subscribe(name(), args);
  const asks = ['-t', `${place}/requests`, '-e', `${place}/answers`, '-q', '1', '-m', '6 x 7'];
  const requester = tools.start('mosquitto_rr', asks);
  const [responseTopic] = await succeeded(responder.outcome);
  await tools.publish(['-t', responseTopic, '-q', '1', '-m', '42']);
  assert.deepEqual(await succeeded(requester.outcome), ['42']);
}

async function carriesProperties(tools: MosquittoTools): Promise<void> {
  const topic = name();
  const identifier = ['-D', 'subscribe', 'subscription-identifier', '7'];
  const args = [...identifier, '-t', topic, '-C', '1', '-F', '%j'];
  await using subscriber = await tools.subscribe(name(), args);
  const properties = [
    ['payload-format-indicator', '1'],
    ['message-expiry-interval', '3600'],
    ['content-type', 'text/plain'],
    ['response-topic', 'answers'],
    ['correlation-data', 'seven'],
    ['topic-alias', '3'],
    ['user-property', 'unit', '°C'],
    ['user-property', 'room', 'attic'],
  ].flatMap((property) => ['-D', 'publish', ...property]);
  await tools.publish(['-t', topic, '-m', '25', ...properties]);
  const [line] = await succeeded(subscriber.outcome);
  assert.deepEqual(JSON.parse(line).properties, {
    'payload-format-indicator': 1,
    'message-expiry-interval': 3600,
    'content-type': 'text/plain',
    'response-topic': 'answers',
    'correlation-data': 'seven',
    'user-properties': { unit: '°C', room: 'attic' },
    'subscription-identifier': 7,
  });
}

async function carriesWillProperties(tools: MosquittoTools): Promise<void> {
  const topic = name();
  await using witness = await tools.subscribe(name(), ['-t', topic, '-C', '1', '-F', '%C %p']);
  const properties = [
    ['will-delay-interval', '1'],
    ['content-type', 'text/plain'],
  ].flatMap((property) => ['-D', 'will', ...property]);
  const will = ['--will-topic', topic, '--will-payload', 'gone', ...properties];
  const mortal = await tools.subscribe(name(), ['-x', '60', ...will, '-t', name()]);
  await mortal.kill();
  assert.deepEqual(await succeeded(witness.outcome), ['text/plain gone']);
}

async function takesOver(tools: MosquittoTools): Promise<void> {
  const clientId = name();
  const first = await tools.subscribe(clientId, ['-d', '-t', name()]);
  await using _second = await tools.subscribe(clientId, ['-t', name()]);
  const lines = await succeeded(first.outcome);
  assert.equal(lines.at(-1), 'Received DISCONNECT (142)');
}

async function keepsSessionForInterval(tools: MosquittoTools): Promise<void> {
  const topic = name();
  const session = ['-i', name(), '-c', '-x', '60', '-q', '1', '-t', topic];
  await succeeded(tools.start('mosquitto_sub', [...session, '-E']).outcome);
  await tools.publish(['-t', topic, '-q', '1', '-m', 'missed']);
  const missed = await succeeded(tools.start('mosquitto_sub', [...session, '-C', '1']).outcome);
  assert.deepEqual(missed, ['missed']);
}

/** The lines of output of a tool that ends as it should. */
async function succeeded(outcome: Promise<Outcome>): Promise<readonly string[]> {
  const { exitCode, lines, stderr } = await outcome;
  assert.equal(exitCode, 0, stderr);
  return lines;
}
