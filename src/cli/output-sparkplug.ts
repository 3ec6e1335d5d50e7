/** Payloads of Sparkplug B as JSON, with the names of its own documents. */

import { type JsonEntry, type JsonText, jsonObject } from './json-text.ts';
import { type Fields, readFields, type Schema } from './output-protobuf.ts';
import { arrayValue, dataTypeName, numberValue } from './output-sparkplug-types.ts';
import {
  bytesValue,
  floatValue,
  integerValue,
  textValue,
  timeValue,
  wordValue,
} from './output-value.ts';
import { UndecodableError } from './undecodable-error.ts';

/** @throws UndecodableError */
export function decodeSparkplug(bytes: Uint8Array): JsonText {
  const payload = readFields(bytes, payloadSchema);
  if (payload.isEmpty) throw new UndecodableError('it has none of the fields of a payload');
  return object([
    ['timestamp', timeOf(payload, 'timestamp')],
    ['seq', uintOf(payload, 'seq')],
    ['uuid', textOf(payload, 'uuid')],
    ['metrics', array(payload.all<Fields>('metrics').map(metricValue))],
    ['body', bytesOf(payload, 'body')],
  ]);
}

// sparkplug_b.proto, as in the specification of Sparkplug 3.0.0, chapter 6.4.
const payloadSchema: Schema = () => ({
  1: ['timestamp', 'uint'],
  2: ['metrics', metricSchema],
  3: ['seq', 'uint'],
  4: ['uuid', 'text'],
  5: ['body', 'bytes'],
});

const metricSchema: Schema = () => ({
  1: ['name', 'text'],
  2: ['alias', 'uint'],
  3: ['timestamp', 'uint'],
  4: ['datatype', 'uint'],
  5: ['is_historical', 'bool'],
  6: ['is_transient', 'bool'],
  7: ['is_null', 'bool'],
  8: ['metadata', metadataSchema],
  9: ['properties', propertySetSchema],
  ...scalars(10),
  16: ['bytes', 'bytes'],
  17: ['dataset', dataSetSchema],
  18: ['template', templateSchema],
});

const metadataSchema: Schema = () => ({
  1: ['is_multi_part', 'bool'],
  2: ['content_type', 'text'],
  3: ['size', 'uint'],
  4: ['seq', 'uint'],
  5: ['file_name', 'text'],
  6: ['file_type', 'text'],
  7: ['md5', 'text'],
  8: ['description', 'text'],
});

const propertySetSchema: Schema = () => ({
  1: ['keys', 'text'],
  2: ['values', propertyValueSchema],
});

const propertyValueSchema: Schema = () => ({
  1: ['datatype', 'uint'],
  2: ['is_null', 'bool'],
  ...scalars(3),
  9: ['propertyset', propertySetSchema],
  10: ['propertysets', () => ({ 1: ['propertyset', propertySetSchema] })],
});

const dataSetSchema: Schema = () => ({
  1: ['num_of_columns', 'uint'],
  2: ['columns', 'text'],
  3: ['types', 'uint'],
  4: ['rows', () => ({ 1: ['elements', () => scalars(1)] })],
});

const templateSchema: Schema = () => ({
  1: ['version', 'text'],
  2: ['metrics', metricSchema],
  3: ['parameters', () => ({ 1: ['name', 'text'], 2: ['datatype', 'uint'], ...scalars(3) })],
  4: ['template_ref', 'text'],
  5: ['is_definition', 'bool'],
});

/** The six fields that all values have in common, from number `first` on. */
function scalars(first: number): ReturnType<Schema> {
  return {
    [first]: ['int', 'uint'],
    [first + 1]: ['long', 'uint'],
    [first + 2]: ['float', 'float'],
    [first + 3]: ['double', 'double'],
    [first + 4]: ['boolean', 'bool'],
    [first + 5]: ['string', 'text'],
  };
}

function metricValue(metric: Fields): JsonText {
  const metadata = metric.one<Fields>('metadata');
  const properties = metric.one<Fields>('properties');
  return object([
    ['name', textOf(metric, 'name')],
    ['alias', uintOf(metric, 'alias')],
    ['timestamp', timeOf(metric, 'timestamp')],
    ['datatype', typeOf(metric)],
    ...flagsOf(metric, ['is_historical', 'is_transient']),
    ['metadata', metadata && metadataValue(metadata)],
    ['properties', properties && propertySetValue(properties)],
    ['value', plainValueOf(metric, metric.one<bigint>('datatype'))],
  ]);
}

