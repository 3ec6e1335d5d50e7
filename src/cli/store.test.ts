/** Tests `pantala store` with stores that are sound, unsound, damaged, in use or not there. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Writable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { writeBroker } from '../broker/state/broker-record.ts';
import { Calendar } from '../broker/state/calendar.ts';
import { Changes } from '../broker/state/changes.ts';
import { writeDelivery } from '../broker/state/delivery-record.ts';
import { tables, writeNumber } from '../broker/state/keys.ts';
import { writeMessage } from '../broker/state/message-record.ts';
import { writeSession } from '../broker/state/session-record.ts';
import { writeSubscription } from '../broker/state/subscription-record.ts';
import type { QoS } from '../packet/version.ts';
import { Message } from '../session/message.ts';
import { openStore } from '../storage/open-store.ts';
import { lockStore } from '../storage/store-lock.ts';
import { store } from './store.ts';
import { testIo } from './test-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-store-'));
after(() => rmSync(folder, { recursive: true }));

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { io, stdout, stderr } = testIo(env);
  const code = await store.run(args, io);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const calendar = new Calendar({ now: () => 0 }, () => 0);
const leftAt = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Writes records of a store, sound ones unless told otherwise. */
class Scribe {
  readonly changes = new Changes();

  broker(hasEnded = true): this {
    writeBroker(this.changes, { hasEnded, brokenOffAt: 0 });
    return this;
  }

  session(number: number, clientId: string, { isEnded = false } = {}): this {
    const expirySeconds = Number.POSITIVE_INFINITY;
    const record = {
      clientId,
      isEnded,
      expirySeconds,
      leftAt,
      identity: undefined,
      will: undefined,
    };
    writeSession(this.changes.beginPut(tables.session, number), record);
    this.changes.endPut();
    return this;
  }

  subscription(session: number, number: number, filter: string): this {
    const options = { qos: 1, noLocal: false, retainAsPublished: true } as const;
    const out = this.changes.beginPut(tables.subscription, session, number);
    writeSubscription(out, { filter, ...options, subscriptionIdentifier: 7 });
    this.changes.endPut();
    return this;
  }

  received(session: number, packetId: number): this {
    this.changes.beginPut(tables.received, session, packetId);
    this.changes.endPut();
    return this;
  }

  /** @param content the message, or the number of one that is shared */
  delivery(
    session: number,
    sequence: number,
    content: Message | number,
    { packetId = 0, qos = 1 as QoS, holds = true } = {},
  ): this {
    const isReference = typeof content === 'number';
    const message = isReference ? messageOf('shared') : content;
    const state = packetId === 0 ? 'waiting' : 'published';
    const terms = { subscriptionIdentifiers: [7] };
    const delivery = { sequence, message, qos, retain: false, terms, packetId, state } as const;
    const out = this.changes.beginPut(tables.delivery, session, sequence);
    const loose = { order: 0, counted: false, wasSent: false, held: false };
    writeDelivery(out, { ...delivery, ...loose }, { share: undefined, isReference, calendar });
    if (isReference) writeNumber(out, content);
    else writeMessage(out, message, calendar);
    this.changes.endPut();
    if (isReference && holds) this.changes.hold(content, 1);
    return this;
  }

  message(number: number, message: Message): this {
    writeMessage(this.changes.beginPut(tables.message, number), message, calendar);
    this.changes.endPut();
    return this;
  }

  retained(number: number, message: Message): this {
    writeMessage(this.changes.beginPut(tables.retained, number), message, calendar);
    this.changes.endPut();
    return this;
  }

  /** Any bytes. */
  put(table: (typeof tables)[keyof typeof tables], first: number, value: Uint8Array): this {
    this.changes.beginPut(table, first).raw(value);
    this.changes.endPut();
    return this;
  }

  remove(table: (typeof tables)[keyof typeof tables], first: number): this {
    this.changes.remove(table, first);
    return this;
  }

