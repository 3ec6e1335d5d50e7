/** Tests the reading of Sparkplug B, of payloads put together field by field. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printJson } from './json-text.ts';
import { decodeSparkplug } from './output-sparkplug.ts';
import { UndecodableError } from './undecodable-error.ts';

type Bytes = readonly number[];

const varint = (value: bigint): Bytes => {
  return value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...varint(value >> 7n)];
};
const uint = (field: number, value: bigint | number): Bytes => {
  return [...varint(BigInt(field << 3)), ...varint(BigInt.asUintN(64, BigInt(value)))];
};
const bytes = (field: number, content: Bytes): Bytes => {
  return [...varint(BigInt((field << 3) | 2)), ...varint(BigInt(content.length)), ...content];
};
const text = (field: number, value: string): Bytes => bytes(field, [...Buffer.from(value)]);
const float = (field: number, value: number): Bytes => {
  return [(field << 3) | 5, ...new Uint8Array(Float32Array.of(value).buffer)];
};
const double = (field: number, value: number): Bytes => {
  return [...varint(BigInt((field << 3) | 1)), ...new Uint8Array(Float64Array.of(value).buffer)];
};

const decoded = (payload: Bytes) => printJson(decodeSparkplug(Uint8Array.from(payload)));

/** A metric of one type, as the payload has it. */
function metric(datatype: number, ...fields: Bytes[]): Bytes {
  return bytes(2, [...text(1, 'm'), ...uint(4, datatype), ...fields.flat()]);
}

describe('Sparkplug B becomes JSON', () => {
  it('whole payloads, as of the specification’s NBIRTH', () => {
    const birth = [
      ...uint(1, 1486144502122n),
      ...bytes(2, [...text(1, 'bdSeq'), ...uint(4, 8), ...uint(11, 0)]),
      ...bytes(2, [
        ...text(1, 'Node Control/Rebirth'),
        ...uint(2, 3),
        ...uint(3, 1486144502123n),
        ...uint(4, 11),
        ...uint(6, 1),
        ...uint(14, 0),
      ]),
      ...uint(3, 0),
      ...text(4, 'id'),
      ...bytes(5, [1, 2]),
    ];
    assert.equal(
      decoded(birth),
      '{"timestamp":"2017-02-03T17:55:02.122Z","seq":0,"uuid":"id","metrics":[' +
        '{"name":"bdSeq","datatype":"UInt64","value":0},' +
        '{"name":"Node Control/Rebirth","alias":3,"timestamp":"2017-02-03T17:55:02.123Z",' +
        '"datatype":"Boolean","is_transient":true,"value":false}],"body":{"$hex":"0102"}}',
    );
  });

  for (const { name, fields, json } of [
    {
      name: 'Int8 in 32 bits',
      fields: metric(1, uint(10, 0xffff_fffe)),
      json: '"Int8","value":-2',
    },
    { name: 'Int8 in 8 bits', fields: metric(1, uint(10, 0xfe)), json: '"Int8","value":-2' },
    {
      name: 'Int32',
      fields: metric(3, uint(10, 0x8000_0000)),
      json: '"Int32","value":-2147483648',
    },
    { name: 'Int64', fields: metric(4, uint(11, -5n)), json: '"Int64","value":-5' },
    {
      name: 'UInt32',
      fields: metric(7, uint(10, 0xffff_fffe)),
      json: '"UInt32","value":4294967294',
    },
    {
      name: 'UInt64',
      fields: metric(8, uint(11, -1n)),
      json: '"UInt64","value":18446744073709551615',
    },
    { name: 'Float', fields: metric(9, float(12, 0.5)), json: '"Float","value":0.5' },
    { name: 'Double', fields: metric(10, double(13, 25)), json: '"Double","value":25.0' },
    { name: 'Boolean', fields: metric(11, uint(14, 1)), json: '"Boolean","value":true' },
    { name: 'String', fields: metric(12, text(15, 'é')), json: '"String","value":"\xc3\xa9"' },
    {
      name: 'DateTime',
      fields: metric(13, uint(11, 0)),
      json: '"DateTime","value":"1970-01-01T00:00:00.000Z"',
    },
    {
      name: 'a time of no calendar',
      fields: metric(13, uint(11, 1n << 62n)),
      json: '"value":4611686018427387904',
    },
    { name: 'null', fields: metric(3, uint(7, 1)), json: '"Int32","value":null' },
    {
      name: 'Bytes',
      fields: metric(17, bytes(16, [0, 255])),
      json: '"Bytes","value":{"$hex":"00ff"}',
    },
    { name: 'Int8Array', fields: metric(22, bytes(16, [0xe9, 0x7b])), json: '"value":[-23,123]' },
    {
      name: 'Int16Array',
      fields: metric(23, bytes(16, [0xd0, 0x8a, 0xff, 0x75])),
      json: '"value":[-30000,30207]',
    },
    { name: 'UInt32Array', fields: metric(28, bytes(16, [0x34, 0, 0, 0])), json: '"value":[52]' },
    { name: 'Int64Array', fields: metric(25, bytes(16, Array(8).fill(255))), json: '"value":[-1]' },
    {
      name: 'FloatArray',
      fields: metric(30, bytes(16, [0x68, 0x88, 0xa9, 0x41])),
      json: '"value":[21.19160461425781',
    },
    {
      name: 'BooleanArray',
      fields: metric(32, bytes(16, [12, 0, 0, 0, 0x34, 0xd0])),
      json: '"value":[false,false,true,true,false,true,false,false,true,true,false,true]',
    },
    {
      name: 'StringArray',
      fields: metric(33, bytes(16, [...Buffer.from('ABC\0hello\0')])),
      json: '"value":["ABC","hello"]',
    },
    {
      name: 'DateTimeArray',
      fields: metric(34, bytes(16, Array(8).fill(0))),
      json: '"value":["1970-01-01T00:00:00.000Z"]',
    },
    {
      name: 'a datatype that is none',
      fields: metric(99, uint(10, 1)),
      json: '"datatype":"99","value":1',
    },
    {
      name: 'a metric by its alias',
      fields: bytes(2, [...uint(2, 7), ...uint(10, 0xffff_ffff)]),
      json: '{"alias":7,"value":4294967295}',
    },
    {
      name: 'metadata',
      fields: metric(
        17,
        bytes(8, [...uint(1, 1), ...text(2, 'text/plain'), ...uint(3, 9), ...text(7, 'sum')]),
      ),
      json: '"metadata":{"is_multi_part":true,"content_type":"text/plain","size":9,"md5":"sum"}',
    },
  ]) {
    it(name, () => assert.ok(decoded(fields).includes(json), `${json} in ${decoded(fields)}`));
  }

  it('properties, also in one another', () => {
    const unit = [...uint(1, 12), ...text(8, 'mm')];
    const inner = [...text(1, 'unit'), ...bytes(2, unit)];
    const set = [
      ...text(1, 'quality'),
      ...text(1, 'more'),
      ...bytes(2, [...uint(1, 3), ...uint(3, 192)]),
      ...bytes(2, [...uint(1, 20), ...bytes(9, inner)]),
    ];
    assert.match(
      decoded(metric(3, bytes(9, set), uint(10, 1))),
      /"properties":\[\{"key":"quality","datatype":"Int32","value":192\},\{"key":"more","datatype":"PropertySet","value":\[\{"key":"unit","datatype":"String","value":"mm"\}\]\}\]/,
    );
  });

  for (const [name, types] of [
    ['one by one', [...uint(3, 3), ...uint(3, 12)]],
    ['packed', bytes(3, [3, 12])],
  ] as const) {
    it(`datasets, with types ${name}`, () => {
      const row = [...bytes(1, uint(1, 0xffff_ffff)), ...bytes(1, text(6, 'x'))];
      const set = [...uint(1, 2), ...text(2, 'a'), ...text(2, 'b'), ...types, ...bytes(4, row)];
      assert.match(
        decoded(metric(16, bytes(17, set))),
        /"value":\{"columns":\["a","b"\],"types":\["Int32","String"\],"rows":\[\[-1,"x"\]\]\}/,
      );
    });
  }

  it('templates', () => {
    const template = [
      ...text(1, 'v1'),
      ...metric(3, uint(10, 2)),
      ...bytes(3, [...text(1, 'p'), ...uint(2, 11), ...uint(7, 1)]),
      ...text(4, 'ref'),
      ...uint(5, 1),
    ];
    assert.match(
      decoded(metric(19, bytes(18, template))),
      /"value":\{"version":"v1","template_ref":"ref","is_definition":true,"parameters":\[\{"name":"p","datatype":"Boolean","value":true\}\],"metrics":\[\{"name":"m","datatype":"Int32","value":2\}\]\}/,
    );
  });
});

