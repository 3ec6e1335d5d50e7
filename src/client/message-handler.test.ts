/** A function for each message: how many at a time, and when it is dealt with. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { published } from '../../test/harness/mqtt-client-stage.ts';
import { holdMessage, IncomingMessage, releaseMessage } from './incoming-message.ts';
import { type HandleMessage, MessageHandler } from './message-handler.ts';

function stage(handle: HandleMessage, { concurrency = 1, manualAck = false } = {}) {
  const taken: number[] = [];
  const failures: string[] = [];
  let whenTaken = () => {};
  const handler = new MessageHandler(handle, {
    concurrency,
    manualAck,
    failed: (error, message) => failures.push(`${message.text()}: ${error}`),
  });
  let packetId = 0;
  const source = {
    taken(_qos: number, id: number) {
      taken.push(id);
      whenTaken();
    },
  };
  const push = (count = 1) => {
    for (let i = 0; i < count; i++) {
      const packet = published('a', String(++packetId), { packetId });
      const message = new IncomingMessage(packet, 'a', source, { add() {}, remove() {} });
      holdMessage(message);
      handler.push(message);
      releaseMessage(message);
    }
  };
  const onTaken = (call: () => void) => {
    whenTaken = call;
  };
  return { push, taken, failures, onTaken };
}

/** A handler whose promises the test settles. */
function slow() {
  const begun: string[] = [];
  const open: PromiseWithResolvers<void>[] = [];
  const handle = (message: IncomingMessage) => {
    begun.push(message.text());
    open.push(Promise.withResolvers());
    return open.at(-1)!.promise;
  };
  return { begun, open, handle };
}

const turn = () => new Promise<void>((done) => setImmediate(done));

describe('a handler', () => {
  it('that returns nothing has dealt with a message when it returns', () => {
    const heard: string[] = [];
    const { push, taken } = stage((message) => void heard.push(message.text()));
    push(2);
    assert.deepEqual(
      [heard, taken],
      [
        ['1', '2'],
        [1, 2],
      ],
    );
  });

  it('that returns promises is given one message at a time', async () => {
    const { begun, open, handle } = slow();
    const { push, taken } = stage(handle);
    push(3);
    assert.deepEqual([begun, taken], [['1'], []]);
    open[0].resolve();
    await turn();
    assert.deepEqual([begun, taken], [['1', '2'], [1]]);
  });

  it('is given as many as it wants at a time, in order', async () => {
    const { begun, open, handle } = slow();
    const { push, taken } = stage(handle, { concurrency: 2 });
    push(4);
    assert.deepEqual(begun, ['1', '2']);
    open[1].resolve();
    await turn();
    assert.deepEqual([begun, taken], [['1', '2', '3'], [2]]);
    open[0].resolve();
    open[2].resolve();
    await turn();
    assert.deepEqual(
      [begun, taken],
      [
        ['1', '2', '3', '4'],
        [2, 1, 3],
      ],
    );
  });

  it('is given no message before one that has waited, whatever comes when that is due', async () => {
    const { begun, open, handle } = slow();
    const { push, onTaken } = stage(handle);
    push(2);
    onTaken(() => {
      onTaken(() => {});
      push();
    });
    open[0].resolve();
    await turn();
    open[1].resolve();
    await turn();
    assert.deepEqual(begun, ['1', '2', '3']);
  });

  it('that fails is told of, and given the next', async () => {
    const { push, taken, failures } = stage((message) => {
      if (message.text() === '1') throw new Error('at once');
      return Promise.reject(new Error('later'));
    });
    push(3);
    await turn();
    assert.deepEqual(failures, ['1: Error: at once', '2: Error: later', '3: Error: later']);
    assert.deepEqual(taken, [1, 2, 3]);
  });

  it('that acknowledges by itself has not dealt with a message before it does', async () => {
    const messages: IncomingMessage[] = [];
    const { push, taken } = stage((message) => void messages.push(message), { manualAck: true });
    push(2);
    await turn();
    assert.deepEqual(taken, []);
    messages[1].ack();
    messages[0].ack();
    assert.deepEqual(taken, [2, 1]);
  });
});
