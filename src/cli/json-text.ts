/** JSON as mosquitto_sub prints it, byte for byte. All texts here are byte texts: byte-text.ts. */

import { textAsBytes } from './byte-text.ts';
import { generalNumber } from './number-text.ts';

/** A value that keeps what JavaScript's objects lose: the order of keys, and those given twice. */
export type JsonText =
  /** A number, text or word, ready to be printed. */
  | { readonly type: 'scalar'; readonly text: string }
  | { readonly type: 'array'; readonly items: readonly JsonText[] }
  | { readonly type: 'object'; readonly entries: readonly JsonEntry[] };

export type JsonEntry = readonly [name: string, value: JsonText];

export function jsonString(text: string): JsonText {
  return { type: 'scalar', text: JSON.stringify(text) };
}

export function jsonNumber(value: number): JsonText {
  return { type: 'scalar', text: numberText(value) };
}

export function jsonObject(entries: readonly JsonEntry[]): JsonText {
  return { type: 'object', entries };
}

export function jsonBoolean(value: boolean): JsonText {
  return { type: 'scalar', text: String(value) };
}

export function jsonArray(items: readonly JsonText[]): JsonText {
  return { type: 'array', items };
}

export const jsonNull: JsonText = { type: 'scalar', text: 'null' };

/** @returns undefined when the bytes are not JSON, or nested too deeply */
export function parseJson(bytes: Uint8Array): JsonText | undefined {
  let text: string;
  try {
    text = utf8.decode(bytes);
    JSON.parse(text); // What is read below is known to be in order.
  } catch {
    return undefined;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
  return readValue(tokens.values(), 0);
}

export function printJson(value: JsonText): string {
  switch (value.type) {
    case 'scalar':
      return value.text;
    case 'array':
      return `[${value.items.map(printJson).join(',')}]`;
    case 'object':
      return `{${value.entries.map(([name, each]) => `${JSON.stringify(name)}:${printJson(each)}`)}}`;
    default:
      return value satisfies never;
  }
}

/** With one name to a line, indented by tabs; arrays stay on their line. */
export function printPrettyJson(value: JsonText, depth = 0): string {
  switch (value.type) {
    case 'scalar':
      return value.text;
    case 'array':
      return `[${value.items.map((each) => printPrettyJson(each, depth + 1)).join(', ')}]`;
    case 'object': {
      const indent = '\t'.repeat(depth);
      const lines = value.entries.map(
        ([name, each]) =>
          `${indent}\t${JSON.stringify(name)}:\t${printPrettyJson(each, depth + 1)}`,
      );
      const body = lines.length === 0 ? '' : `${lines.join(',\n')}\n`;
      return `{\n${body}${indent}}`;
    }
    default:
      return value satisfies never;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

// Mosquitto's own limit, which keeps this and printing from running out of stack.
const depthMax = 1000;

function readValue(tokens: ArrayIterator<string>, depth: number): JsonText | undefined {
  return readToken(tokens.next().value!, tokens, depth);
}

function readToken(
  token: string,
  tokens: ArrayIterator<string>,
  depth: number,
): JsonText | undefined {
  if (depth > depthMax) return undefined;
  if (token === '[') return readArray(tokens, depth);
  if (token === '{') return readObject(tokens, depth);
  if (token.startsWith('"')) return jsonString(textOf(token));
  if (/^[a-z]/.test(token)) return { type: 'scalar', text: token };
  return jsonNumber(Number(token));
}

function readArray(tokens: ArrayIterator<string>, depth: number): JsonText | undefined {
  const items: JsonText[] = [];
  for (const token of tokens) {
    if (token === ']') break;
    if (token === ',') continue;
    const item = readToken(token, tokens, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return { type: 'array', items };
}

function readObject(tokens: ArrayIterator<string>, depth: number): JsonText | undefined {
  const entries: JsonEntry[] = [];
  for (const token of tokens) {
    if (token === '}') break;
    if (token === ',') continue;
    tokens.next(); // The colon.
    const value = readValue(tokens, depth + 1);
    if (value === undefined) return undefined;
    entries.push([textOf(token), value]);
  }
  return { type: 'object', entries };
}

/** What a quoted token says. */
function textOf(token: string): string {
  return textAsBytes(JSON.parse(token));
}

// 15 digits are printed where they come as near to the number as this, else 17.
const digitsFew = 15;
const digitsMany = 17;

function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  const few = Number(value.toPrecision(digitsFew));
  const isNear = Math.abs(few - value) <= Math.max(Math.abs(few), Math.abs(value)) * Number.EPSILON;
  return generalNumber(value, isNear ? digitsFew : digitsMany);
}
