/** Messages for those who come for them, and when they count as dealt with. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { published } from '../../test/harness/mqtt-client-stage.ts';
import { holdMessage, IncomingMessage, releaseMessage } from './incoming-message.ts';
import { MessageStream } from './message-stream.ts';

function stage({ manualAck = false } = {}) {
  const taken: number[] = [];
  let left = 0;
  const stream = new MessageStream({ manualAck, left: () => left++ });
  let packetId = 0;
  const push = (count = 1) => {
    for (let i = 0; i < count; i++) {
      const packet = published('a', String(++packetId), { packetId });
      const source = { taken: (_qos: number, id: number) => taken.push(id) };
      const message = new IncomingMessage(packet, 'a', source, { add() {}, remove() {} });
      holdMessage(message);
      stream.push(message);
      releaseMessage(message);
    }
  };
  const iterator = () => stream[Symbol.asyncIterator]();
  return { stream, push, taken, iterator, left: () => left };
}

const textOf = ({ value, done }: IteratorResult<IncomingMessage, undefined>) =>
  done ? 'done' : value.text();

describe('a stream of messages', () => {
  it('has them in order, those that came before and those that come later', async () => {
    const { push, iterator } = stage();
    push(2);
    const reader = iterator();
    assert.equal(textOf(await reader.next()), '1');
    assert.equal(textOf(await reader.next()), '2');
    const third = reader.next();
    push();
    assert.equal(textOf(await third), '3');
  });

  it('lets go of a message when its reader comes for the next one', async () => {
    const { push, iterator, taken } = stage();
    push(2);
    const reader = iterator();
    await reader.next();
    assert.deepEqual(taken, []);
    await reader.next();
    assert.deepEqual(taken, [1]);
    reader.next();
    assert.deepEqual(taken, [1, 2]);
  });

  it('lets go of nothing where that is left to `ack`', async () => {
    const { push, iterator, taken } = stage({ manualAck: true });
    push(2);
    const reader = iterator();
    const { value } = await reader.next();
    await reader.next();
    assert.deepEqual(taken, []);
    value?.ack();
    assert.deepEqual(taken, [1]);
  });

  it('lets go of all when its reader leaves, also where it is left to `ack`', async () => {
    for (const manualAck of [false, true]) {
      const { push, iterator, taken, left } = stage({ manualAck });
      push(3);
      const reader = iterator();
      const { value } = await reader.next();
      assert.equal(textOf((await reader.return?.()) as never), 'done');
      if (manualAck) value?.ack();
      assert.deepEqual([taken.sort(), left()], [[1, 2, 3], 1]);
      push();
      assert.deepEqual(taken.sort(), [1, 2, 3, 4]);
    }
  });

  it('shares them between several readers', async () => {
    const { push, iterator, taken } = stage();
    const [one, other] = [iterator(), iterator()];
    const both = Promise.all([one.next(), other.next()]);
    push(2);
    assert.deepEqual((await both).map(textOf), ['1', '2']);
    one.next();
    assert.deepEqual(taken, [1]);
    other.next();
    assert.deepEqual(taken, [1, 2]);
  });

  it('forgets none that its reader has asked for ahead', async () => {
    const { push, iterator, taken } = stage();
    const reader = iterator();
    const both = Promise.all([reader.next(), reader.next()]);
    push(2);
    assert.deepEqual((await both).map(textOf), ['1', '2']);
    reader.next();
    assert.deepEqual(taken, [1, 2]);
  });

  it('ends for readers that wait, and for others once they have read what came before', async () => {
    const { stream, push, iterator, taken } = stage();
    const reader = iterator();
    const waiting = reader.next();
    push(2);
    assert.equal(textOf(await waiting), '1');
    stream.end(undefined);
    assert.equal(textOf(await reader.next()), '2');
    assert.equal(textOf(await reader.next()), 'done');
    assert.deepEqual(taken, [1, 2]);
  });

  it('fails with why it has ended, after what came before', async () => {
    const { stream, push, iterator } = stage();
    const [reader, other] = [iterator(), iterator()];
    push();
    await reader.next();
    const waiting = assert.rejects(other.next(), /broken/);
    stream.end(new Error('broken'));
    stream.end(undefined);
    await waiting;
    await assert.rejects(reader.next(), /broken/);
  });

  it('that nobody has read lets go of what it has at its end, but has it read all the same', async () => {
    const { stream, push, iterator, taken, left } = stage();
    push(3);
    stream.end(undefined);
    assert.deepEqual(taken, [1, 2, 3]);
    const reader = iterator();
    assert.deepEqual([textOf(await reader.next()), textOf(await reader.next())], ['1', '2']);
    await reader.return?.();
    assert.deepEqual([taken, left()], [[1, 2, 3], 1]);
  });
});
