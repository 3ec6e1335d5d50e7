/** JSON printed as mosquitto_sub prints it: the expected texts are its own. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesOfText } from './byte-text.ts';
import { parseJson, printJson } from './json-text.ts';

describe('JSON', () => {
  for (const [text, prints] of [
    ['25.50', '25.5'],
    ['3.0', '3'],
    ['-0', '-0'],
    ['1e5', '100000'],
    ['1e400', 'null'],
    ['1E-7', '1e-07'],
    ['0.0001234', '0.0001234'],
    ['0.00001234', '1.234e-05'],
    ['0.30000000000000004', '0.3'],
    ['123456789.123456789', '123456789.12345679'],
    ['999999999999999', '999999999999999'],
    ['100000000000000000000', '1e+20'],
    ['12345678901234567890', '1.2345678901234567e+19'],
    ['5e-324', '4.94065645841247e-324'],
    [' [ 1 , "a" , [ ] , { } , null ] ', '[1,"a",[],{},null]'],
    ['{"b":1,"a":2,"b":3,"2":4,"1":5}', '{"b":1,"a":2,"b":3,"2":4,"1":5}'],
    ['"x/y\\u00e9\\u0001\\n\\/"', '"x/yé\\u0001\\n/"'],
    ['"\\ud83d\\ude00"', '"😀"'],
    ['{"a\\"b":"c,d:[e]"}', '{"a\\"b":"c,d:[e]"}'],
  ] as const) {
    it(`${text} is printed as ${prints}`, () => {
      const value = parseJson(new TextEncoder().encode(text));
      assert.notEqual(value, undefined);
      assert.equal(new TextDecoder().decode(bytesOfText(printJson(value!))), prints);
    });
  }

  for (const text of ['', 'nan', '{"a":1}x', "{'a':1}", '[1,]', '.5', '+1', '"\\x"', '"\xff"']) {
    it(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseJson(bytesOfText(text)), undefined);
    });
  }

  it('nested more deeply than the stack may take is none', () => {
    const depth = 100_000;
    const text = '['.repeat(depth) + ']'.repeat(depth);
    assert.equal(parseJson(new TextEncoder().encode(text)), undefined);
  });
});
