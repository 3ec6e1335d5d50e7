/** CBOR as JSON (RFC 8949). */

import { type MtAiValue, SequenceEvents, Simple } from 'cbor2';
import { bytesAsHex } from './byte-text.ts';
import { type JsonText, jsonObject } from './json-text.ts';
import {
  bytesValue,
  depthMax,
  floatValue,
  integerValue,
  type MapEntry,
  mapValue,
  textValue,
  wordValue,
} from './output-value.ts';
import { UndecodableError } from './undecodable-error.ts';

/** @throws UndecodableError */
export function decodeCbor(payload: Uint8Array): JsonText {
  const tokens = new Tokens(payload);
  const value = readItem(tokens, tokens.next(), 0);
  if (!tokens.isAtEnd) throw new UndecodableError('more bytes follow the first data item');
  return value;
}

const types = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const;
const indefinite = 31;
const halfFloat = 25;
const doubleFloat = 27;

type Token = readonly [type: number, detail: number, value: MtAiValue[2]];

/** The library's reading of the bytes: heads with their values, one by one. */
class Tokens {
  readonly #events: SequenceEvents;

  constructor(bytes: Uint8Array) {
    this.#events = new SequenceEvents(bytes, { maxDepth: depthMax });
  }

  next(): Token {
    const token = guarded(() => this.#events.read());
    if (token === undefined) throw new UndecodableError('it ends too early');
    return [token[0], token[1], token[2]];
  }

  get isAtEnd(): boolean {
    return guarded(() => this.#events.peek()) === undefined;
  }
}

/** What the library throws has no class of its own. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UndecodableError(faultOf(error as Error & { readonly code?: string }));
  }
}

function faultOf({ name, message, code }: Error & { readonly code?: string }): string {
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'a text is not UTF-8';
  // A read behind the end, and a length beyond what numbers are exact for.
  const endsEarly = name === 'RangeError' || name === 'TypeError';
  if (endsEarly || message.startsWith('Unexpected end')) return 'it ends too early';
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function readItem(tokens: Tokens, [type, detail, value]: Token, depth: number): JsonText {
  if (depth > depthMax) throw new UndecodableError(`it is nested more than ${depthMax} deep`);
  switch (type) {
    case types.unsigned:
    case types.negative:
      return integerValue(value as number | bigint);
    case types.bytes:
      return bytesValue(readBytes(tokens, detail, value));
    case types.text:
      return textValue(readText(tokens, detail, value));
    case types.array:
      return { type: 'array', items: [...readItems(tokens, lengthOf(detail, value), depth)] };
    case types.map:
      return mapValue([...readEntries(tokens, lengthOf(detail, value), depth)]);
    case types.tag:
      return readTagged(tokens, value as number | bigint, depth);
    default:
      return readSimple(detail, value);
  }
}

/** How many follow; undefined: as many as there are before a break. */
function lengthOf(detail: number, value: Token[2]): number | undefined {
  return detail === indefinite ? undefined : Number(value);
}

function isBreak([type, detail]: Token): boolean {
  return type > types.tag && detail === indefinite;
}

function* readItems(tokens: Tokens, length: number | undefined, depth: number) {
  for (let count = 0; count !== length; count++) {
    const token = tokens.next();
    if (length === undefined && isBreak(token)) return;
    yield readItem(tokens, token, depth + 1);
  }
}

function* readEntries(
  tokens: Tokens,
  length: number | undefined,
  depth: number,
): Generator<MapEntry> {
  for (let count = 0; count !== length; count++) {
    const token = tokens.next();
    if (length === undefined && isBreak(token)) return;
    const [type, detail, value] = token;
    const isText = type === types.text;
    const key = isText ? readText(tokens, detail, value) : readItem(tokens, token, depth + 1);
    yield { key, value: readItem(tokens, tokens.next(), depth + 1) };
  }
}

function readBytes(tokens: Tokens, detail: number, value: Token[2]): Uint8Array {
  if (detail !== indefinite) return value as Uint8Array;
  return Buffer.concat(readChunks(tokens) as Uint8Array[]);
}

function readText(tokens: Tokens, detail: number, value: Token[2]): string {
  return detail === indefinite ? readChunks(tokens).join('') : (value as string);
}

/** The library has seen to it that they are of one type. */
function readChunks(tokens: Tokens): Token[2][] {
  const chunks: Token[2][] = [];
  for (let token = tokens.next(); !isBreak(token); token = tokens.next()) chunks.push(token[2]);
  return chunks;
}

const tags = { bignum: 2, negativeBignum: 3, selfDescribed: 55_799 } as const;

// Thousands of digits are for nobody to read, and the more there are the longer they take.
const bignumBytesMax = 1024;

function readTagged(tokens: Tokens, tag: number | bigint, depth: number): JsonText {
  const token = tokens.next();
  const [type, detail, value] = token;
  const isBignum = tag === tags.bignum || tag === tags.negativeBignum;
  if (isBignum && type === types.bytes) {
    const bytes = readBytes(tokens, detail, value);
    if (bytes.length > bignumBytesMax) return tagged(tag, bytesValue(bytes));
    const magnitude = BigInt(`0x0${bytesAsHex(bytes)}`);
    return integerValue(tag === tags.bignum ? magnitude : -1n - magnitude);
  }
  const content = readItem(tokens, token, depth + 1);
  return tag === tags.selfDescribed ? content : tagged(tag, content);
}

function tagged(tag: number | bigint, content: JsonText): JsonText {
  return jsonObject([
    ['$tag', integerValue(tag)],
    ['value', content],
  ]);
}

function readSimple(detail: number, value: Token[2]): JsonText {
  if (detail >= halfFloat && detail <= doubleFloat) return floatValue(value as number);
  if (typeof value === 'boolean' || value === null) return wordValue(value);
  if (value === undefined) return jsonObject([['$simple', integerValue(23)]]);
  if (value instanceof Simple) return jsonObject([['$simple', integerValue(value.value)]]);
  throw new UndecodableError('a break stands where an item is due');
}
