/** Whether every promise was kept: what each subscriber has, against what was acknowledged. */

import { momentText } from './clock.ts';
import type { Receipt } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import type { Message } from './message.ts';
import type { Stage } from './stage.ts';
import type { Subscriber } from './subscriber.ts';
import { expectationOf, type SubscriptionRecord } from './subscription-record.ts';

/** Judges a run that has been played to its end; what it finds goes into the ledger. */
export function judge(stage: Stage, ledger: Ledger): void {
  for (const subscriber of stage.subscribers) {
    for (const message of missingAt(subscriber, ledger)) {
      const absences = subscriber.absencesText(message.sent);
      ledger.failMessage('lost', message, `${subscriber.name} never got it; it was ${absences}`);
    }
    judgeReceipts(subscriber, ledger);
  }
}

/** Acknowledged messages that a subscriber must have, and has not. */
export function missingAt(subscriber: Subscriber, ledger: Ledger): readonly Message[] {
  const recordsByTopic = recordsBy(subscriber);
  const missing: Message[] = [];
  for (const message of ledger.messages()) {
    if (subscriber.inbox.has(message.label)) continue;
    if (expectationOf(recordsByTopic(message.topic), message) === 'must') missing.push(message);
  }
  return missing;
}

function judgeReceipts(subscriber: Subscriber, ledger: Ledger): void {
  const recordsByTopic = recordsBy(subscriber);
  for (const [label, receipt] of subscriber.inbox.entries()) {
    const message = ledger.message(label)!;
    const { counts } = receipt;
    const times = timesText(receipt);
    const records = recordsByTopic(message.topic);
    if (expectationOf(records, message) === 'never') {
      const text = `${subscriber.name} has no subscription for it, and got it, ${times}`;
      ledger.failMessage('unexpected', message, `${text}; ${recordsText(records)}`);
    }
    const [, , qos2] = counts;
    if (qos2 > 1) {
      const text = `${subscriber.name} got it ${qos2} times with QoS 2, ${times}`;
      ledger.failMessage('duplicate', message, text);
    }
    const wanted = records.at(-1)?.qos ?? 0;
    const qos = Math.min(message.qos, wanted) as 0 | 1 | 2;
    if (counts[qos] !== counts[0] + counts[1] + counts[2]) {
      const text = `${subscriber.name} got it with QoS 0, 1, 2 ${counts} times, wanted was ${qos}`;
      ledger.failMessage('unexpected', message, text);
    }
  }
}

function timesText({ first, last, packetIds }: Receipt): string {
  const times = `first at ${momentText(first)}, last at ${momentText(last)}`;
  return `${times}, with packet ids ${packetIds.slice(0, 5).join(', ')}`;
}

function recordsBy(subscriber: Subscriber): (topic: string) => readonly SubscriptionRecord[] {
  const known = new Map<string, readonly SubscriptionRecord[]>();
  return (topic) => {
    const records = known.get(topic) ?? subscriber.recordsFor(topic);
    known.set(topic, records);
    return records;
  };
}

function recordsText(records: readonly SubscriptionRecord[]): string {
  const lives = records.slice(-3).map(({ requested, granted, revoking, revoked }) => {
    const made = `SUBSCRIBE at ${momentText(requested)}, SUBACK at ${momentText(granted)}`;
    return `${made}, UNSUBSCRIBE ${momentText(revoking)}, UNSUBACK ${momentText(revoked)}`;
  });
  return lives.length === 0 ? 'it never subscribed' : lives.join('; ');
}
