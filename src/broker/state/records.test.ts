/** Every kind of record: what was written comes back, and garbage is told from it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteReader } from '../../packet/byte-reader.ts';
import { ByteWriter } from '../../packet/byte-writer.ts';
import { bytesOf } from '../../packet/packet-notation.ts';
import { ProtocolError } from '../../packet/protocol-error.ts';
import { Message, type MessageSource } from '../../session/message.ts';
import { readBroker, writeBroker } from './broker-record.ts';
import { Calendar, never } from './calendar.ts';
import { Changes, readChanges } from './changes.ts';
import { readDelivery, readTally, sharedMessageOf, writeDelivery } from './delivery-record.ts';
import { numberMax, tables, writeNumber } from './keys.ts';
import { readMessage, writeMessage, writeRetained } from './message-record.ts';
import { readSession, writeSession } from './session-record.ts';
import { readSubscription, writeSubscription } from './subscription-record.ts';

const runs = 300;

// The clock of this process is elsewhere than the date.
const calendar = new Calendar({ now: () => 1234 }, () => Date.UTC(2026, 0, 1));

const qos = fc.constantFrom(0, 1, 2);
const texts = fc
  .oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 30 }))
  .map((text) => text.replaceAll('\0', ''));
const topics = texts.map((text) => text.replace(/[+#]/g, '') || '/');
const bytes = fc.uint8Array({ maxLength: 200 });
const varints = fc.integer({ min: 1, max: 268_435_455 });
const dates = fc.integer({ min: 0, max: numberMax });
const u32 = fc.nat(0xffff_ffff);
// Whole milliseconds, as they are stored.
const expiries = fc.oneof(fc.constant(never), fc.integer({ min: -1e9, max: 1e12 }));

const messageProperties = fc.option(
  fc.record(
    {
      payloadFormatIndicator: fc.constantFrom(0 as const, 1 as const),
      messageExpiryInterval: u32,
      contentType: texts,
      responseTopic: topics,
      correlationData: bytes,
      userProperties: fc.array(fc.tuple(texts, texts), { minLength: 1, maxLength: 4 }),
    },
    { requiredKeys: ['contentType'] },
  ),
  { nil: undefined },
);

const messages = fc
  .record({
    topic: topics,
    payload: bytes,
    options: fc.record({
      qos,
      retain: fc.boolean(),
      properties: messageProperties,
      expiresAt: expiries,
    }),
  })
  .map(({ topic, payload, options }) => new Message(topic, payload, options as object));

function partsOf({ topic, payload, qos, retain, properties, expiresAt }: Message) {
  return { topic, payload: [...payload], qos, retain, properties, expiresAt };
}

const deliveries = fc.record({
  sequence: fc.constant(1),
  message: messages,
  qos,
  retain: fc.boolean(),
  terms: fc.option(
    fc.record({ subscriptionIdentifiers: fc.array(varints, { minLength: 1, maxLength: 4 }) }),
    { nil: undefined },
  ),
  packetId: fc.nat(65_535),
  state: fc.constantFrom('waiting' as const, 'published' as const, 'released' as const),
  counted: fc.constant(false),
  wasSent: fc.constant(false),
  held: fc.constant(false),
});

const wills = fc.record({
  dueAt: dates,
  will: fc.record({
    topic: topics,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    properties: fc.option(
      fc.record({ willDelayInterval: u32, contentType: texts, correlationData: bytes }),
      { nil: undefined },
    ),
  }),
});

const identities = fc.record({
  userName: fc.option(texts, { nil: undefined }),
  listenerName: fc.option(
    texts.filter((text) => text !== ''),
    { nil: undefined },
  ),
});

const sessions = fc.record({
  clientId: texts,
  isEnded: fc.boolean(),
  expirySeconds: fc.oneof(fc.constant(never), fc.nat(0xffff_fffe)),
  leftAt: dates,
  identity: fc.option(identities, { nil: undefined }),
  will: fc.option(wills, { nil: undefined }),
});

const subscriptions = fc.record({
  filter: texts,
  qos,
  noLocal: fc.boolean(),
  retainAsPublished: fc.boolean(),
  subscriptionIdentifier: fc.option(varints, { nil: undefined }),
});

function written(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter(16);
  write(out);
  return out.view().slice();
}

function readerOf(value: Uint8Array): ByteReader {
  const body = new ByteReader();
  body.move(value, 0, value.length);
  return body;
}

/** What comes back, in a form that can be compared. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, each) => {
      if (each === never) return 'never';
      return each instanceof Uint8Array ? [...each] : each;
    }),
  );
}

describe('a record comes back as it was written:', () => {
  const holds = <T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void) => {
    fc.assert(fc.property(arbitrary, check), { numRuns: runs });
  };

  it('a session, with its will', () => {
    holds(sessions, (session) => {
      const value = written((out) => writeSession(out, session as never));
      assert.deepEqual(plain(readSession(readerOf(value))), plain(session));
    });
  });

  it('a subscription', () => {
    holds(subscriptions, (subscription) => {
      const value = written((out) => writeSubscription(out, subscription as never));
      assert.deepEqual(plain(readSubscription(readerOf(value))), plain(subscription));
    });
  });

  it('a message', () => {
    holds(messages, (message) => {
      const value = written((out) => writeMessage(out, message, calendar));
      const read = readMessage(readerOf(value), calendar);
      assert.deepEqual(plain(partsOf(read)), plain(partsOf(message)));
    });
  });

  it('a retained message, with its publisher', () => {
    const source = fc.record({
      clientId: texts,
      userName: fc.option(texts, { nil: undefined }),
      listenerName: fc.option(
        texts.filter((text) => text !== ''),
        { nil: undefined },
      ),
    });
    holds(fc.tuple(messages, fc.option(source, { nil: undefined })), ([message, publisher]) => {
      message.source = publisher as MessageSource | undefined;
      const read = readMessage(
        readerOf(written((out) => writeRetained(out, message, calendar))),
        calendar,
      );
      assert.deepEqual(plain(partsOf(read)), plain(partsOf(message)));
      assert.deepEqual(plain([read.source]), plain([publisher]));
    });
  });

  it('a delivery that has its message', () => {
    holds(fc.tuple(deliveries, fc.option(texts, { nil: undefined })), ([delivery, share]) => {
      const value = written((out) => {
        writeDelivery(out, delivery as never, { share, isReference: false, calendar });
        writeMessage(out, delivery.message, calendar);
      });
      const body = readerOf(value);
      const { subscriptionIdentifiers, ...head } = readDelivery(body);
      const { qos, state, retain, packetId, terms, message } = delivery;
      assert.deepEqual(head, { qos, state, retain, packetId, share, messageNumber: 0 });
      assert.deepEqual(subscriptionIdentifiers, terms?.subscriptionIdentifiers);
      const read = readMessage(body, calendar);
      assert.deepEqual(plain(partsOf(read)), plain(partsOf(message)));
      assert.equal(sharedMessageOf(value), undefined);
    });
  });

  it('a delivery that shares its message, which can be told without reading the rest', () => {
    const numbers = fc.integer({ min: 1, max: numberMax });
    holds(fc.tuple(deliveries, numbers), ([delivery, number]) => {
      const value = written((out) => {
        writeDelivery(out, delivery as never, { share: undefined, isReference: true, calendar });
        writeNumber(out, number);
      });
      assert.equal(readDelivery(readerOf(value)).messageNumber, number);
      assert.equal(sharedMessageOf(value), number);
    });
  });

  it('what limits have to know of a delivery', () => {
    holds(deliveries, (delivery) => {
      const value = written((out) => {
        writeDelivery(out, delivery as never, { share: 's', isReference: false, calendar });
      });
      const { qos, state, message } = delivery;
      const { bytes, expiresAt } = message;
      assert.deepEqual(readTally(value, calendar), { qos, state, bytes, expiresAt });
    });
  });

  for (const hasEnded of [true, false]) {
    it(`what the store says of itself: its broker ${hasEnded ? 'has ended' : 'uses it'}`, () => {
      const changes = new Changes();
      writeBroker(changes, { hasEnded, brokenOffAt: 1_767_225_600_000 });
      readChanges(changes.view(), {
        put: (_, value) =>
          assert.deepEqual(readBroker(value), {
            layoutVersion: 2,
            hasEnded,
            brokenOffAt: 1_767_225_600_000,
          }),
        remove: () => assert.fail(),
        hold: () => assert.fail(),
      });
    });
  }
});

describe('what is no record', () => {
  type Read = (value: Uint8Array) => unknown;
  const readers: Readonly<Record<string, { read: Read; sound: Uint8Array }>> = {
    session: {
      read: (value) => readSession(readerOf(value)),
      sound: written((out) => writeSession(out, fc.sample(sessions, 1)[0] as never)),
    },
    subscription: {
      read: (value) => readSubscription(readerOf(value)),
      sound: written((out) => writeSubscription(out, fc.sample(subscriptions, 1)[0] as never)),
    },
    message: {
      read: (value) => readMessage(readerOf(value), calendar),
      sound: written((out) => writeMessage(out, fc.sample(messages, 1)[0], calendar)),
    },
    delivery: {
      read: (value) => {
        const body = readerOf(value);
        if (readDelivery(body).messageNumber === 0) readMessage(body, calendar);
      },
      sound: written((out) => {
        const delivery = fc.sample(deliveries, 1)[0] as never;
        writeDelivery(out, delivery, { share: 'x', isReference: false, calendar });
      }),
    },
    'tally of a delivery': {
      read: (value) => readTally(value, calendar),
      sound: new Uint8Array(7),
    },
    'number of a shared message': { read: sharedMessageOf, sound: new Uint8Array(20).fill(0x80) },
    'record of the broker': { read: readBroker, sound: Uint8Array.of(0, 1, 1) },
  };
  for (const [name, { read, sound }] of Object.entries(readers)) {
    it(`is a ProtocolError or undefined, never anything else: ${name}`, () => {
      const mutated = fc
        .tuple(fc.nat(sound.length), fc.nat(255), fc.nat(sound.length))
        .map(([at, byte, end]) => {
          const copy = sound.slice(0, Math.max(at, end));
          if (at < copy.length) copy[at] = byte;
          return copy;
        });
      fc.assert(
        fc.property(fc.oneof(bytes, mutated), (value) => {
          try {
            read(value);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        }),
        { numRuns: 2000 },
      );
    });

    it(`is noticed when it is empty: ${name}`, () => {
      let isNoticed = false;
      try {
        isNoticed = read(new Uint8Array()) === undefined;
      } catch (error) {
        isNoticed = error instanceof ProtocolError;
      }
      assert.equal(isNoticed, true);
    });
  }
});

it('a key of a table stands in the order of the tables', () => {
  const values = Object.values(tables);
  assert.deepEqual(
    values,
    values.map((_, i) => i),
  );
});

it('a session of layout 1 is read, with the user name that stood in its will', () => {
  const dates = '0000 00000001';
  const value = bytesOf(`22 0000003c ${dates} "id" ${dates} "user" "topic" 00 (gone)`);
  const { clientId, expirySeconds, identity, userNameOfWill, will } = readSession(readerOf(value));
  assert.deepEqual(
    [clientId, expirySeconds, identity, userNameOfWill, will?.will.topic, will?.dueAt],
    ['id', 60, undefined, 'user', 'topic', 1],
  );
  assert.deepEqual(Buffer.from(will!.will.payload).toString(), 'gone');
});
