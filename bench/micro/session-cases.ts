/** The QoS state of a session, in front of an outlet that takes everything. */

import { Incoming } from '../../src/session/incoming.ts';
import { Message } from '../../src/session/message.ts';
import { Outgoing } from '../../src/session/outgoing.ts';
import type { MicroCase } from './micro-case.ts';
import { Sink } from './sessions.ts';

const limits = {
  inflightMessagesMax: 20,
  inflightBytesMax: 0,
  messagesMax: 1000,
  bytesMax: 0,
  queueQos0: false,
};
const runs = 100_000;
const payload = new Uint8Array(64);
const atMostOnce = new Message('a/b', payload);
const atLeastOnce = new Message('a/b', payload, { qos: 1 });
const exactlyOnce = new Message('a/b', payload, { qos: 2 });

export const sessionCases: readonly MicroCase[] = [
  deliverAtMostOnce(),
  deliverAtLeastOnce('deliver QoS 1, with PUBACK', 0, 0.75),
  deliverAtLeastOnce('deliver QoS 1, with PUBACK, behind 100 others', 100, 1.3),
  deliverExactlyOnce(),
  receiveExactlyOnce(),
];

function outgoing(): { readonly sink: Sink; readonly out: Outgoing } {
  const sink = new Sink();
  const out = new Outgoing(limits, { dropped() {} });
  out.resume(sink, 65_535, 0);
  return { sink, out };
}

function deliverAtMostOnce(): MicroCase {
  const { out } = outgoing();
  const run = (): void => out.deliver(atMostOnce, 0, false, undefined, 0);
  return { name: 'deliver QoS 0', budget: 0.12, runs, run };
}

/** @param waiting messages that wait until those in flight are acknowledged */
function deliverAtLeastOnce(name: string, waiting: number, budget: number): MicroCase {
  const { sink, out } = outgoing();
  if (waiting === 0) {
    const run = (): void => {
      out.deliver(atLeastOnce, 1, false, undefined, 0);
      out.acknowledged(sink.lastPacketId, 0, 0);
    };
    return { name, budget, runs, run };
  }
  const inflight: number[] = [];
  for (let i = 0; i < limits.inflightMessagesMax + waiting; i++) {
    out.deliver(atLeastOnce, 1, false, undefined, 0);
    if (i < limits.inflightMessagesMax) inflight.push(sink.lastPacketId);
  }
  let at = 0;
  const run = (): void => {
    out.deliver(atLeastOnce, 1, false, undefined, 0);
    out.acknowledged(inflight[at], 0, 0);
    inflight[at] = sink.lastPacketId;
    at = (at + 1) % inflight.length;
  };
  return { name, budget, runs, run };
}

function deliverExactlyOnce(): MicroCase {
  const { sink, out } = outgoing();
  const run = (): void => {
    out.deliver(exactlyOnce, 2, false, undefined, 0);
    out.received(sink.lastPacketId, 0, 0);
    out.completed(sink.lastPacketId, 0, 0);
  };
  return { name: 'deliver QoS 2, with PUBREC and PUBCOMP', budget: 0.9, runs, run };
}

function receiveExactlyOnce(): MicroCase {
  const incoming = new Incoming();
  incoming.resume(20);
  const run = (turn: number): void => {
    const packetId = 1 + (turn & 0xfff);
    incoming.publishedExactlyOnce(packetId);
    incoming.release(packetId);
  };
  return { name: 'receive QoS 2, with PUBREL', budget: 0.16, runs, run };
}
