/** The sending side of QoS 1 and 2, driven by hand. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import { Message } from './message.ts';
import { Outgoing } from './outgoing.ts';
import type { OutgoingLimits } from './outgoing-options.ts';
import type { Outlet } from './outlet.ts';

const limits: OutgoingLimits = {
  inflightMessagesMax: 20,
  inflightBytesMax: 0,
  messagesMax: 1000,
  bytesMax: 0,
  queueQos0: false,
};

/** An outgoing side whose packets and events are written down as short text. */
function recorder(changed: Partial<OutgoingLimits> = {}) {
  const sent: string[] = [];
  const events: string[] = [];
  const outlet = {
    canTake: true as boolean,
    payloadBytesMax: Number.POSITIVE_INFINITY,
    publish(message, qos, _retain, _terms, packetId, dup) {
      if (message.payload.length > outlet.payloadBytesMax) return 'packet too large';
      sent.push(`${message.topic} q${qos} id${packetId}${dup ? ' dup' : ''}`);
      return undefined;
    },
    pubrel(packetId, reasonCode) {
      sent.push(`pubrel id${packetId}${reasonCode === 0 ? '' : ` 0x${reasonCode.toString(16)}`}`);
    },
  } satisfies Outlet & { payloadBytesMax: number };
  const outgoing = new Outgoing(
    { ...limits, ...changed },
    {
      settled: ({ message }, code) =>
        events.push(`settled ${message.topic} 0x${code.toString(16)}`),
      dropped: ({ topic }, qos, cause) => events.push(`dropped ${topic} q${qos}: ${cause}`),
    },
  );
  const deliver = (topic: string, qos: QoS, message = new Message(topic, new Uint8Array(10))) =>
    outgoing.deliver(message, qos, false, undefined, 0);
  return {
    outgoing,
    outlet,
    deliver,
    resume: (receiveMax = 65_535, now = 0) => outgoing.resume(outlet, receiveMax, now),
    sent: () => sent.splice(0),
    events: () => events.splice(0),
  };
}

