/** Messages of Protocol Buffers, read by a table of their fields. */

import { fieldEnd, readVarint, wireTypes } from '../plugin/protobuf-wire.ts';
import { decodeText, depthMax } from './output-value.ts';
import { UndecodableError } from './undecodable-error.ts';

export type FieldType = 'uint' | 'bool' | 'float' | 'double' | 'text' | 'bytes' | Schema;

/** The fields of a kind of message: number → name and type. */
export type Schema = () => Readonly<Record<number, readonly [name: string, type: FieldType]>>;

/** The values of a message by the names of their fields, each in its order. */
export class Fields {
  readonly #values = new Map<string, FieldValue[]>();

  add(name: string, value: FieldValue): void {
    const values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, [value]);
    else values.push(value);
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  all<T extends FieldValue>(name: string): readonly T[] {
    return (this.#values.get(name) ?? []) as T[];
  }

  /** The last one counts, as the encoding has it. */
  one<T extends FieldValue>(name: string): T | undefined {
    return this.#values.get(name)?.at(-1) as T | undefined;
  }

  text(name: string): string | undefined {
    return this.one<string>(name);
  }
}

export type FieldValue = bigint | boolean | number | string | Uint8Array | Fields;

/** Fields that the table does not have are passed over. @throws UndecodableError */
export function readFields(bytes: Uint8Array, schema: Schema, depth = 0): Fields {
  if (depth > depthMax) throw new UndecodableError(`it is nested more than ${depthMax} deep`);
  const fields = new Fields();
  const types = schema();
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at);
    const wireType = Number(key && key.value & 7n);
    const end = key && fieldEnd(bytes, key.end, wireType);
    if (key === undefined || end === undefined || key.value < 8n) {
      throw new UndecodableError(`no field is found at byte ${at}`);
    }
    const known = types[Number(key.value >> 3n)];
    if (known !== undefined) {
      const [name, type] = known;
      const field = { name, wireType, bytes: bytes.subarray(key.end, end) };
      for (const value of valuesOf(field, type, depth)) fields.add(name, value);
    }
    at = end;
  }
  return fields;
}

interface Field {
  readonly name: string;
  readonly wireType: number;
  /** With its length, where it has one. */
  readonly bytes: Uint8Array;
}

function valuesOf(field: Field, type: FieldType, depth: number): readonly FieldValue[] {
  if (type === 'uint' || type === 'bool') return integersOf(field, type);
  const { wireType } = field;
  const view = new DataView(field.bytes.buffer, field.bytes.byteOffset, field.bytes.length);
  if (type === 'float') {
    if (wireType !== wireTypes.fourBytes) throw misfit(field);
    return [view.getFloat32(0, true)];
  }
  if (type === 'double') {
    if (wireType !== wireTypes.eightBytes) throw misfit(field);
    return [view.getFloat64(0, true)];
  }
  const content = contentOf(field);
  if (type === 'bytes') return [content];
  return [type === 'text' ? decodeText(content) : readFields(content, type, depth + 1)];
}

/** One, or packed as many as there are: a reader has to take both. */
function integersOf(field: Field, type: 'uint' | 'bool'): FieldValue[] {
  const isOne = field.wireType === wireTypes.varint;
  const bytes = isOne ? field.bytes : contentOf(field);
  const values: FieldValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const number = readVarint(bytes, at);
    if (number === undefined) throw misfit(field);
    values.push(type === 'bool' ? number.value !== 0n : number.value);
    at = number.end;
  }
  return values;
}

function contentOf(field: Field): Uint8Array {
  if (field.wireType !== wireTypes.bytes) throw misfit(field);
  return field.bytes.subarray(readVarint(field.bytes, 0)!.end);
}

function misfit({ name }: Field): UndecodableError {
  return new UndecodableError(`the field '${name}' is of another type`);
}