describe('no Sparkplug B', () => {
  const nested = (depth: number): Bytes => {
    return depth === 0 ? [] : [...bytes(2, bytes(18, nested(depth - 1)))];
  };
  for (const { name, payload, fault } of [
    { name: 'nothing', payload: [], fault: /none of the fields/ },
    { name: 'a text', payload: [...Buffer.from('hello')], fault: /no field is found|none of/ },
    { name: 'a field of number 0', payload: [0, 1], fault: /no field is found at byte 0/ },
    { name: 'a field cut off', payload: [...uint(1, 1), 0x12, 5, 1], fault: /at byte 2/ },
    {
      name: 'a name of another type',
      payload: bytes(2, uint(1, 5)),
      fault: /'name' is of another/,
    },
    {
      name: 'a number of another type',
      payload: bytes(2, [0x65, 0, 0, 0, 0, 0x6d, 0, 0, 0, 0]),
      fault: /'double' is of another/,
    },
    { name: 'a text that is none', payload: bytes(2, bytes(1, [0xff])), fault: /not UTF-8/ },
    {
      name: 'keys without values',
      payload: metric(3, bytes(9, text(1, 'k'))),
      fault: /1 keys, values 0/,
    },
    {
      name: 'half a number',
      payload: metric(23, bytes(16, [1])),
      fault: /Int16Array is incomplete/,
    },
    {
      name: 'missing booleans',
      payload: metric(32, bytes(16, [255, 255, 255, 255])),
      fault: /BooleanArray is inc/,
    },
    { name: 'an open string', payload: metric(33, bytes(16, [65])), fault: /StringArray is inc/ },
    { name: 'what is nested too deeply', payload: nested(150), fault: /nested more than 200 deep/ },
  ]) {
    it(`is ${name}`, () => {
      assert.throws(
        () => decoded(payload),
        (error) => {
          return error instanceof UndecodableError && fault.test(error.message);
        },
      );
    });
  }
});
