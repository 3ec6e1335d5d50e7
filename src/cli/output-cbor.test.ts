/** Tests the reading of CBOR with the examples of RFC 8949, appendices A and F. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from 'cbor2';
import fc from 'fast-check';
import { printJson } from './json-text.ts';
import { decodeCbor } from './output-cbor.ts';
import { UndecodableError } from './undecodable-error.ts';

const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const decoded = (hex: string) => printJson(decodeCbor(fromHex(hex)));

describe('CBOR becomes JSON', () => {
  for (const [hex, json] of [
    ['00', '0'],
    ['17', '23'],
    ['1818', '24'],
    ['1a000f4240', '1000000'],
    ['1b000000e8d4a51000', '1000000000000'],
    ['1bffffffffffffffff', '18446744073709551615'],
    ['c249010000000000000000', '18446744073709551616'],
    ['3bffffffffffffffff', '-18446744073709551616'],
    ['c349010000000000000000', '-18446744073709551617'],
    ['c240', '0'],
    ['c25f4101420000ff', '65536'],
    ['3903e7', '-1000'],
    ['f90000', '0.0'],
    ['f98000', '-0.0'],
    ['f93c00', '1.0'],
    ['fb3ff199999999999a', '1.1'],
    ['f97bff', '65504.0'],
    ['fa47c35000', '100000.0'],
    ['fb7e37e43c8800759c', '1e+300'],
    ['f90001', '5.960464477539063e-8'],
    ['fbc010666666666666', '-4.1'],
    ['f97c00', '{"$float":"Infinity"}'],
    ['f97e00', '{"$float":"NaN"}'],
    ['fbfff0000000000000', '{"$float":"-Infinity"}'],
    ['f4', 'false'],
    ['f6', 'null'],
    ['f7', '{"$simple":23}'],
    ['f0', '{"$simple":16}'],
    ['f8ff', '{"$simple":255}'],
    ['c074323031332d30332d32315432303a30343a30305a', '{"$tag":0,"value":"2013-03-21T20:04:00Z"}'],
    ['c1fb41d452d9ec200000', '{"$tag":1,"value":1363896240.5}'],
    ['d74401020304', '{"$tag":23,"value":{"$hex":"01020304"}}'],
    ['d818456449455446', '{"$tag":24,"value":{"$hex":"6449455446"}}'],
    ['d9d9f783010203', '[1,2,3]'],
    ['40', '{"$hex":""}'],
    ['60', '""'],
    ['62225c', '"\\"\\\\"'],
    ['62c3bc', '"\xc3\xbc"'],
    ['80', '[]'],
    ['8301820203820405', '[1,[2,3],[4,5]]'],
    ['a0', '{}'],
    ['a201020304', '{"$map":[[1,2],[3,4]]}'],
    ['a26161016162820203', '{"a":1,"b":[2,3]}'],
    ['a2616101616102', '{"a":1,"a":2}'],
    ['a2613200613101', '{"2":0,"1":1}'],
    ['a1695f5f70726f746f5f5f01', '{"__proto__":1}'],
    ['5f42010243030405ff', '{"$hex":"0102030405"}'],
    ['7f657374726561646d696e67ff', '"streaming"'],
    ['9fff', '[]'],
    ['9f018202039f0405ffff', '[1,[2,3],[4,5]]'],
    ['bf61610161629f0203ffff', '{"a":1,"b":[2,3]}'],
    ['bf6346756ef563416d7421ff', '{"Fun":true,"Amt":-2}'],
  ]) {
    it(`${hex} → ${json}`, () => assert.equal(decoded(hex), json));
  }

  it('keeps a number of thousands of digits as bytes', () => {
    assert.match(decoded(`c25907d0${'ff'.repeat(2000)}`), /^\{"\$tag":2,"value":\{"\$hex":"ffff/);
  });
});

describe('no CBOR', () => {
  for (const [hex, fault] of [
    ['', /ends too early/],
    ['18', /ends too early/],
    ['1a0102', /ends too early/],
    ['41', /ends too early/],
    ['7bffffffffffffffff41', /ends too early/],
    ['9bffffffffffffffff', /ends too early/],
    ['8261', /ends too early/],
    ['9f01', /ends too early/],
    ['c2', /ends too early/],
    ['0102', /more bytes follow/],
    ['00ff', /more bytes follow/],
    ['ff', /a break stands/],
    ['81ff', /a break stands/],
    ['a1ff', /a break stands/],
    ['bf01ff', /a break stands/],
    ['c0ff', /a break stands/],
    ['1c', /additional info not implemented: 28/],
    ['1f', /invalid indefinite encoding/],
    ['df', /invalid indefinite encoding/],
    ['f818', /invalid simple encoding/],
    ['5f00ff', /unmatched major type/],
    ['5f6100ff', /unmatched major type/],
    ['5f5f4100ffff', /new stream started/],
    ['62c328', /not UTF-8/],
    ['81'.repeat(300), /depth/],
  ] as const) {
    it(`is ${hex.slice(0, 20)}`, () => {
      assert.throws(
        () => decoded(hex),
        (error) => {
          return error instanceof UndecodableError && fault.test(error.message);
        },
      );
    });
  }
});

it('CBOR of what JSON has is that JSON', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (json) => {
      const value = JSON.parse(json);
      const again = Buffer.from(printJson(decodeCbor(encode(value))), 'latin1').toString();
      assert.deepEqual(JSON.parse(again), value);
    }),
  );
});
