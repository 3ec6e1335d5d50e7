/** A message that has arrived, and those who deal with it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { message } from '../../test/harness/client-stage.ts';
import type { Publish } from '../packet/publish.ts';
import { holdMessage, holdUntilAck, IncomingMessage, releaseMessage } from './incoming-message.ts';

function arrived(publish: Partial<Publish> = {}) {
  const log: string[] = [];
  const source = { taken: (qos: number, packetId: number) => log.push(`taken ${qos} ${packetId}`) };
  const backlog = {
    add: (bytes: number) => log.push(`add ${bytes}`),
    remove: (bytes: number) => log.push(`remove ${bytes}`),
  };
  const packet = { ...message(1, 7, '{"a":1}'), ...publish };
  return { log, incoming: new IncomingMessage(packet, 'a', source, backlog) };
}

describe('an incoming message', () => {
  it('keeps its properties, which were lent', () => {
    const correlationData = Uint8Array.of(1, 2);
    const { incoming } = arrived({ properties: { correlationData, contentType: 't' } });
    correlationData.fill(0);
    assert.deepEqual([incoming.text(), incoming.json()], ['{"a":1}', { a: 1 }]);
    assert.deepEqual(incoming.properties, {
      correlationData: Uint8Array.of(1, 2),
      contentType: 't',
    });
  });

  it('says what is no text, and throws for what is no JSON', () => {
    const { incoming } = arrived({ payload: Uint8Array.of(0xff) });
    assert.equal(incoming.text(), '\ufffd');
    assert.throws(() => incoming.json(), SyntaxError);
  });

  it('is taken when the last who holds it has let go', () => {
    const { incoming, log } = arrived();
    holdMessage(incoming);
    holdMessage(incoming);
    releaseMessage(incoming);
    assert.deepEqual(log, ['add 7']);
    releaseMessage(incoming);
    assert.deepEqual(log, ['add 7', 'remove 7', 'taken 1 7']);
  });

  it('waits for `ack` where it is held until then, and once only', () => {
    const { incoming, log } = arrived();
    holdUntilAck(incoming);
    holdMessage(incoming);
    incoming.ack();
    incoming.ack();
    assert.deepEqual(log, ['add 7']);
    releaseMessage(incoming);
    assert.deepEqual(log, ['add 7', 'remove 7', 'taken 1 7']);
  });
});