  /** Makes a store of it. @returns its directory */
  async save(directory = mkdtempSync(join(folder, 'state-'))): Promise<string> {
    await using opened = await openIn(directory);
    const done = Promise.withResolvers<unknown>();
    opened.store.commit(this.changes.view(), done.resolve);
    assert.equal(await done.promise, undefined);
    return directory;
  }
}

async function openIn(directory: string) {
  const opened = await openStore({
    directory,
    file: 'pantala.mdb',
    durability: 'none',
    load: (records) => records(() => undefined),
    salvaged: () => undefined,
    damaged: () => undefined,
  });
  return { store: opened.store, [Symbol.asyncDispose]: () => opened.close() };
}

function messageOf(topic: string, payload: Uint8Array | string = 'hello', expiresAt?: number) {
  return new Message(topic, Buffer.from(payload), { qos: 1, ...(expiresAt && { expiresAt }) });
}

/** Two sessions with all that there can be. */
function soundStore(): Scribe {
  return new Scribe()
    .broker()
    .session(1, 'alice')
    .session(2, 'bob')
    .session(3, 'carol', { isEnded: true })
    .subscription(1, 1, 'a/#')
    .subscription(1, 2, '$share/g/b')
    .subscription(2, 1, 'a/#')
    .received(1, 9)
    .delivery(1, 1, messageOf('a/1'), { packetId: 1 })
    .delivery(1, 2, 1)
    .delivery(2, 4, 1)
    .delivery(3, 1, messageOf('c'))
    .message(1, messageOf('a/2', Uint8Array.of(0xff, 0), leftAt))
    .retained(1, messageOf('r'));
}

const file = (directory: string): string => join(directory, 'pantala.mdb');

/** Overwrites a page of records in the middle of the file. */
function damage(directory: string): void {
  const bytes = readFileSync(file(directory));
  bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 200);
  writeFileSync(file(directory), bytes);
}

/** A store that is large enough to have a middle. */
async function damagedStore(): Promise<string> {
  const scribe = soundStore();
  for (let number = 2; number < 1000; number++) scribe.retained(number, messageOf(`r/${number}`));
  const directory = await scribe.save();
  damage(directory);
  return directory;
}

function linesOf(text: string): string[] {
  return text.trimEnd().split('\n');
}

describe('the arguments of store', () => {
  const wrong: Record<string, readonly string[]> = {
    'Say what to do: check, stats, dump, compact.': [],
    "Unknown action 'chek': it is one of check, stats, dump, compact.": ['chek'],
    "Unknown action 'constructor': it is one of check, stats, dump, compact.": ['constructor'],
    "Unknown option '-x'.": ['check', '-x'],
    '--file argument given but no name specified.': ['check', '--file'],
    "One directory can be named, 'b' is another.": ['check', 'a', 'b'],
    "Option '--json' goes with stats only.": ['check', '--json'],
  };
  for (const [message, args] of Object.entries(wrong)) {
    it(`are refused with exit code 1: ${message}`, async () => {
      assert.deepEqual(await run(args), {
        code: 1,
        stdout: '',
        stderr: `Error: ${message}\n\nUse 'pantala store --help' to see usage.\n`,
      });
    });
  }

  it('print help, exit codes included, wherever --help stands', async () => {
    for (const args of [['-h'], ['check', '--help'], ['--file', 'x', '-h']]) {
      const { code, stdout } = await run(args);
      assert.equal(code, 0);
      for (const { flags } of store.options) assert.ok(stdout.includes(flags));
      assert.match(stdout, /^Exit codes:$/m);
    }
  });
});

