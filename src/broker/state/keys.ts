/**
 * The keys of the store: a table, and one or two numbers. What belongs together lies together, in
 * the order of its numbers. docs/store.md describes the layout.
 *
 *     | table: 1 byte | first number: 6 bytes | second number: 6 bytes, in some tables |
 */

import type { ByteWriter } from '../../packet/byte-writer.ts';

/** Counts up with every change that an older version could not read. */
export const layoutVersion = 2;

/** The broker reads what older versions have written, from this layout on. */
export const layoutVersionOldest = 1;

export function isReadableLayout(version: number): boolean {
  return version >= layoutVersionOldest && version <= layoutVersion;
}

export const tables = {
  /** 0 → layout version, and how the broker ended. */
  broker: 0,
  /** session → who it is, and when it ends. */
  session: 1,
  /** session, number → a filter and its options. */
  subscription: 2,
  /** session, packet id → nothing: a QoS 2 message whose PUBREL has not come. */
  received: 3,
  /** session, sequence → a message on its way to the client. */
  delivery: 4,
  /** message → what several deliveries share. */
  message: 5,
  /** message → how many deliveries share it. */
  holders: 6,
  /** number → a retained message. */
  retained: 7,
} as const;

export type Table = (typeof tables)[keyof typeof tables];

const pairTables: ReadonlySet<number> = new Set([
  tables.subscription,
  tables.received,
  tables.delivery,
]);

const numberBytes = 6;
const singleKeyBytes = 1 + numberBytes;
const pairKeyBytes = singleKeyBytes + numberBytes;
const word = 2 ** 32;

/** Numbers up to 2^48: times in milliseconds, and what is counted up for ever. */
export const numberMax = 2 ** 48 - 1;

export function writeNumber(out: ByteWriter, value: number): void {
  out.u16(Math.floor(value / word));
  out.u32(value >>> 0);
}

/** @param at where six bytes must be */
export function readNumber(bytes: Uint8Array, at: number): number {
  const high = (bytes[at] << 8) | bytes[at + 1];
  return high * word + readU32(bytes, at + 2);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function keyBytes(table: Table): number {
  return pairTables.has(table) ? pairKeyBytes : singleKeyBytes;
}

/** @param second only in tables of two numbers */
export function writeKey(out: ByteWriter, table: Table, first: number, second: number): void {
  out.u8(table);
  writeNumber(out, first);
  if (pairTables.has(table)) writeNumber(out, second);
}

export function keyOf(table: Table, first: number, second = 0): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(keyBytes(table));
  key[0] = table;
  setNumber(key, 1, first);
  if (key.length === pairKeyBytes) setNumber(key, singleKeyBytes, second);
  return key;
}

/** A key taken apart. */
export interface StoreKey {
  readonly table: Table;
  readonly first: number;
  /** 0 in tables of one number. */
  readonly second: number;
}

/** @returns undefined for what is no key of this layout */
export function readKey(key: Uint8Array): StoreKey | undefined {
  const table = key[0] as Table;
  if (!(table <= tables.retained) || key.length !== keyBytes(table)) return undefined;
  const second = key.length === pairKeyBytes ? readNumber(key, singleKeyBytes) : 0;
  return { table, first: readNumber(key, 1), second };
}

function setNumber(bytes: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let i = numberBytes - 1; i >= 0; i--) {
    bytes[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
