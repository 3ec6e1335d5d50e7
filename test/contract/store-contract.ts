/** What every Store promises, wherever it keeps its records. Each adapter runs this suite. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Store, StoredRecord, StoreFault } from '../../src/broker/ports.ts';
import { Calendar } from '../../src/broker/state/calendar.ts';
import { Changes } from '../../src/broker/state/changes.ts';
import { writeDelivery } from '../../src/broker/state/delivery-record.ts';
import { keyOf, readKey, type Table, tables, writeNumber } from '../../src/broker/state/keys.ts';
import { Message } from '../../src/session/message.ts';

/** A store that is open, and what to do when the test is over. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
}

const calendar = new Calendar({ now: () => 0 }, () => 0);
const pageCountMax = 1000;

export type Change = (changes: Changes) => void;

/** A put of a value that is `length` times the same byte. */
export function put(table: Table, first: number, second = 0, length = 1): Change {
  return (changes) => {
    changes.beginPut(table, first, second).raw(new Uint8Array(length).fill(second || first));
    changes.endPut();
  };
}

/** A delivery that shares a message. */
export function putDelivery(session: number, sequence: number, message: number): Change {
  return (changes) => {
    const out = changes.beginPut(tables.delivery, session, sequence);
    const delivery = {
      sequence,
      message: new Message('t', new Uint8Array()),
      qos: 1,
      retain: false,
      terms: undefined,
      packetId: 0,
      state: 'waiting',
      order: 0,
      counted: false,
      wasSent: false,
      held: false,
    } as const;
    writeDelivery(out, delivery, { share: undefined, isReference: true, calendar });
    writeNumber(out, message);
    changes.endPut();
  };
}

export function remove(table: Table, first: number, second = 0): Change {
  return (changes) => changes.remove(table, first, second);
}

export function hold(message: number, difference: 1 | -1): Change {
  return (changes) => changes.hold(message, difference);
}

/** Commits, and gives the fault that there was. */
export async function commit(store: Store, ...made: Change[]): Promise<StoreFault | undefined> {
  const changes = new Changes();
  for (const change of made) change(changes);
  const { promise, resolve } = Promise.withResolvers<StoreFault | undefined>();
  store.commit(changes.view(), resolve);
  return await promise;
}

type Range = readonly [first: number, second?: number];

export async function read(store: Store, table: Table, from: Range, to: Range) {
  const { promise, resolve } = Promise.withResolvers<readonly StoredRecord[]>();
  store.read(keyOf(table, ...from), keyOf(table, ...to), resolve);
  return await promise;
}

/** All records of a table, page by page, as the text of their numbers. */
export async function readAll(store: Store, table: Table): Promise<string[]> {
  const found: string[] = [];
  let from: Range = [0];
  for (;;) {
    const records = await read(store, table, from, [2 ** 48 - 1, 2 ** 48 - 1]);
    if (records.length === 0) return found;
    const keys = records.map(({ key }) => readKey(key)!);
    found.push(...keys.map(({ first, second }) => `${first}.${second}`));
    const { first, second } = keys[keys.length - 1];
    const isPair = records[0].key.length > 7;
    from = isPair ? [first, second + 1] : [first + 1];
  }
}

/** @param open an empty store */
export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`the Store contract: ${name}`, () => {
    for (const [claim, prove] of Object.entries(claims)) {
      it(claim, async () => {
        await using opened = await open();
        await prove(opened.store);
      });
    }
  });
}

