/** What a broker knows of its store when it begins. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteWriter } from '../../packet/byte-writer.ts';
import { Message } from '../../session/message.ts';
import { writeBroker } from './broker-record.ts';
import { Calendar } from './calendar.ts';
import { Changes, readChanges } from './changes.ts';
import { writeDelivery } from './delivery-record.ts';
import { keyOf, layoutVersion, tables, writeNumber } from './keys.ts';
import { writeMessage } from './message-record.ts';
import { LayoutError, recall } from './recall.ts';
import { writeSession } from './session-record.ts';
import { writeSubscription } from './subscription-record.ts';

const calendar = new Calendar({ now: () => 0 }, () => 1_000_000);

const unknown = { identity: undefined, will: undefined };

type Write = (changes: Changes) => void;

function session(number: number, clientId = `client ${number}`): Write {
  return (changes) => {
    const out = changes.beginPut(tables.session, number);
    writeSession(out, { clientId, isEnded: false, expirySeconds: 60, leftAt: 0, ...unknown });
    changes.endPut();
  };
}

function subscription(first: number, second: number): Write {
  return (changes) => {
    const options = { qos: 1, noLocal: false, retainAsPublished: false } as const;
    const record = { ...options, filter: `f/${second}`, subscriptionIdentifier: undefined };
    writeSubscription(changes.beginPut(tables.subscription, first, second), record);
    changes.endPut();
  };
}

interface Sample {
  readonly state?: 'waiting' | 'published' | 'released';
  readonly qos?: 0 | 1 | 2;
  readonly expiresAt?: number;
  readonly shared?: number;
}

function delivery(first: number, second: number, sample: Sample = {}): Write {
  const { state = 'waiting', qos = 1, expiresAt = Number.POSITIVE_INFINITY, shared } = sample;
  return (changes) => {
    const out = changes.beginPut(tables.delivery, first, second);
    const message = new Message('t', new Uint8Array(10), { expiresAt });
    const rest = {
      terms: undefined,
      order: 0,
      counted: false,
      wasSent: false,
      held: false,
      retain: false,
    };
    const packetId = state === 'waiting' ? 0 : second;
    const isReference = shared !== undefined;
    const one = { ...rest, sequence: second, message, qos, packetId, state };
    writeDelivery(out, one, { share: undefined, isReference, calendar });
    if (isReference) writeNumber(out, shared);
    else writeMessage(out, message, calendar);
    changes.endPut();
  };
}

function message(table: typeof tables.message | typeof tables.retained, number: number): Write {
  return (changes) => {
    const out = changes.beginPut(table, number);
    writeMessage(out, new Message(`topic/${number}`, Uint8Array.of(1, 2, 3)), calendar);
    changes.endPut();
  };
}

function raw(table: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7, first: number, ...value: number[]): Write {
  return (changes) => {
    changes.beginPut(table, first, 1).raw(Uint8Array.from(value));
    changes.endPut();
  };
}

/** Recalls records that are written in the order of their keys; their bytes are only lent. */
function recalled(...writes: Write[]) {
  const changes = new Changes();
  for (const write of writes) write(changes);
  return recall((take) => {
    readChanges(changes.view(), {
      put(key, value) {
        const lent = value.slice();
        take(key, lent);
        lent.fill(0xee);
      },
      remove: () => assert.fail(),
      hold: () => assert.fail(),
    });
  }, calendar);
}