describe('Outgoing', () => {
  it('gives each message of QoS 1 and 2 a packet id of its own [MQTT-2.2.1-3] [MQTT-2.2.1-4]', () => {
    const { deliver, resume, sent } = recorder();
    resume();
    deliver('a', 1);
    deliver('b', 0);
    deliver('c', 2);
    assert.deepEqual(sent(), ['a q1 id1', 'b q0 id0', 'c q2 id2']);
  });

  it('skips packet ids in use when the numbers begin again [MQTT-2.2.1-3]', () => {
    const { outgoing, deliver, resume, sent } = recorder();
    resume();
    deliver('stays', 1);
    assert.deepEqual(sent(), ['stays q1 id1']);
    let hasBegunAgain = false;
    for (let packetId = 1, last = 1; !hasBegunAgain || packetId < 1000; last = packetId) {
      deliver('goes', 1);
      packetId = Number(/id(\d+)$/.exec(sent().join())![1]);
      assert.notEqual(packetId, 1);
      hasBegunAgain ||= packetId < last;
      outgoing.acknowledged(packetId, 0, 0);
    }
  });

  it('keeps ids for SUBSCRIBE apart from those for PUBLISH [MQTT-2.2.1-2]', () => {
    const { outgoing, deliver, resume, sent } = recorder();
    resume();
    assert.equal(outgoing.reservePacketId(), 1);
    deliver('a', 1);
    assert.deepEqual(sent(), ['a q1 id2']);
    outgoing.freePacketId(1);
    assert.equal(outgoing.reservePacketId(), 3);
  });

  it('reserves at most 1,024 ids at a time', () => {
    const { outgoing } = recorder();
    for (let i = 1; i <= 1024; i++) assert.equal(outgoing.reservePacketId(), i);
    assert.equal(outgoing.reservePacketId(), undefined);
  });

  it('sends no more than the window allows, and goes on in order [MQTT-3.3.4-9]', () => {
    const { outgoing, deliver, resume, sent } = recorder();
    resume(2);
    for (const topic of ['a', 'b', 'c', 'd']) deliver(topic, 1);
    assert.deepEqual(sent(), ['a q1 id1', 'b q1 id2']);
    outgoing.acknowledged(1, 0, 0);
    assert.deepEqual(sent(), ['c q1 id3']);
    outgoing.acknowledged(2, 0, 0);
    outgoing.acknowledged(3, 0, 0);
    assert.deepEqual(sent(), ['d q1 id4']);
  });

  it('does not hold back QoS 0 when the window is full [MQTT-4.9.0-3]', () => {
    const { deliver, resume, sent } = recorder();
    resume(1);
    deliver('a', 1);
    deliver('b', 1);
    deliver('c', 0);
    assert.deepEqual(sent(), ['a q1 id1', 'c q0 id0']);
  });

  it('counts a QoS 2 message until PUBCOMP [MQTT-4.9.0-2]', () => {
    const { outgoing, deliver, resume, sent, events } = recorder();
    resume(1);
    deliver('a', 2);
    deliver('b', 2);
    outgoing.received(1, 0, 0);
    assert.deepEqual(sent(), ['a q2 id1', 'pubrel id1']);
    outgoing.completed(1, 0, 0);
    assert.deepEqual(sent(), ['b q2 id2']);
    assert.deepEqual(events(), ['settled a 0x0']);
  });

  it('ends a QoS 2 exchange at a PUBREC with a failure [MQTT-4.3.3-4]', () => {
    const { outgoing, deliver, resume, sent, events } = recorder();
    resume(1);
    deliver('a', 2);
    outgoing.received(1, reasonCodes.quotaExceeded, 0);
    deliver('b', 2);
    assert.deepEqual(sent(), ['a q2 id1', 'b q2 id2']);
    assert.deepEqual(events(), ['settled a 0x97']);
  });

  it('answers a PUBREC for an unknown id with PUBREL 0x92', () => {
    const { outgoing, resume, sent } = recorder();
    resume();
    outgoing.received(7, 0, 0);
    outgoing.received(8, reasonCodes.unspecifiedError, 0);
    assert.deepEqual(sent(), ['pubrel id7 0x92']);
  });

  it('refuses the wrong kind of acknowledgement', () => {
    const { outgoing, deliver, resume } = recorder();
    resume();
    deliver('a', 1);
    deliver('b', 2);
    const isProtocolError = (error: unknown) =>
      error instanceof ProtocolError && error.reasonCode === reasonCodes.protocolError;
    assert.throws(() => outgoing.received(1, 0, 0), isProtocolError);
    assert.throws(() => outgoing.acknowledged(2, 0, 0), isProtocolError);
    assert.throws(() => outgoing.completed(1, 0, 0), isProtocolError);
    assert.throws(() => outgoing.completed(2, 0, 0), isProtocolError);
  });

  it('ignores acknowledgements for what is not in flight', () => {
    const { outgoing, deliver, resume, sent, events } = recorder();
    resume(1);
    deliver('a', 2);
    outgoing.acknowledged(9, 0, 0);
    outgoing.completed(9, 0, 0);
    assert.equal(outgoing.unacknowledgedCount, 1);
    assert.deepEqual([sent(), events()], [['a q2 id1'], []]);
  });

  it('sends what is unacknowledged again in order, with DUP and the same ids [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.6.0-1]', () => {
    const { outgoing, deliver, resume, sent } = recorder();
    resume();
    deliver('a', 1);
    deliver('b', 2);
    deliver('c', 2);
    deliver('d', 1);
    outgoing.received(2, 0, 0);
    outgoing.acknowledged(1, 0, 0);
    outgoing.suspend();
    deliver('e', 1);
    sent();
    resume();
    assert.deepEqual(sent(), ['pubrel id2', 'c q2 id3 dup', 'd q1 id4 dup', 'e q1 id5']);
  });

  it('keeps to the window of the new connection when it sends again [MQTT-3.3.4-9]', () => {
    const { outgoing, deliver, resume, sent } = recorder();
    resume(3);
    for (const topic of ['a', 'b', 'c']) deliver(topic, 1);
    outgoing.suspend();
    sent();
    resume(1);
    assert.deepEqual(sent(), ['a q1 id1 dup']);
    deliver('d', 1);
    outgoing.acknowledged(1, 0, 0);
    assert.deepEqual(sent(), ['b q1 id2 dup']);
    outgoing.acknowledged(3, 0, 0);
    outgoing.acknowledged(2, 0, 0);
    assert.deepEqual(sent(), ['d q1 id4'], 'c was acknowledged, for the connection before');
  });

  it('has QoS 1 and 2 wait while the outlet takes no more, and drops QoS 0', () => {
    const { outgoing, outlet, deliver, resume, sent, events } = recorder();
    resume();
    outlet.canTake = false;
    deliver('a', 1);
    deliver('b', 0);
    assert.deepEqual([sent(), events()], [[], ['dropped b q0: slow receiver']]);
    outlet.canTake = true;
    outgoing.pump(0);
    assert.deepEqual(sent(), ['a q1 id1']);
  });

  it('drops what the queue cannot take and says so', () => {
    const { deliver, events } = recorder({ messagesMax: 2 });
    for (const topic of ['a', 'b', 'c']) deliver(topic, 1);
    assert.deepEqual(events(), ['dropped c q1: queue full']);
  });

  it('keeps QoS 0 for an absent peer only where it is told to', () => {
    const plain = recorder();
    plain.deliver('a', 0);
    assert.deepEqual(plain.events(), ['dropped a q0: offline']);
    const keeping = recorder({ queueQos0: true });
    keeping.deliver('a', 0);
    keeping.resume();
    assert.deepEqual([keeping.sent(), keeping.events()], [['a q0 id0'], []]);
  });

  it('drops what expires while it waits [MQTT-3.3.2-5]', () => {
    const { outgoing, deliver, resume, sent, events } = recorder();
    deliver('old', 1, new Message('old', new Uint8Array(), { expiresAt: 1000 }));
    deliver('new', 1, new Message('new', new Uint8Array(), { expiresAt: 1001 }));
    resume(65_535, 1000);
    assert.deepEqual([sent(), events()], [['new q1 id1'], ['dropped old q1: expired']]);
    outgoing.pump(2000);
    assert.equal(outgoing.unacknowledgedCount, 1, 'what was sent is past expiring');
  });

  it('makes room in a full queue by what has expired', () => {
    const { outgoing, deliver, events } = recorder({ messagesMax: 1 });
    deliver('old', 1, new Message('old', new Uint8Array(), { expiresAt: 1000 }));
    outgoing.deliver(new Message('new', new Uint8Array()), 1, false, undefined, 1000);
    assert.deepEqual(events(), ['dropped old q1: expired']);
    assert.equal(outgoing.queuedCount, 1);
  });

  it('gives up a packet that the peer cannot take, and goes on [MQTT-3.1.2-25]', () => {
    const { outlet, deliver, resume, sent, events } = recorder();
    resume(1);
    outlet.payloadBytesMax = 5;
    deliver('large', 1);
    deliver('small', 1, new Message('small', new Uint8Array(5)));
    assert.deepEqual(sent(), ['small q1 id2']);
    assert.deepEqual(events(), ['settled large 0x95', 'dropped large q1: packet too large']);
  });

  it('bounds the bytes in flight, but always lets one message go', () => {
    const { outgoing, deliver, resume, sent } = recorder({ inflightBytesMax: 1 });
    resume();
    deliver('a', 1);
    deliver('b', 1);
    assert.deepEqual(sent(), ['a q1 id1']);
    outgoing.acknowledged(1, 0, 0);
    assert.deepEqual(sent(), ['b q1 id2']);
    assert.equal(outgoing.heldBytes, new Message('b', new Uint8Array(10)).bytes);
  });

  it('gives back at its end what no acknowledgement has come for', () => {
    const { outgoing, deliver, resume } = recorder();
    resume(3);
    for (const topic of ['a', 'b', 'c', 'd']) deliver(topic, 2);
    outgoing.received(1, 0, 0);
    const left = outgoing.abandon().map(({ message, state }) => `${message.topic} ${state}`);
    assert.deepEqual(left, ['b published', 'c published', 'd waiting']);
    assert.deepEqual(
      [outgoing.unacknowledgedCount, outgoing.queuedCount, outgoing.heldBytes],
      [0, 0, 0],
    );
  });
});