const claims: Readonly<Record<string, (store: Store) => Promise<void>>> = {
  'answers later, in the order of the calls': async (store) => {
    const answers: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const changes = new Changes();
    put(tables.session, 1)(changes);
    store.commit(changes.view(), (fault) => answers.push(`commit ${fault}`));
    const key = keyOf(tables.session, 1);
    store.read(key, key, (records) => answers.push(`read ${records.length}`));
    store.commit(new Uint8Array(0), (fault) => {
      answers.push(`empty commit ${fault}`);
      resolve();
    });
    assert.deepEqual(answers, [], 'a port never answers before it returns');
    await promise;
    assert.deepEqual(answers, ['commit undefined', 'read 1', 'empty commit undefined']);
  },

  'keeps the last value that was put, until it is removed': async (store) => {
    await commit(store, put(tables.session, 1, 0, 3), put(tables.session, 1, 0, 5));
    const value = async () => (await read(store, tables.session, [1], [1]))[0]?.value.length;
    assert.equal(await value(), 5);
    await commit(store, put(tables.session, 1, 0, 0));
    assert.equal(await value(), 0);
    await commit(store, remove(tables.session, 1), remove(tables.session, 99));
    assert.equal(await value(), undefined);
    await commit(store, put(tables.session, 1, 0, 7));
    assert.equal(await value(), 7);
  },

  'has the caller change its bytes once `done` is called': async (store) => {
    const changes = new Changes();
    const numbers = [1, 2, 3];
    for (const number of numbers) {
      put(tables.session, number)(changes);
      const { promise, resolve } = Promise.withResolvers<unknown>();
      store.commit(changes.view(), resolve);
      await promise;
      changes.view().fill(0xff);
      changes.clear();
    }
    const records = await read(store, tables.session, [0], [9]);
    assert.deepEqual(
      records.map(({ value }) => value[0]),
      numbers,
    );
  },

  'reads from one key to another, both included, in their order': async (store) => {
    const pairs = [
      [2, 1],
      [1, 2 ** 40],
      [1, 300],
      [1, 2],
      [2 ** 33, 0],
      [1, 1],
    ] as const;
    await commit(store, ...pairs.map(([first, second]) => put(tables.received, first, second)));
    await commit(store, put(tables.session, 1), put(tables.retained, 1));
    const found = async (from: Range, to: Range) =>
      (await read(store, tables.received, from, to)).map(({ key }) => {
        const { first, second } = readKey(key)!;
        return `${first}.${second}`;
      });
    assert.deepEqual(await found([1, 2], [1, 300]), ['1.2', '1.300']);
    assert.deepEqual(await found([1, 3], [1, 299]), []);
    assert.deepEqual(await found([0], [2 ** 47]), [
      '1.1',
      '1.2',
      '1.300',
      `1.${2 ** 40}`,
      '2.1',
      `${2 ** 33}.0`,
    ]);
  },

  'reads in pages that end, never an empty one before the last': async (store) => {
    const count = 3000;
    const numbers = Array.from({ length: count }, (_, i) => i + 1);
    await commit(store, ...numbers.map((number) => put(tables.received, 1, number)));
    const page = await read(store, tables.received, [1], [1, count]);
    assert.ok(page.length > 0 && page.length <= pageCountMax, `${page.length} records`);
    assert.deepEqual(
      await readAll(store, tables.received),
      numbers.map((number) => `1.${number}`),
    );
  },

  'keeps values of any size': async (store) => {
    const sizes = [0, 1, 2000, 5000, 70_000, 3_000_000];
    await commit(store, ...sizes.map((size, i) => put(tables.retained, i + 1, 0, size)));
    for (const [i, size] of sizes.entries()) {
      const [{ value }] = await read(store, tables.retained, [i + 1], [i + 1]);
      assert.equal(value.length, size);
      assert.ok(value.every((byte) => byte === i + 1));
    }
    assert.equal((await readAll(store, tables.retained)).length, sizes.length);
  },

  'has a message as long as deliveries share it': async (store) => {
    const counts = async () => [
      (await readAll(store, tables.message)).length,
      (await readAll(store, tables.holders)).length,
    ];
    await commit(store, put(tables.message, 7), hold(7, 1), hold(7, 1), hold(7, 1));
    assert.deepEqual(await counts(), [1, 1]);
    await commit(store, hold(7, -1), hold(7, -1));
    assert.deepEqual(await counts(), [1, 1]);
    await commit(store, hold(7, -1), hold(7, 1));
    assert.deepEqual(await counts(), [1, 1], 'what counts is the end of the commit');
    await commit(store, hold(7, -1), put(tables.session, 1));
    assert.deepEqual(await counts(), [0, 0]);
    await commit(store, put(tables.message, 8), hold(8, 1), hold(8, -1));
    assert.deepEqual(await counts(), [0, 0]);
  },

  'gives the message along with a delivery that shares it': async (store) => {
    await commit(store, put(tables.message, 7, 0, 500), hold(7, 1), hold(7, 1));
    await commit(store, putDelivery(1, 1, 7), putDelivery(1, 2, 99), putDelivery(1, 3, 7));
    const records = await read(store, tables.delivery, [1], [1, 9]);
    assert.deepEqual(
      records.map(({ message }) => message?.length),
      [500, undefined, 500],
    );
  },

  'makes commits in their order, however many are handed over': async (store) => {
    const rounds = Array.from({ length: 50 }, (_, i) => i + 1);
    const all = rounds.map((round) =>
      commit(store, put(tables.session, 1, 0, round), put(tables.session, 1 + round)),
    );
    assert.deepEqual(
      await Promise.all(all),
      rounds.map(() => undefined),
    );
    const [{ value }] = await read(store, tables.session, [1], [1]);
    assert.equal(value.length, 50);
  },
};
