/** The datatypes of Sparkplug B: their names, and what numbers and arrays mean by them. */

import type { JsonText } from './json-text.ts';
import {
  decodeText,
  floatValue,
  integerValue,
  textValue,
  timeValue,
  wordValue,
} from './output-value.ts';
import { UndecodableError } from './undecodable-error.ts';

/** In the order of their numbers; integers with the bits that count, negative with a sign. */
const dataTypes: readonly (readonly [name: string, bits?: number])[] = [
  ['Unknown'],
  ['Int8', -8],
  ['Int16', -16],
  ['Int32', -32],
  ['Int64', -64],
  ['UInt8', 8],
  ['UInt16', 16],
  ['UInt32', 32],
  ['UInt64', 64],
  ['Float'],
  ['Double'],
  ['Boolean'],
  ['String'],
  ['DateTime'],
  ['Text'],
  ['UUID'],
  ['DataSet'],
  ['Bytes'],
  ['File'],
  ['Template'],
  ['PropertySet'],
  ['PropertySetList'],
  ['Int8Array'],
  ['Int16Array'],
  ['Int32Array'],
  ['Int64Array'],
  ['UInt8Array'],
  ['UInt16Array'],
  ['UInt32Array'],
  ['UInt64Array'],
  ['FloatArray'],
  ['DoubleArray'],
  ['BooleanArray'],
  ['StringArray'],
  ['DateTimeArray'],
];

/** The number itself where it is none that Sparkplug has. */
export function dataTypeName(type: bigint): string {
  return dataTypes[Number(type)]?.[0] ?? String(type);
}

/** What the encoding has as an unsigned number; without a datatype it stays that. */
export function numberValue(value: bigint, datatype: bigint | undefined): JsonText {
  const [name, bits] = dataTypes[Number(datatype ?? 0n)] ?? [];
  if (name === 'DateTime') return timeValue(BigInt.asIntN(64, value));
  if (bits === undefined || bits > 0) return integerValue(value);
  return integerValue(BigInt.asIntN(-bits, value));
}

/** How each element of an array is read, and how many bytes it has; all are little-endian. */
const elements: Readonly<Record<string, readonly [size: number, read: Read]>> = {
  Int8Array: [1, (view, at) => integerValue(view.getInt8(at))],
  Int16Array: [2, (view, at) => integerValue(view.getInt16(at, true))],
  Int32Array: [4, (view, at) => integerValue(view.getInt32(at, true))],
  Int64Array: [8, (view, at) => integerValue(view.getBigInt64(at, true))],
  UInt8Array: [1, (view, at) => integerValue(view.getUint8(at))],
  UInt16Array: [2, (view, at) => integerValue(view.getUint16(at, true))],
  UInt32Array: [4, (view, at) => integerValue(view.getUint32(at, true))],
  UInt64Array: [8, (view, at) => integerValue(view.getBigUint64(at, true))],
  FloatArray: [4, (view, at) => floatValue(view.getFloat32(at, true))],
  DoubleArray: [8, (view, at) => floatValue(view.getFloat64(at, true))],
  DateTimeArray: [8, (view, at) => timeValue(view.getBigInt64(at, true))],
};

type Read = (view: DataView, at: number) => JsonText;

/** @returns undefined when it is of no array; throws UndecodableError */
export function arrayValue(bytes: Uint8Array, datatype: bigint | undefined): JsonText | undefined {
  const name = dataTypeName(datatype ?? 0n);
  if (name === 'BooleanArray') return { type: 'array', items: booleans(bytes) };
  if (name === 'StringArray') return { type: 'array', items: texts(bytes) };
  if (!Object.hasOwn(elements, name)) return undefined;
  const [size, read] = elements[name];
  if (bytes.length % size !== 0) throw incomplete(name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const items = Array.from({ length: bytes.length / size }, (_, index) => read(view, index * size));
  return { type: 'array', items };
}

/** Their number in four bytes, then eight to a byte, from the highest bit on. */
function booleans(bytes: Uint8Array): JsonText[] {
  const headBytes = 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < headBytes) throw incomplete('BooleanArray');
  const length = view.getUint32(0, true);
  if (Math.ceil(length / 8) > bytes.length - headBytes) throw incomplete('BooleanArray');
  return Array.from({ length }, (_, index) => {
    const byte = bytes[headBytes + (index >> 3)];
    return wordValue(((byte >> (7 - (index & 7))) & 1) === 1);
  });
}

/** Each ends with a zero byte. */
function texts(bytes: Uint8Array): JsonText[] {
  if (bytes.length === 0) return [];
  const pieces = decodeText(bytes).split('\0');
  if (pieces.pop() !== '') throw incomplete('StringArray');
  return pieces.map(textValue);
}

function incomplete(name: string): UndecodableError {
  return new UndecodableError(`a value of type ${name} is incomplete`);
}
