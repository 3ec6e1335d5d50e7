/** Output formats of mosquitto_sub 2.1: `%t %p` and more, with field widths, times and escapes. */

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
import { fixedNumber } from './number-text.ts';
import { UsageError } from './usage-error.ts';

/** Prints a message into a text with a character for each byte: see byte-text.ts. */
export type MessageFormat = (message: ReceivedMessage) => string;

export interface FormatOptions {
  /** JSON on many lines. */
  readonly pretty: boolean;
  /** Is told when `%J`, `%f` or `%d` meets a payload that is not what it prints. */
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

// A separator may be any sign that ends no format; `%%` is one by itself.
const syntax =
  /(?<plain>[^%@\\]+)|%(?<left>-?)(?<zero>0?)(?<width>\d{0,6})(?:\.(?<precision>\d{0,6}))?(?<separator>[!-$&-/:-@[-`{-~ ]?)(?<field>.?)|@(?<time>.?)|\\(?<code>.?)/gsu;

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
      separator: groups.separator || ' ',
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
  /** The greatest, for texts; digits behind the point; hexadecimal digits that go together. */
  readonly precision: number | undefined;
  /** Stands between hexadecimal digits. */
  readonly separator: string;
}

interface Field {
  /**
   * What of the layout applies: nothing to `plain`, zeros to numbers, precision to texts. Bytes and
   * `hex` are cut at the width.
   */
  readonly type: 'number' | 'bytes' | 'hex' | 'text' | 'plain';
  readonly of: (arrival: Arrival, layout: Layout) => string | number | undefined;
}

const fields: Readonly<Record<string, Field>> = {
  '%': { type: 'plain', of: () => '%' },
  A: { type: 'number', of: ({ message }) => message.properties?.topicAlias },
  C: { type: 'text', of: ({ message }) => bytesOf(message.properties?.contentType) },
  D: { type: 'plain', of: ({ message }) => correlationData(message) },
  d: { type: 'number', of: (arrival, layout) => float(arrival, layout, 'double') },
  E: { type: 'number', of: ({ message }) => message.properties?.messageExpiryInterval },
  f: { type: 'number', of: (arrival, layout) => float(arrival, layout, 'float') },
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
  x: { type: 'hex', of: ({ message }) => bytesAsHex(message.payload) },
  X: { type: 'hex', of: ({ message }) => bytesAsHex(message.payload).toUpperCase() },
};

function fieldPiece(code: string, layout: Layout): Piece {
  if (code === '') throw new UsageError('Incomplete format specifier.');
  if (!Object.hasOwn(fields, code)) {
    throw new UsageError(`Invalid format specifier '${code}'.`);
  }
  const { type, of } = fields[code];
  return (arrival) => {
    const value = of(arrival, layout);
    // Alone of all texts it leaves no blanks in its place.
    if (code === 'R' && value === undefined) return '';
    return laidOut(String(value ?? ''), type, layout);
  };
}

function laidOut(value: string, type: Field['type'], layout: Layout): string {
  const { left, zero, width, precision } = layout;
  const padded = (text: string, pad: string) =>
    left ? text.padEnd(width) : text.padStart(width, pad);
  switch (type) {
    case 'plain':
      return value;
    case 'text':
      return padded(precision === undefined ? value : value.slice(0, precision), ' ');
    case 'number':
      if (zero && !left && value.startsWith('-'))
        return `-${value.slice(1).padStart(width - 1, '0')}`;
      return padded(value, zero ? '0' : ' ');
    case 'bytes':
      return padded(width === 0 ? value : value.slice(0, width), zero ? '0' : ' ');
    case 'hex': {
      const digits = width === 0 ? value : value.slice(0, width * 2);
      if (left) return grouped(digits, layout) + ' '.repeat(Math.max(0, width - digits.length));
      return grouped(digits.padStart(width, zero ? '0' : ' '), layout);
    }
    default:
      return type satisfies never;
  }
}

/** So many digits at a time as the precision says, with the separator in between. */
function grouped(digits: string, { precision = 0, separator }: Layout): string {
  if (precision === 0) return digits;
  const groups = digits.match(new RegExp(`.{1,${precision}}`, 'gs')) ?? [];
  return groups.join(separator);
}

const floats = {
  float: { bytes: 4, read: (view: DataView) => view.getFloat32(0, true) },
  double: { bytes: 8, read: (view: DataView) => view.getFloat64(0, true) },
} as const;

/** The payload as a number of IEEE 754, in the order of bytes of nearly every machine. */
function float(
  { message: { payload }, options }: Arrival,
  { precision }: Layout,
  kind: keyof typeof floats,
): string {
  const { bytes, read } = floats[kind];
  if (payload.length !== bytes) {
    options.complain(`requested ${kind} printing, but non-${kind} data received`);
    return '';
  }
  return fixedNumber(read(new DataView(payload.buffer, payload.byteOffset, bytes)), precision);
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