describe('recall', () => {
  it('finds nothing in an empty store, which no broker has left in a hurry', () => {
    const { sessions, retained, hasEnded, messageNumberMax, strayCount } = recalled();
    assert.deepEqual([sessions.size, retained.length], [0, 0]);
    assert.deepEqual([hasEnded, messageNumberMax, strayCount], [true, 0, 0]);
  });

  it('gives each session what is its own', () => {
    const { sessions, strayCount } = recalled(
      session(1),
      session(3),
      subscription(1, 1),
      subscription(1, 4),
      subscription(3, 2),
      raw(tables.received, 3),
      delivery(1, 5),
      delivery(3, 7),
      delivery(3, 9),
    );
    const found = [...sessions.values()].map((each) => ({
      clientId: each.record.clientId,
      filters: each.subscriptions.map(({ record }) => record.filter),
      numbers: each.subscriptions.map(({ number }) => number),
      openIds: each.openIds,
      waiting: each.shelf.waitingCount,
      last: each.shelf.last,
    }));
    assert.deepEqual(found, [
      {
        clientId: 'client 1',
        filters: ['f/1', 'f/4'],
        numbers: [1, 4],
        openIds: [],
        waiting: 1,
        last: 5,
      },
      { clientId: 'client 3', filters: ['f/2'], numbers: [2], openIds: [1], waiting: 2, last: 9 },
    ]);
    assert.equal(strayCount, 0);
  });

  it('counts what waits and what is in flight, and what has expired no more', () => {
    const { sessions } = recalled(
      session(1),
      delivery(1, 1, { state: 'released', qos: 2 }),
      delivery(1, 2, { state: 'published', expiresAt: -5000 }),
      delivery(1, 3, { expiresAt: -5000 }),
      delivery(1, 4, { qos: 0 }),
      delivery(1, 5, { expiresAt: 5000 }),
    );
    const { shelf } = sessions.get(1)!;
    const bytes = new Message('t', new Uint8Array(10)).bytes;
    assert.deepEqual([shelf.inflightCount, shelf.inflightBytes], [2, 2 * bytes]);
    assert.deepEqual([shelf.waitingCount, shelf.qos0Count], [3, 1]);
    shelf.discountExpired(0);
    assert.deepEqual([shelf.waitingCount, shelf.waitingBytes], [2, 2 * bytes]);
    assert.deepEqual([shelf.taken, shelf.last], [0, 5]);
  });

  it('keeps retained messages, though their bytes were lent', () => {
    const { retained } = recalled(message(tables.retained, 2), message(tables.retained, 8));
    assert.deepEqual(
      retained.map(({ number, message }) => [number, message.topic, [...message.payload]]),
      [
        [2, 'topic/2', [1, 2, 3]],
        [8, 'topic/8', [1, 2, 3]],
      ],
    );
  });

  it('knows the highest number of a shared message', () => {
    const writes = [message(tables.message, 3), message(tables.message, 70_000)];
    assert.equal(recalled(...writes).messageNumberMax, 70_000);
  });

  const strays: readonly (readonly [string, Write])[] = [
    ['a session that cannot be read', raw(tables.session, 1, 0, 1)],
    ['a subscription of no session', subscription(9, 1)],
    ['a subscription that cannot be read', raw(tables.subscription, 1, 0x10)],
    ['a packet id of no session', raw(tables.received, 9)],
    ['a delivery of no session', delivery(9, 1)],
    ['a delivery that cannot be read', raw(tables.delivery, 1, 0x0c)],
    ['a retained message that cannot be read', raw(tables.retained, 1, 0, 0, 9)],
  ];
  for (const [name, stray] of strays) {
    it(`counts what belongs to nothing, and goes on: ${name}`, () => {
      const { strayCount, sessions } = recalled(session(1), stray, session(2));
      assert.equal(strayCount, 1);
      assert.ok(sessions.has(2));
    });
  }

  it('counts keys of no table', () => {
    const { strayCount } = recall((take) => {
      take(new Uint8Array(), new Uint8Array());
      take(Uint8Array.of(200, 1), new Uint8Array());
      take(keyOf(tables.holders, 1), new Uint8Array());
    }, calendar);
    assert.equal(strayCount, 2);
  });

  for (const hasEnded of [true, false]) {
    it(`knows that its broker ${hasEnded ? 'has ended as it should' : 'broke off'}`, () => {
      assert.equal(
        recalled((changes) => writeBroker(changes, { hasEnded, brokenOffAt: 0 })).hasEnded,
        hasEnded,
      );
    });
  }

  it('reads what version 1 has written', () => {
    const out = new ByteWriter(9);
    for (const byte of [0, 1, 0, 0, 0, 0, 0, 0, 7]) out.u8(byte);
    assert.equal(recalled(raw(tables.broker, 0, ...out.view())).brokenOffAt, 7);
  });

  it('refuses what a later version has written', () => {
    const out = new ByteWriter(3);
    out.u16(layoutVersion + 1);
    out.u8(0);
    assert.throws(
      () => recalled(raw(tables.broker, 0, ...out.view())),
      (error) => error instanceof LayoutError && error.found === layoutVersion + 1,
    );
  });
});
