/**
 * What binary encodings have and JSON has not, as JSON: objects with a name that begins with `$`.
 * Nothing is lost on the way: integers have all their digits, and maps their order.
 */

import { bytesAsHex, textAsBytes } from './byte-text.ts';
import { type JsonEntry, type JsonText, jsonObject, jsonString } from './json-text.ts';
import { UndecodableError } from './undecodable-error.ts';

/** Deeper nesting is refused: it serves nobody but who wants to exhaust the stack. */
export const depthMax = 200;

export function integerValue(value: number | bigint): JsonText {
  return { type: 'scalar', text: String(value) };
}

/** With a point, so that 1.0 is no integer. */
export function floatValue(value: number): JsonText {
  if (!Number.isFinite(value)) return jsonObject([['$float', jsonString(String(value))]]);
  const text = Object.is(value, -0) ? '-0' : String(value);
  return { type: 'scalar', text: /^-?\d+$/.test(text) ? `${text}.0` : text };
}

export function wordValue(value: boolean | null): JsonText {
  return { type: 'scalar', text: String(value) };
}

export function textValue(value: string): JsonText {
  return jsonString(textAsBytes(value));
}

export function bytesValue(value: Uint8Array): JsonText {
  return jsonObject([['$hex', jsonString(bytesAsHex(value))]]);
}

/** An object where all keys are texts; otherwise `{"$map":[[key,value],...]}`. */
export function mapValue(entries: readonly MapEntry[]): JsonText {
  const named = entries.flatMap(({ key, value }): JsonEntry[] =>
    typeof key === 'string' ? [[textAsBytes(key), value]] : [],
  );
  if (named.length === entries.length) return jsonObject(named);
  const items = entries.map(({ key, value }): JsonText => {
    return { type: 'array', items: [typeof key === 'string' ? textValue(key) : key, value] };
  });
  return jsonObject([['$map', { type: 'array', items }]]);
}

export interface MapEntry {
  /** A text as it is, anything else as JSON. */
  readonly key: string | JsonText;
  readonly value: JsonText;
}

/** `2026-11-22T21:39:05.123Z`, or the number where it is no time of a calendar. */
export function timeValue(milliseconds: bigint): JsonText {
  const date = new Date(Number(milliseconds));
  if (Number.isNaN(date.getTime())) return integerValue(milliseconds);
  return jsonString(date.toISOString());
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws UndecodableError */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new UndecodableError('a text is not UTF-8');
  }
}
