/** Acknowledgements that wait for the store. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Acknowledgement } from '../packet/acknowledgement.ts';
import type { Packet } from '../packet/packet.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import { Incoming } from '../session/incoming.ts';
import { Message } from '../session/message.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import { Answers } from './answers.ts';
import type { Journal, Waiter } from './state/journal.ts';
import { KeptMessage } from './state/kept-message.ts';

/** What answers ask of the journal. */
class FakeJournal {
  horizon = 0;
  kept = 0;
  readonly keepsPromises = true;
  readonly waiters = new Set<Waiter>();

  isKept(commit: number): boolean {
    return commit <= this.kept;
  }

  watch(waiter: Waiter): void {
    this.waiters.add(waiter);
  }

  unwatch(waiter: Waiter): void {
    this.waiters.delete(waiter);
  }

  keep(commit: number): void {
    this.kept = commit;
    for (const waiter of [...this.waiters]) waiter.kept();
  }

  fail(): void {
    for (const waiter of [...this.waiters]) waiter.failing?.();
    for (const waiter of [...this.waiters]) waiter.failed();
  }
}

function stage({ version = 5, waitingMax = 100 } = {}) {
  const sent: string[] = [];
  const journal = new FakeJournal();
  const incoming = new Incoming();
  incoming.resume(1000);
  const eased: number[] = [];
  const send = (packet: Packet): boolean => {
    const { type } = packet;
    const id = 'packetId' in packet ? packet.packetId : '';
    const code =
      'reasonCode' in packet && packet.reasonCode ? ` 0x${packet.reasonCode.toString(16)}` : '';
    sent.push(`${type} ${id}${code}`);
    return true;
  };
  const sender = {
    version,
    send,
    acknowledge(type: Acknowledgement['type'], packetId: number, reasonCode: ReasonCode) {
      send({ type, packetId, reasonCode });
    },
  } as unknown as PacketSender;
  const answers = new Answers({
    sender,
    incoming,
    journal: journal as unknown as Journal,
    reader: { eased: () => void eased.push(sent.length) },
    waitingMax,
  });
  return { answers, journal, incoming, eased, sent: () => sent.splice(0) };
}

function puback(packetId: number) {
  return { type: 'puback', packetId, reasonCode: 0 } as const;
}

function pubrec(packetId: number) {
  return { type: 'pubrec', packetId, reasonCode: 0 } as const;
}

function suback(packetId: number): Packet {
  return { type: 'suback', packetId, reasonCodes: [0] };
}

/** A message that so many receivers wait for. */
function messageWith(partsCount: number): Message {
  const message = new Message('t', new Uint8Array());
  if (partsCount > 0) KeptMessage.of(message).partsCount = partsCount;
  return message;
}

