/** `pantala pub` and `pantala sub` against Debian's Mosquitto, together with its own tools. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { ProtocolVersion, QoS } from '../../src/packet/version.ts';
import { missingMosquitto, startMosquitto } from './debian-mosquitto.ts';
import { MosquittoTools, missingTools } from './mosquitto-tools.ts';
import { OurTools } from './our-tools.ts';
import type { RunningBroker } from './running-broker.ts';
import { claimOptions } from './stage.ts';

const levels: readonly QoS[] = [0, 1, 2];
const versions: readonly { readonly version: ProtocolVersion; readonly name: string }[] = [
  { version: 3, name: 'MQTT 3.1' },
  { version: 4, name: 'MQTT 3.1.1' },
  { version: 5, name: 'MQTT 5.0' },
];
const manyMessages = 2000;

const allProperties = [
  ['content-type', 'text/plain'],
  ['correlation-data', 'c"o'],
  ['message-expiry-interval', '36000'],
  ['payload-format-indicator', '1'],
  ['response-topic', 'reply/to'],
  ['user-property', 'name', 'value'],
  ['user-property', 'other', 'v"2'],
].flatMap((property) => ['-D', 'publish', ...property]);

/** A message with all that a message can have. */
const fullMessage: readonly string[] = [
  '-m',
  'Hello, "wörld"\t\\ \u{1f40c}',
  '-q',
  '1',
  ...allProperties,
];
let names = 0;

/** A topic or client identifier that no other test uses. */
function name(): string {
  return `o${names++}`;
}

interface Tools {
  readonly ours: OurTools;
  readonly theirs: MosquittoTools;
}

describe('our tools, at Mosquitto,', claimOptions, () => {
  // A suite that is skipped counts as none, and CI would miss it: a test is skipped in its place.
  const missing = missingMosquitto() ?? missingTools();
  if (missing !== undefined) {
    it('do what its own do', { skip: missing });
    return;
  }
  let broker: RunningBroker;
  before(async () => {
    broker = await startMosquitto(['allow_anonymous true', 'max_queued_messages 0']);
  });
  after(() => broker.stop());
  const tools = (version: ProtocolVersion): Tools => ({
    ours: new OurTools(broker, version),
    theirs: new MosquittoTools(broker, version),
  });

  for (const { version, name } of versions) {
    describe(name, claimOptions, () => {
      for (const qos of levels) {
        it(`publish and receive with QoS ${qos}`, () => exchange(tools(version), qos));
      }
      it('carry a megabyte of any bytes', () => carryMegabyte(tools(version)));
      it('set and see retained messages', () => retain(tools(version)));
      it('leave a will', () => leaveWill(tools(version)));
      it('keep a session', () => keepSession(tools(version)));
      for (const qos of [1, 2] as const) {
        it(`pass on ${manyMessages} lines with QoS ${qos} in order, each once`, () =>
          passLines(tools(version), version, qos));
      }
    });
  }

  it('pass on every property of MQTT 5.0 in both directions', () => passProperties(tools(5)));
});

async function exchange({ ours, theirs }: Tools, qos: QoS): Promise<void> {
  const topic = name();
  const subscribe = ['-t', topic, '-q', String(qos), '-C', '1', '-F', '%t %q %p'];
  await using foreign = await theirs.subscribe(name(), subscribe);
  const own = await ours.subscribe(name(), subscribe);
  await ours.publish(['-t', topic, '-q', String(qos), '-m', 'tempéré']);
  for (const { outcome } of [foreign, own]) {
    assert.deepEqual((await outcome).lines, [`${topic} ${qos} tempéré`]);
  }
  const again = await ours.subscribe(name(), subscribe);
  await theirs.publish(['-t', topic, '-q', String(qos), '-m', 'autre']);
  assert.deepEqual((await again.outcome).lines, [`${topic} ${qos} autre`]);
}

async function carryMegabyte({ ours, theirs }: Tools): Promise<void> {
  const topic = name();
  const payload = randomBytes(1_000_000);
  const subscribe = ['-t', topic, '-q', '2', '-C', '1', '-N'];
  await using foreign = await theirs.subscribe(name(), subscribe);
  const own = await ours.subscribe(name(), subscribe);
  await ours.publish(['-t', topic, '-q', '2', '-s'], payload);
  for (const { outcome } of [foreign, own]) {
    assert.ok(payload.equals((await outcome).stdout), 'the same bytes');
  }
}