describe('the store is', () => {
  it('that of a broker without configuration, unless a directory is named', async () => {
    const directory = await soundStore().save();
    const { code, stdout } = await run(['check'], { STATE_DIRECTORY: directory });
    assert.equal(code, 0);
    assert.match(stdout, /^.*pantala\.mdb is sound: /);
  });

  it('the file that is named, or the one of that name in the directory', async () => {
    const directory = await soundStore().save();
    for (const args of [[file(directory)], [directory], [directory, '--file', 'pantala.mdb']]) {
      assert.equal((await run(['check', ...args])).code, 0);
    }
    const { code, stderr } = await run(['check', file(directory), '--file', 'x']);
    assert.equal(code, 1);
    assert.match(stderr, /pantala\.mdb' is no directory: name one, or leave --file out\.\n$/);
  });

  it('told to be missing where there is none', async () => {
    const nowhere = join(folder, 'nowhere');
    const empty = mkdtempSync(join(folder, 'empty-'));
    for (const action of ['check', 'stats', 'dump', 'compact']) {
      assert.deepEqual(await run([action, nowhere]), {
        code: 1,
        stdout: '',
        stderr: `Error: There is no '${nowhere}'.\n`,
      });
      assert.deepEqual(await run([action, empty]), {
        code: 1,
        stdout: '',
        stderr: `Error: There is no store in '${empty}': '${file(empty)}' is missing.\n`,
      });
    }
    assert.deepEqual(readdirSync(empty), []);
  });

  it('left alone while another has it, who is named', async () => {
    const directory = await soundStore().save();
    await using _lock = await lockStore(file(directory));
    for (const action of ['check', 'stats', 'dump', 'compact']) {
      assert.deepEqual(await run([action, directory]), {
        code: 1,
        stdout: '',
        stderr: `Error: Process ${process.pid} has '${file(directory)}' in use: stop it first.\n`,
      });
    }
  });

  it('as it was, with nothing beside it, after it was looked into', async () => {
    const directory = await soundStore().save();
    const bytes = readFileSync(file(directory));
    const names = readdirSync(directory);
    for (const action of ['check', 'stats', 'dump']) await run([action, directory]);
    assert.deepEqual(readFileSync(file(directory)), bytes);
    assert.deepEqual(readdirSync(directory), names);
  });

  it('of another version of pantala: then nothing is said of its records', async () => {
    const directory = await soundStore()
      .put(tables.broker, 0, Uint8Array.of(0, 3, 0))
      .save();
    for (const action of ['check', 'stats', 'dump', 'compact']) {
      assert.deepEqual(await run([action, directory]), {
        code: 1,
        stdout: '',
        stderr:
          'Error: the store has layout 3, this version reads 1 to 2. ' +
          'Use the version of pantala that wrote it.\n',
      });
    }
  });
});

describe('store check', () => {
  it('says of a sound store that it is', async () => {
    const directory = await soundStore().save();
    const { code, stdout, stderr } = await run(['check', directory]);
    assert.equal(stderr, '');
    assert.match(stdout, /^\S+ is sound: records 15, pages \d+\.\n$/);
    assert.equal(code, 0);
  });

  it('takes an empty file for a new store, as the broker does', async () => {
    const directory = mkdtempSync(join(folder, 'empty-'));
    writeFileSync(file(directory), '');
    assert.deepEqual(await run(['check', directory]), {
      code: 0,
      stdout: `${file(directory)} has no records.\n`,
      stderr: '',
    });
  });

  const useless = "'pantala store compact' leaves it out";
  const invalid = 'it must be a fault of pantala: please report it';
  const last = 'the broker takes the last one';
  const unsound: Record<string, readonly [make: () => Scribe, ...faults: string[]]> = {
    'what belongs to no session': [
      () => soundStore().subscription(7, 1, 'x').received(7, 1).delivery(7, 1, messageOf('x')),
      'session 7 is missing, but there is something of it: ' +
        `1 subscription, 1 received packet id, 1 delivery; ${useless}.`,
    ],
    'a shared message that is missing': [
      () => soundStore().delivery(1, 3, 8, { holds: false }).delivery(2, 5, 8, { holds: false }),
      `shared message 8 is missing: 2 deliveries refer to it; ${useless}.`,
    ],
    'a shared message that nobody waits for': [
      () => soundStore().message(8, messageOf('x')),
      `shared message 8: no delivery refers to it; ${useless}.`,
    ],
    'a wrong number of holders': [
      () => soundStore().delivery(1, 3, 1, { holds: false }),
      "shared message 1: 3 deliveries refer to it, not 2; 'pantala store compact' counts anew.",
    ],
    'a packet id that is used twice': [
      () => soundStore().delivery(1, 3, messageOf('x'), { packetId: 1 }),
      `session 1: delivery 3 has packet id 1, and so has delivery 1; ${last}.`,
    ],
    'packet ids that cannot be': [
      () => soundStore().received(1, 0).received(1, 65_536),
      `session 1: received packet id 0 cannot be; ${invalid}.`,
      `session 1: received packet id 65536 cannot be; ${invalid}.`,
    ],
    'two sessions of one client': [
      () => soundStore().session(4, 'bob'),
      `session 4: client "bob" has another one; ${last}.`,
    ],
    'two subscriptions to one filter': [
      () => soundStore().subscription(1, 3, 'a/#'),
      `session 1: there are two subscriptions to "a/#"; ${last}.`,
    ],
    'a subscription to what is no filter': [
      () => soundStore().subscription(1, 3, 'a#'),
      /^session 1: topic filter "a#" .*; it must be a fault of pantala: please report it\.$/.source,
    ],
    'two retained messages of one topic': [
      () => soundStore().retained(2, messageOf('r')),
      `retained message 2: topic "r" has another one; ${last}.`,
    ],
    'a retained message without payload': [
      () => soundStore().retained(2, messageOf('x', '')),
      `retained message 2 has no payload; ${invalid}.`,
    ],
    'records that cannot be read': [
      () => soundStore().put(tables.session, 4, Uint8Array.of(1)).put(tables.retained, 2, leanText),
      'session record 4: the packet ends in the middle of a field; the broker leaves it out.',
      'retained record 2: the packet ends in the middle of a field; the broker leaves it out.',
    ],
    'the record of the broker that is missing': [
      () => soundStore().remove(tables.broker, 0),
      'the record of the broker is missing; the broker writes it when it starts.',
    ],
  };
  for (const [what, [make, ...faults]] of Object.entries(unsound)) {
    it(`finds ${what}`, async () => {
      const directory = await make().save();
      const { code, stdout } = await run(['check', directory]);
      const lines = linesOf(stdout);
      const count = `${faults.length} fault${faults.length === 1 ? '' : 's'}.`;
      assert.equal(lines.pop(), `${file(directory)}: ${count}`);
      lines.forEach((line, index) => {
        const [start, fault] = [`${file(directory)}: `, faults[index]];
        assert.ok(line.startsWith(start));
        if (fault.startsWith('^')) assert.match(line.slice(start.length), new RegExp(fault));
        else assert.equal(line.slice(start.length), fault);
      });
      assert.equal(lines.length, faults.length);
      assert.equal(code, 1);
    });
  }

  it('finds damage, and says what the broker will do', async () => {
    const { code, stdout } = await run(['check', await damagedStore()]);
    assert.match(stdout, /: page \d+: .*; start the broker: it sets the file aside, and keeps/);
    assert.equal(code, 1);
  });

  it('finds that a file is no store at all', async () => {
    const directory = mkdtempSync(join(folder, 'other-'));
    writeFileSync(file(directory), 'another program has written this');
    const { code, stdout } = await run(['check', directory]);
    assert.match(stdout, /: page 0: no meta page: .*; see that it is the right file: it does not/);
    assert.equal(code, 1);
  });

  it('finds a single bit of a record that the disk has changed', async () => {
    const directory = await soundStore().retained(2, messageOf('r/2', 'a-text-of-its-own')).save();
    const bytes = readFileSync(file(directory));
    bytes[bytes.lastIndexOf('a-text-of-its-own')] ^= 1;
    writeFileSync(file(directory), bytes);
    const { stdout } = await run(['check', directory]);
    assert.match(stdout, /: retained record 2: it is not what was written; start the broker: /);
  });

  it('prints no more than a thousand faults', async () => {
    const scribe = soundStore();
    for (let number = 2; number < 1503; number++) scribe.retained(number, messageOf('r'));
    const lines = linesOf((await run(['check', await scribe.save()])).stdout);
    assert.equal(lines.length, 1001);
    assert.match(lines[1000], /: 1501 faults, of which the first 1000 are above\.$/);
  });
});

/** Ends in the middle of a topic. */
const leanText = Uint8Array.of(0, 0, 9, 0x61);

describe('store stats', () => {
  it('counts for people', async () => {
    const { code, stdout } = await run(['stats', await soundStore().save()]);
    assert.equal(code, 0);
    assert.match(stdout, /^broker +has ended as it should$/m);
    assert.match(stdout, /^sessions +2, and 1 that have ended$/m);
    assert.match(stdout, /^queued messages +3, \d+ bytes$/m);
    assert.match(stdout, /^ {2}"alice" +2, \d+ bytes$/m);
  });

  it('counts for programs with --json', async () => {
    const directory = await soundStore().broker(false).save();
    const { code, stdout } = await run(['stats', '--json', directory]);
    assert.equal(code, 0);
    const { fileBytes, pages, freePages, pageBytes, ...rest } = JSON.parse(stdout);
    assert.equal(fileBytes, statSync(file(directory)).size);
    assert.ok(pages * pageBytes <= fileBytes && freePages < pages);
    const each = messageOf('a/1').bytes;
    const shared = messageOf('shared').bytes;
    assert.deepEqual(rest, {
      file: file(directory),
      records: 15,
      hasEnded: false,
      presentSessions: 2,
      endedSessions: 1,
      subscriptions: 3,
      received: 1,
      queued: { messages: 3, bytes: 2 * shared + messageOf('c').bytes },
      inflight: { messages: 1, bytes: each },
      shared: { messages: 1, bytes: messageOf('a/2', 'xx').bytes },
      retained: { messages: 1, bytes: messageOf('r').bytes },
      unreadable: 0,
      largestQueues: [
        { clientId: 'alice', messages: 2, bytes: each + shared },
        { clientId: 'bob', messages: 1, bytes: shared },
        { clientId: 'carol', messages: 1, bytes: messageOf('c').bytes },
      ],
    });
  });

  it('names the five largest queues', async () => {
    const scribe = new Scribe().broker();
    for (let session = 1; session <= 7; session++) {
      scribe.session(session, `client ${session}`);
      for (let at = 1; at <= session; at++) scribe.delivery(session, at, messageOf('x'));
    }
    const { stdout } = await run(['stats', '--json', await scribe.save()]);
    const { largestQueues } = JSON.parse(stdout);
    const names = largestQueues.map(({ clientId }: { clientId: string }) => clientId);
    assert.deepEqual(names, ['client 7', 'client 6', 'client 5', 'client 4', 'client 3']);
  });

  it('counts what it can of a damaged store, and says that there is more', async () => {
    const { code, stdout, stderr } = await run(['stats', await damagedStore()]);
    assert.match(stdout, /^sessions +2,/m);
    assert.match(stderr, /^Error: '.*' is damaged: some of it is missing above\./);
    assert.equal(code, 1);
  });
});

describe('store dump', () => {
  it('prints a line for each record, in the order of the keys', async () => {
    const will = { topic: 'w', payload: Buffer.from('gone'), qos: 1, retain: true } as const;
    const scribe = soundStore();
    writeSession(scribe.changes.beginPut(tables.session, 2), {
      clientId: 'bob',
      isEnded: false,
      expirySeconds: 60,
      leftAt: 0,
      identity: { userName: 'u', listenerName: '1883' },
      will: { will: { ...will, properties: { willDelayInterval: 5 } }, dueAt: 0 },
    });
    scribe.changes.endPut();
    const { code, stdout } = await run(['dump', await scribe.save()]);
    assert.equal(code, 0);
    const date = '2026-01-02T03:04:05.000Z';
    const never = { sessionExpiryInterval: null, leftAt: date };
    const options = { qos: 1, noLocal: false, retainAsPublished: true, subscriptionIdentifier: 7 };
    const waiting = { state: 'waiting', qos: 1, retain: false, subscriptionIdentifiers: [7] };
    const [alice, bob] = [
      { session: 1, clientId: 'alice' },
      { session: 2, clientId: 'bob' },
    ];
    const carol = { session: 3, clientId: 'carol' };
    const hello = { payload: 'hello' };
    const inflight = { ...waiting, state: 'published', packetId: 1 };
    const bobsWill = { ...will, payload: 'gone', properties: { willDelayInterval: 5 } };
    assert.deepEqual(
      linesOf(stdout).map((line) => JSON.parse(line)),
      [
        { type: 'broker', layoutVersion: 2, hasEnded: true },
        { type: 'session', ...alice, isEnded: false, ...never },
        {
          type: 'session',
          ...bob,
          isEnded: false,
          sessionExpiryInterval: 60,
          userName: 'u',
          listener: '1883',
          will: bobsWill,
        },
        { type: 'session', ...carol, isEnded: true, ...never },
        { type: 'subscription', ...alice, number: 1, filter: 'a/#', ...options },
        { type: 'subscription', ...alice, number: 2, filter: '$share/g/b', ...options },
        { type: 'subscription', ...bob, number: 1, filter: 'a/#', ...options },
        { type: 'received', ...alice, packetId: 9 },
        { type: 'delivery', ...alice, sequence: 1, ...inflight, topic: 'a/1', ...hello },
        { type: 'delivery', ...alice, sequence: 2, ...waiting, message: 1 },
        { type: 'delivery', ...bob, sequence: 4, ...waiting, message: 1 },
        { type: 'delivery', ...carol, sequence: 1, ...waiting, topic: 'c', ...hello },
        {
          type: 'message',
          number: 1,
          qos: 1,
          retain: false,
          expiresAt: date,
          topic: 'a/2',
          payloadBase64: '/wA=',
        },
        { type: 'holders', message: 1, count: 2 },
        { type: 'retained', number: 1, qos: 1, retain: false, topic: 'r', ...hello },
      ],
    );
  });

  it('prints properties under their names, and bytes that are no text in base64', async () => {
    const properties = {
      contentType: 'text/plain',
      correlationData: Uint8Array.of(0xfe),
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ],
    } as const;
    const message = new Message('r', Buffer.from('\ufeffgrün'), { properties });
    const directory = await new Scribe().broker().retained(1, message).save();
    const [, line] = linesOf((await run(['dump', directory])).stdout);
    assert.deepEqual(JSON.parse(line), {
      type: 'retained',
      number: 1,
      qos: 0,
      retain: false,
      topic: 'r',
      payload: '\ufeffgrün',
      properties: {
        contentType: 'text/plain',
        correlationDataBase64: '/g==',
        userProperties: properties.userProperties,
      },
    });
  });

  it('prints a line for what cannot be read, and ends with exit code 1', async () => {
    const directory = await new Scribe().broker().put(tables.retained, 2, leanText).save();
    const { code, stdout, stderr } = await run(['dump', directory]);
    assert.deepEqual(JSON.parse(linesOf(stdout)[1]), {
      type: 'unreadable',
      key: '07000000000002',
      reason: 'the packet ends in the middle of a field',
    });
    assert.match(stderr, /^Error: '.*' is damaged/);
    assert.equal(code, 1);
  });

  it('goes no faster than its reader', async () => {
    const { io } = testIo();
    let bytes = 0;
    let waitingBytes = 0;
    const stdout = new Writable({
      write: (chunk, _encoding, done) => {
        bytes += chunk.length;
        waitingBytes = Math.max(waitingBytes, stdout.writableLength);
        setImmediate(done);
      },
    });
    assert.equal(await store.run(['dump', await largeStore()], { ...io, stdout }), 0);
    assert.ok(bytes + stdout.writableLength > 10_000_000, `${bytes} bytes`);
    assert.ok(waitingBytes < 1_000_000, `${waitingBytes} bytes wait`);
  });

  it('ends quietly when its reader goes away', async () => {
    const { io, stderr } = testIo();
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(), { code: 'EPIPE' })),
    });
    assert.equal(await store.run(['dump', await largeStore()], { ...io, stdout }), 0);
    assert.equal(stderr.text, '');
  });

  it('ends when it is told to', async () => {
    const { io, abort } = testIo();
    const code = store.run(['dump', await largeStore()], io);
    abort();
    assert.equal(await code, 1);
  });

  async function largeStore(): Promise<string> {
    const scribe = new Scribe().broker();
    const payload = 'x'.repeat(1000);
    for (let number = 1; number <= 10_000; number++) {
      scribe.retained(number, messageOf(`r/${number}`, payload));
    }
    return scribe.save();
  }
});