describe('Answers', () => {
  it('leave at once when nothing has to be stored', () => {
    const { answers, sent, journal } = stage();
    let isSent = false;
    answers.acknowledge(puback(1), messageWith(0), false);
    answers.sendKept(suback(2), () => {
      isSent = true;
    });
    answers.send(puback(3));
    assert.deepEqual(sent(), ['puback 1', 'suback 2', 'puback 3']);
    assert.deepEqual([isSent, journal.waiters.size], [true, 0]);
  });

  it('leave in the order of the questions, each when it is safe', () => {
    const { answers, sent, journal } = stage();
    const [first, second] = [messageWith(1), messageWith(0)];
    answers.acknowledge(puback(1), first, false);
    journal.horizon = 5;
    answers.acknowledge(puback(2), second, true);
    answers.send(puback(3));
    answers.sendKept(suback(4));
    journal.horizon = 6;
    answers.sendKept(suback(5));
    journal.keep(5);
    assert.deepEqual(sent(), []);
    KeptMessage.of(first).partDone();
    assert.deepEqual(sent(), ['puback 1', 'puback 2', 'puback 3', 'suback 4']);
    journal.keep(6);
    assert.deepEqual(sent(), ['suback 5']);
    assert.equal(journal.waiters.size, 0, 'nothing is waited for');
  });

  it('leave when the receivers have acknowledged before anything was stored', () => {
    const { answers, sent } = stage();
    const message = messageWith(2);
    answers.acknowledge(puback(1), message, false);
    KeptMessage.of(message).partDone();
    assert.deepEqual(sent(), []);
    KeptMessage.of(message).partDone();
    assert.deepEqual(sent(), ['puback 1']);
  });

  it('wait for the message as well as for what else it has changed', () => {
    const { answers, sent, journal } = stage();
    const message = messageWith(1);
    journal.horizon = 3;
    answers.acknowledge(pubrec(1), message, true);
    KeptMessage.of(message).partDone();
    assert.deepEqual(sent(), []);
    journal.keep(3);
    assert.deepEqual(sent(), ['pubrec 1']);
  });

  it('have what follows an answer follow it', () => {
    const { answers, sent, journal } = stage();
    journal.horizon = 1;
    answers.sendKept(suback(1), () => answers.send(puback(9)));
    answers.send(puback(2));
    journal.keep(1);
    const order = sent();
    assert.equal(order[0], 'suback 1');
    assert.deepEqual(order.slice(1).sort(), ['puback 2', 'puback 9']);
  });

  it('refuse with 0x97 what cannot be stored, in their order, for MQTT 5.0', () => {
    const { answers, sent, journal, incoming } = stage();
    const messages = [messageWith(1), messageWith(0), messageWith(0)];
    incoming.publishedExactlyOnce(2);
    answers.acknowledge(puback(1), messages[0], false);
    journal.horizon = 4;
    answers.acknowledge(pubrec(2), messages[1], true);
    answers.acknowledge(puback(3), messages[2], false);
    answers.sendKept(suback(4));
    journal.fail();
    assert.deepEqual(sent(), ['puback 1 0x97', 'pubrec 2 0x97', 'puback 3']);
    assert.equal(incoming.release(2), false, 'a failure ends the exchange');
    const refused = messages.map((each) => KeptMessage.of(each).isRefused);
    assert.deepEqual(refused, [true, true, false]);
    journal.keep(4);
    assert.deepEqual(sent(), ['suback 4']);
  });

  it('keep an earlier refusal when the store fails', () => {
    const { answers, sent, journal } = stage();
    answers.acknowledge(puback(1), messageWith(1), false);
    answers.send({ ...puback(2), reasonCode: 0x87 });
    journal.fail();
    assert.deepEqual(sent(), ['puback 1 0x97', 'puback 2 0x87']);
  });

  it('wait on when the store fails, for MQTT 3.x', () => {
    const { answers, sent, journal } = stage({ version: 4 });
    const message = messageWith(1);
    answers.acknowledge(puback(1), message, false);
    journal.fail();
    assert.deepEqual([sent(), KeptMessage.of(message).isRefused], [[], false]);
    KeptMessage.of(message).partDone();
    assert.deepEqual(sent(), ['puback 1']);
  });

  it('are overdue when too many wait, and say when half of them have left', () => {
    const { answers, journal, eased } = stage({ waitingMax: 4 });
    for (let id = 1; id <= 4; id++) {
      journal.horizon = id;
      answers.sendKept(suback(id));
      assert.equal(answers.isOverdue, id === 4);
    }
    journal.keep(2);
    assert.deepEqual([answers.isOverdue, eased.length], [true, 0]);
    journal.keep(3);
    assert.deepEqual([answers.isOverdue, eased.length], [false, 1]);
    journal.keep(4);
    assert.equal(eased.length, 1);
  });

  it('are gone with their connection, and nobody releases them', () => {
    const { answers, sent, journal } = stage();
    const message = messageWith(1);
    answers.acknowledge(puback(1), message, false);
    answers.discard();
    assert.deepEqual([KeptMessage.of(message).pledge, journal.waiters.size], [undefined, 0]);
    KeptMessage.of(message).partDone();
    journal.keep(9);
    assert.deepEqual(sent(), []);
  });
});