function metadataValue(metadata: Fields): JsonText {
  return object([
    ...flagsOf(metadata, ['is_multi_part']),
    ['content_type', textOf(metadata, 'content_type')],
    ['size', uintOf(metadata, 'size')],
    ['seq', uintOf(metadata, 'seq')],
    ...['file_name', 'file_type', 'md5', 'description'].map((name): OptionalEntry => {
      return [name, textOf(metadata, name)];
    }),
  ]);
}

function propertySetValue(set: Fields): JsonText {
  const values = set.all<Fields>('values');
  const keys = set.all<string>('keys');
  if (keys.length !== values.length) {
    throw new UndecodableError(`a property set has ${keys.length} keys, values ${values.length}`);
  }
  const items = keys.map((key, index): JsonText => {
    const value = values[index];
    return object([
      ['key', textValue(key)],
      ['datatype', typeOf(value)],
      ['value', plainValueOf(value, value.one<bigint>('datatype'))],
    ]);
  });
  return { type: 'array', items };
}

function dataSetValue(set: Fields): JsonText {
  const types = set.all<bigint>('types');
  const rows = set.all<Fields>('rows').map((row): JsonText => {
    const elements = row.all<Fields>('elements');
    return array(elements.map((element, column) => plainValueOf(element, types[column])));
  });
  return object([
    ['columns', array(set.all<string>('columns').map(textValue))],
    ['types', array(types.map((type) => textValue(dataTypeName(type))))],
    ['rows', array(rows)],
  ]);
}

function templateValue(template: Fields): JsonText {
  const parameters = template.all<Fields>('parameters').map((parameter) =>
    object([
      ['name', textOf(parameter, 'name')],
      ['datatype', typeOf(parameter)],
      ['value', plainValueOf(parameter, parameter.one<bigint>('datatype'))],
    ]),
  );
  return object([
    ['version', textOf(template, 'version')],
    ['template_ref', textOf(template, 'template_ref')],
    ...flagsOf(template, ['is_definition']),
    ['parameters', array(parameters)],
    ['metrics', array(template.all<Fields>('metrics').map(metricValue))],
  ]);
}

/** Which field has the value says the datatype; which number it means, too. */
function plainValueOf(fields: Fields, datatype: bigint | undefined): JsonText {
  if (fields.one<boolean>('is_null')) return wordValue(null);
  const integer = fields.one<bigint>('int') ?? fields.one<bigint>('long');
  if (integer !== undefined) return numberValue(integer, datatype);
  const float = fields.one<number>('float') ?? fields.one<number>('double');
  if (float !== undefined) return floatValue(float);
  const boolean = fields.one<boolean>('boolean');
  if (boolean !== undefined) return wordValue(boolean);
  const bytes = fields.one<Uint8Array>('bytes');
  if (bytes !== undefined) return arrayValue(bytes, datatype) ?? bytesValue(bytes);
  return textOf(fields, 'string') ?? structureOf(fields) ?? wordValue(null);
}

function structureOf(fields: Fields): JsonText | undefined {
  const set = fields.one<Fields>('propertyset');
  if (set !== undefined) return propertySetValue(set);
  const sets = fields.one<Fields>('propertysets');
  if (sets !== undefined) return array(sets.all<Fields>('propertyset').map(propertySetValue));
  const dataSet = fields.one<Fields>('dataset');
  if (dataSet !== undefined) return dataSetValue(dataSet);
  const template = fields.one<Fields>('template');
  return template && templateValue(template);
}

type OptionalEntry = readonly [name: string, value: JsonText | undefined];

function object(entries: readonly OptionalEntry[]): JsonText {
  return jsonObject(entries.filter((entry): entry is JsonEntry => entry[1] !== undefined));
}

function array(items: readonly JsonText[]): JsonText {
  return { type: 'array', items };
}

function textOf(fields: Fields, name: string): JsonText | undefined {
  const text = fields.text(name);
  return text === undefined ? undefined : textValue(text);
}

function uintOf(fields: Fields, name: string): JsonText | undefined {
  const value = fields.one<bigint>(name);
  return value === undefined ? undefined : integerValue(value);
}

function timeOf(fields: Fields, name: string): JsonText | undefined {
  const value = fields.one<bigint>(name);
  return value === undefined ? undefined : timeValue(value);
}

function bytesOf(fields: Fields, name: string): JsonText | undefined {
  const value = fields.one<Uint8Array>(name);
  return value && bytesValue(value);
}

function typeOf(fields: Fields): JsonText | undefined {
  const type = fields.one<bigint>('datatype');
  return type === undefined ? undefined : textValue(dataTypeName(type));
}

function flagsOf(fields: Fields, names: readonly string[]): OptionalEntry[] {
  return names.map((name) => {
    const flag = fields.one<boolean>(name);
    return [name, flag === undefined ? undefined : wordValue(flag)];
  });
}