describe('store compact', () => {
  it('makes the file smaller, keeps every record, and leaves nothing beside it', async () => {
    const scribe = soundStore();
    for (let number = 2; number < 3000; number++) scribe.retained(number, messageOf(`r/${number}`));
    const directory = await scribe.save();
    const less = new Scribe();
    for (let number = 100; number < 3000; number++) less.remove(tables.retained, number);
    await less.save(directory);
    const before = await run(['dump', directory]);
    const bytesBefore = statSync(file(directory)).size;
    chmodSync(file(directory), 0o600);

    const { code, stdout } = await run(['compact', directory]);
    const bytesAfter = statSync(file(directory)).size;
    assert.equal(
      stdout,
      `${file(directory)}: ${bytesBefore} bytes before, ${bytesAfter} after, 113 records.\n`,
    );
    assert.equal(code, 0);
    assert.ok(bytesAfter * 3 < bytesBefore);
    assert.deepEqual(await run(['dump', directory]), before);
    assert.equal((await run(['check', directory])).code, 0);
    assert.deepEqual(readdirSync(directory), ['pantala.mdb']);
    assert.equal(statSync(file(directory)).mode & 0o777, 0o600);
    await soundStore().save(directory);
  });

  it('leaves out what belongs to nothing, and counts holders anew', async () => {
    const sound = await soundStore().delivery(1, 3, 1).save();
    const unsound = await soundStore()
      .delivery(1, 3, 1, { holds: false })
      .subscription(7, 1, 'x')
      .received(7, 1)
      .delivery(7, 1, messageOf('x'))
      .delivery(7, 2, 1)
      .delivery(2, 5, 8, { holds: false })
      .message(9, messageOf('x'))
      .save();
    const { stdout } = await run(['compact', unsound]);
    assert.match(stdout, /after, 16 records; 6 that belonged to nothing are left out\.\n$/);
    assert.equal((await run(['dump', unsound])).stdout, (await run(['dump', sound])).stdout);
    assert.equal((await run(['check', unsound])).code, 0);
  });

  it('keeps what it cannot read: it may be somebody else who can', async () => {
    const directory = await new Scribe().broker().put(tables.retained, 2, leanText).save();
    const before = await run(['dump', directory]);
    assert.equal((await run(['compact', directory])).code, 0);
    assert.deepEqual(await run(['dump', directory]), before);
  });

  it('refuses a damaged store, and leaves it as it is', async () => {
    const directory = await damagedStore();
    const bytes = readFileSync(file(directory));
    const { code, stdout, stderr } = await run(['compact', directory]);
    assert.equal(stdout, '');
    assert.match(stderr, /^Error: '.*' is damaged: .* Start the broker first: it sets the file/);
    assert.equal(code, 1);
    assert.deepEqual(readFileSync(file(directory)), bytes);
  });

  it('takes up nothing of one that was broken off', async () => {
    const directory = await soundStore().save();
    writeFileSync(`${file(directory)}.unfinished`, 'half of a store');
    assert.equal((await run(['compact', directory])).code, 0);
    assert.deepEqual(readdirSync(directory), ['pantala.mdb']);
  });

  it('that cannot write says why, and the store is as it was', async () => {
    const directory = await soundStore().save();
    const bytes = readFileSync(file(directory));
    mkdirSync(join(`${file(directory)}.unfinished`, 'in the way'), { recursive: true });
    const { code, stderr } = await run(['compact', directory]);
    assert.match(stderr, /^Error: Unable to compact '.*', which is as it was: .*\(.*\)\.\n$/);
    assert.equal(code, 1);
    assert.deepEqual(readFileSync(file(directory)), bytes);
    assert.ok(existsSync(`${file(directory)}.unfinished`));
  });
});
