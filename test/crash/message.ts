/** A message of the test: its label, the payload that carries the label, and what became of it. */

import type { ReasonCode } from '../../src/packet/reason-codes.ts';
import type { Moment } from './clock.ts';
import { momentText } from './clock.ts';

export interface Message {
  /** Unique in a run: the publisher and its number. */
  readonly label: string;
  readonly publisher: string;
  readonly number: number;
  readonly topic: string;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly payload: Uint8Array;
  /** When it went out first, always the same packet to the broker. */
  sent: Moment | undefined;
  resends: number;
  /** PUBACK or PUBREC: from here on the broker must not lose it. */
  acknowledged: Moment | undefined;
  /** PUBACK or PUBCOMP. */
  completed: Moment | undefined;
  /** The broker did not take it. */
  refused: ReasonCode | undefined;
}

export type NewMessage = Pick<Message, 'publisher' | 'number' | 'topic' | 'qos' | 'retain'>;

/** @param fillerBytes how much longer than its label the payload is */
export function newMessage(message: NewMessage, fillerBytes: number): Message {
  const label = `${message.publisher}#${message.number}`;
  return {
    ...message,
    label,
    payload: Buffer.from(textOf(label, message.topic, fillerBytes)),
    sent: undefined,
    resends: 0,
    acknowledged: undefined,
    completed: undefined,
    refused: undefined,
  };
}

/** A retained message with an empty payload, which removes what its topic retains. */
export function newRemoval(message: Omit<NewMessage, 'retain'>): Message {
  return { ...newMessage({ ...message, retain: true }, 0), payload: new Uint8Array(0) };
}

/** The label in a payload; undefined when any byte is not what was published on that topic. */
export function labelIn(payload: Uint8Array, topic: string): string | undefined {
  const text = Buffer.from(payload).toString('latin1');
  const [, label, bytes] = /^(\w+#\d+) (\d{1,7}) /.exec(text) ?? [];
  if (label === undefined) return undefined;
  return text === textOf(label, topic, Number(bytes)) ? label : undefined;
}

function textOf(label: string, topic: string, fillerBytes: number): string {
  const filler = `${label}.`.repeat(Math.ceil(fillerBytes / (label.length + 1)));
  return `${label} ${fillerBytes} ${topic} ${filler.slice(0, fillerBytes)}`;
}

/** Its story on the side of the publisher. */
export function storyOf(message: Message): string {
  const { label, topic, qos, sent, resends, acknowledged, completed, refused } = message;
  const ack = qos === 1 ? 'PUBACK' : 'PUBREC';
  return [
    `${label} on ${topic}, QoS ${qos}${message.retain ? ', retained' : ''}:`,
    `sent at ${momentText(sent)}, ${resends} times again, ${ack} at ${momentText(acknowledged)}`,
    ...(qos === 2 ? [`, PUBCOMP at ${momentText(completed)}`] : []),
    ...(refused === undefined ? [] : [`, refused with 0x${refused.toString(16)}`]),
  ].join(' ');
}
