/** Output formats of mosquitto_sub: `%t %p` and more, with field widths, times and escapes. */

import type { ReceivedMessage } from '../client/inbox.ts';
import { bytesAsHex, bytesAsText, textAsBytes } from './byte-text.ts';
import {
  type JsonText,
  jsonNull,
  jsonString,
  parseJson,
  printJson,
  printPrettyJson,
} from './json-text.ts';
import { messageJson } from './message-json.ts';
import { Moment } from './moment.ts';
import { UsageError } from './usage-error.ts';

/** Prints a message into a text with a character for each byte: see byte-text.ts. */
export type MessageFormat = (message: ReceivedMessage) => string;

export interface FormatOptions {
  /** JSON on many lines. */
  readonly pretty: boolean;
  /** Is told when `%J` meets a payload that is no JSON. */
  readonly complain: (message: string) => void;
}

/** @throws UsageError when the format is none */
export function messageFormat(format: string, options: FormatOptions): MessageFormat {
  const pieces = piecesOf(format);
  return (message) => {
    const arrival = { message, moment: Moment.now(), options };
    let text = '';
    for (const piece of pieces) text += piece(arrival);
    return text;
  };
}

/** A message with what it takes to print it. */
interface Arrival {
  readonly message: ReceivedMessage;
  readonly moment: Moment;
  readonly options: FormatOptions;
}

type Piece = (arrival: Arrival) => string;

const syntax =
  /(?<plain>[^%@\\]+)|%(?<left>-?)(?<zero>0?)(?<width>\d{0,6})(?:\.(?<precision>\d{0,6}))?(?<field>.?)|@(?<time>.?)|\\(?<code>.?)/gsu;

function piecesOf(format: string): Piece[] {
  return [...format.matchAll(syntax)].map(({ groups = {} }) => {
    const { plain, field, time, code } = groups;
    if (plain !== undefined) return constant(textAsBytes(plain));
    if (time !== undefined) return timePiece(time);
    if (code !== undefined) return constant(escaped(code));
    return fieldPiece(field, {
      left: groups.left !== '',
      zero: groups.zero !== '',
      width: Number(groups.width),
      precision: groups.precision === undefined ? undefined : Number(groups.precision),
    });
  });
}

function constant(text: string): Piece {
  return () => text;
}

function timePiece(code: string): Piece {
  if (code === '') throw new UsageError('Incomplete format specifier.');
  if (code === '@') return constant('@');
  if (code === 'N') return ({ moment }) => String(moment.nanoseconds).padStart(9, '0');
  return ({ moment }) => textAsBytes(moment.strftime(`%${code}`));
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  0: '\0',
  a: '\x07',
  e: '\x1b',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function escaped(code: string): string {
  if (code === '') throw new UsageError('Incomplete escape specifier.');
  if (Object.hasOwn(escapes, code)) return escapes[code];
  throw new UsageError(`Invalid escape specifier '${code}'.`);
}

interface Layout {
  /** Blanks go behind the value instead of before it. */
  readonly left: boolean;
  /** Zeros take the place of blanks before the value. */
  readonly zero: boolean;
  /** The least number of bytes. */
  readonly width: number;
  /** The greatest, for texts. */
  readonly precision: number | undefined;
}

interface Field {
  /** What of the layout applies: nothing to `plain`, zeros to numbers, precision to texts. */
  readonly type: 'number' | 'bytes' | 'text' | 'plain';
  readonly of: (arrival: Arrival) => string | number | undefined;
}

const fields: Readonly<Record<string, Field>> = {
  '%': { type: 'plain', of: () => '%' },
  A: { type: 'number', of: ({ message }) => message.properties?.topicAlias },
  C: { type: 'text', of: ({ message }) => bytesOf(message.properties?.contentType) },
  D: { type: 'plain', of: ({ message }) => correlationData(message) },
  E: { type: 'number', of: ({ message }) => message.properties?.messageExpiryInterval },
  F: { type: 'number', of: ({ message }) => message.properties?.payloadFormatIndicator },
  I: { type: 'text', of: ({ moment }) => moment.iso },
  j: { type: 'plain', of: (arrival) => json(arrival, textPayload(arrival)) },
  J: { type: 'plain', of: (arrival) => json(arrival, jsonPayload(arrival)) },
  l: { type: 'number', of: ({ message }) => message.payload.length },
  m: { type: 'number', of: ({ message }) => message.packetId },
  p: { type: 'bytes', of: ({ message }) => bytesAsText(message.payload) },
  P: { type: 'plain', of: ({ message }) => userProperties(message) },
  q: { type: 'plain', of: ({ message }) => message.qos },
  R: { type: 'text', of: ({ message }) => bytesOf(message.properties?.responseTopic) },
  r: { type: 'plain', of: ({ message }) => Number(message.retain) },
  S: { type: 'number', of: ({ message }) => message.properties?.subscriptionIdentifiers?.[0] },
  t: { type: 'text', of: ({ message }) => textAsBytes(message.topic) },
  U: { type: 'plain', of: ({ moment }) => moment.unix },
  x: { type: 'bytes', of: ({ message }) => bytesAsHex(message.payload) },
  X: { type: 'bytes', of: ({ message }) => bytesAsHex(message.payload).toUpperCase() },
};

function fieldPiece(code: string, layout: Layout): Piece {
  if (code === '') throw new UsageError('Incomplete format specifier.');
  if (!Object.hasOwn(fields, code)) {
    throw new UsageError(`Invalid format specifier '${code}'.`);
  }
  const { type, of } = fields[code];
  return (arrival) => laidOut(String(of(arrival) ?? ''), type, layout);
}

function laidOut(value: string, type: Field['type'], layout: Layout): string {
  const { left, zero, width, precision } = layout;
  if (type === 'plain') return value;
  const text = type === 'text' && precision !== undefined ? value.slice(0, precision) : value;
  if (left) return text.padEnd(width);
  return text.padStart(width, zero && type !== 'text' ? '0' : ' ');
}

function bytesOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : textAsBytes(text);
}

function correlationData({ properties }: ReceivedMessage): string | undefined {
  return properties?.correlationData && bytesAsText(properties.correlationData);
}

function userProperties({ properties }: ReceivedMessage): string | undefined {
  const pairs = properties?.userProperties ?? [];
  return textAsBytes(pairs.map(([name, value]) => `${name}:${value}`).join(' '));
}

function json({ message, moment, options }: Arrival, payload: JsonText | undefined): string {
  if (payload === undefined) return '';
  const tree = messageJson(message, moment, payload);
  return options.pretty ? printPrettyJson(tree) : printJson(tree);
}

function textPayload({ message: { payload } }: Arrival): JsonText {
  return payload.length === 0 ? jsonNull : jsonString(bytesAsText(payload));
}

function jsonPayload({ message: { payload, topic }, options }: Arrival): JsonText | undefined {
  if (payload.length === 0) return jsonNull;
  const parsed = parseJson(payload);
  if (parsed !== undefined) return parsed;
  options.complain(`Error: Message payload is not valid JSON on topic ${topic}.`);
  return undefined;
}
