/** Tests the reading of MessagePack, with a value of each format of its specification. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printJson } from './json-text.ts';
import { decodeMessagePack } from './output-msgpack.ts';
import { UndecodableError } from './undecodable-error.ts';

const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const decoded = (hex: string) => printJson(decodeMessagePack(fromHex(hex)));

describe('MessagePack becomes JSON', () => {
  for (const [format, hex, json] of [
    ['positive fixint', '7f', '127'],
    ['negative fixint', 'e0', '-32'],
    ['nil', 'c0', 'null'],
    ['false', 'c2', 'false'],
    ['true', 'c3', 'true'],
    ['bin 8', 'c403010203', '{"$hex":"010203"}'],
    ['bin 16', 'c50001ff', '{"$hex":"ff"}'],
    ['bin 32', 'c600000001ff', '{"$hex":"ff"}'],
    ['ext 8', 'c7020a0102', '{"$extension":10,"hex":"0102"}'],
    ['ext 16', 'c80001f605', '{"$extension":-10,"hex":"05"}'],
    ['ext 32', 'c9000000010a05', '{"$extension":10,"hex":"05"}'],
    ['float 32', 'ca3f800000', '1.0'],
    ['float 64', 'cb3ff199999999999a', '1.1'],
    ['float 64', 'cb7ff8000000000000', '{"$float":"NaN"}'],
    ['uint 8', 'ccff', '255'],
    ['uint 16', 'cdffff', '65535'],
    ['uint 32', 'ceffffffff', '4294967295'],
    ['uint 64', 'cfffffffffffffffff', '18446744073709551615'],
    ['int 8', 'd080', '-128'],
    ['int 16', 'd18000', '-32768'],
    ['int 32', 'd280000000', '-2147483648'],
    ['int 64', 'd38000000000000000', '-9223372036854775808'],
    ['fixext 1', 'd40105', '{"$extension":1,"hex":"05"}'],
    ['fixext 2', 'd5010506', '{"$extension":1,"hex":"0506"}'],
    ['fixext 4', 'd60105060708', '{"$extension":1,"hex":"05060708"}'],
    ['fixext 8', 'd7010102030405060708', '{"$extension":1,"hex":"0102030405060708"}'],
    ['fixext 16', `d801${'00'.repeat(16)}`, `{"$extension":1,"hex":"${'00'.repeat(16)}"}`],
    ['fixstr', 'a3c3bc61', '"\xc3\xbca"'],
    ['str 8', 'd90161', '"a"'],
    ['str 16', 'da000161', '"a"'],
    ['str 32', 'db0000000161', '"a"'],
    ['fixarray', '920191c0', '[1,[null]]'],
    ['array 16', 'dc00020102', '[1,2]'],
    ['array 32', 'dd000000020102', '[1,2]'],
    ['fixmap', '82a16101a16280', '{"a":1,"b":{}}'],
    ['map 16', 'de0001d9016101', '{"a":1}'],
    ['map 32', 'df00000001a16101', '{"a":1}'],
    ['keys that are no texts', '82010203c0', '{"$map":[[1,2],[3,null]]}'],
    ['keys twice', '82a16101a16102', '{"a":1,"a":2}'],
    ['a key of JavaScript', '81a95f5f70726f746f5f5f01', '{"__proto__":1}'],
    ['timestamp 32', 'd6ff5a4af6a5', '{"$timestamp":"2018-01-02T03:04:05Z"}'],
    ['timestamp 64', 'd7ff000000185a4af6a5', '{"$timestamp":"2018-01-02T03:04:05.000000006Z"}'],
    [
      'timestamp 96',
      'c70cff00000001ffffffffffffffff',
      '{"$timestamp":"1969-12-31T23:59:59.000000001Z"}',
    ],
    [
      'timestamp 96 beyond any calendar',
      'c70cff000000007fffffffffffffff',
      '{"$timestamp":"9223372036854775807"}',
    ],
    ['an extension that only looks like a timestamp', 'd4ff00', '{"$extension":-1,"hex":"00"}'],
  ]) {
    it(`${format}: ${hex} → ${json}`, () => assert.equal(decoded(hex), json));
  }
});

describe('no MessagePack', () => {
  for (const [hex, fault] of [
    ['', /ends too early/],
    ['c4', /ends too early/],
    ['c40201', /ends too early/],
    ['a2c3', /ends too early/],
    ['9201', /ends too early/],
    ['ddffffffff', /ends too early/],
    ['dfffffffff', /ends too early/],
    ['c7', /ends too early/],
    ['81a161', /ends too early/],
    ['c1', /byte c1/],
    ['0102', /more bytes follow/],
    ['a1ff', /not UTF-8/],
    ['91'.repeat(300), /nested more than 200 deep/],
    ['81a161'.repeat(300), /nested more than 200 deep/],
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