async function retain({ ours, theirs }: Tools): Promise<void> {
  const topic = name();
  const look = ['-t', `${topic}/#`, '-C', '1', '-F', '%t %r %p'];
  await ours.publish(['-t', `${topic}/a`, '-m', 'kept', '-r', '-q', '1']);
  const expected = [`${topic}/a 1 kept`];
  assert.deepEqual((await ours.start('sub', look).outcome).lines, expected);
  assert.deepEqual((await theirs.start('mosquitto_sub', look).outcome).lines, expected);
  await ours.publish(['-t', `${topic}/a`, '-n', '-r', '-q', '1']);
  await theirs.publish(['-t', `${topic}/b`, '-m', 'other', '-r', '-q', '1']);
  assert.deepEqual((await ours.start('sub', look).outcome).lines, [`${topic}/b 1 other`]);
}

async function leaveWill({ ours, theirs }: Tools): Promise<void> {
  const topic = name();
  const clientId = name();
  const watch = ['-t', topic, '-q', '2', '-C', '1', '-F', '%q %p'];
  await using watcher = await theirs.subscribe(name(), watch);
  const will = ['--will-topic', topic, '--will-payload', 'gone', '--will-qos', '2'];
  const lost = await ours.subscribe(clientId, ['-t', name(), ...will]);
  // Who is taken over is lost without a DISCONNECT of its own.
  await using _taker = await theirs.subscribe(clientId, ['-t', name()]);
  assert.deepEqual((await watcher.outcome).lines, ['2 gone']);
  lost.interrupt();
  await lost.outcome;
}

async function keepSession({ ours, theirs }: Tools): Promise<void> {
  const topic = name();
  const session = ['-i', name(), '-c', '-t', topic, '-q', '1'];
  const left = await ours.start('sub', [...session, '-E']).outcome;
  assert.equal(left.exitCode, 0);
  await theirs.publish(['-t', topic, '-m', 'first', '-q', '1']);
  await theirs.publish(['-t', topic, '-m', 'second', '-q', '1']);
  const back = await ours.start('sub', [...session, '-C', '1']).outcome;
  assert.deepEqual(back.lines, ['first']);
  // What was not printed was not acknowledged, and comes again.
  const again = await ours.start('sub', [...session, '-C', '1']).outcome;
  assert.deepEqual(again.lines, ['second']);
}

async function passLines(
  { ours, theirs }: Tools,
  version: ProtocolVersion,
  qos: 1 | 2,
): Promise<void> {
  const topic = name();
  const lines = Array.from({ length: manyMessages }, (_, i) => `line ${i}`);
  const subscribe = ['-t', topic, '-q', String(qos), '-C', String(manyMessages)];
  // Mosquitto 2.0.11 sends more than the Receive Maximum allows, at which mosquitto_sub gives up.
  const patience = ['-D', 'connect', 'receive-maximum', String(manyMessages)];
  const foreignFlags = version === 5 ? [...subscribe, ...patience] : subscribe;
  await using foreign = await theirs.subscribe(name(), foreignFlags);
  const own = await ours.subscribe(name(), subscribe);
  await ours.publish(['-t', topic, '-q', String(qos), '-l'], lines.join('\n'));
  assert.deepEqual((await foreign.outcome).lines, lines);
  assert.deepEqual((await own.outcome).lines, lines);
}

async function passProperties({ ours, theirs }: Tools): Promise<void> {
  const topic = name();
  const subscribe = ['-t', topic, '-C', '1', '-F', '%C %D %F %P %R', '-q', '1'];
  await using foreign = await theirs.subscribe(name(), subscribe);
  const own = await ours.subscribe(name(), subscribe);
  await ours.publish(['-t', topic, ...fullMessage]);
  const expected = ['text/plain c"o 1 name:value other:v"2 reply/to'];
  assert.deepEqual((await foreign.outcome).lines, expected);
  assert.deepEqual((await own.outcome).lines, expected);
}
