/** The store in memory. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { put, storeContract } from '../../test/contract/store-contract.ts';
import { Changes } from '../broker/state/changes.ts';
import { tables } from '../broker/state/keys.ts';
import { MemoryStore } from './memory.ts';

storeContract('in memory', async () => ({
  store: new MemoryStore(),
  async [Symbol.asyncDispose]() {},
}));

it('answers when it is told to', () => {
  const later: (() => void)[] = [];
  const store = new MemoryStore((answer) => later.push(answer));
  const answers: unknown[] = [];
  store.commit(new Uint8Array(0), (fault) => answers.push(fault));
  assert.deepEqual(answers, []);
  for (const answer of later) answer();
  assert.deepEqual(answers, [undefined]);
});

it('hands over its records in the order of their keys', () => {
  const changes = new Changes();
  for (const number of [300, 2, 70_000]) put(tables.session, number)(changes);
  put(tables.broker, 0)(changes);
  const store = new MemoryStore();
  store.apply(changes.view());
  const keys: string[] = [];
  store.records((key) => keys.push(Buffer.from(key).toString('hex')));
  assert.deepEqual(keys, [...keys].sort());
  assert.equal(keys.length, 4);
});
