/** Tests that option values are read as Mosquitto reads them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstWord, notServed, OptionProblem, readWholeNumber } from './option-value.ts';
import { version } from './version.ts';

describe('a whole number', () => {
  const numbers: Record<string, number> = {
    '0': 0,
    '42': 42,
    '+7': 7,
    '-1': -1,
    '0x10': 16,
    '0XfF': 255,
    '010': 8,
    '2147483647': 2_147_483_647,
    '-2147483648': -2_147_483_648,
  };
  for (const [text, value] of Object.entries(numbers)) {
    it(`is ${value} when written '${text}'`, () => {
      assert.equal(readWholeNumber('max_qos', text), value);
    });
  }

  for (const text of ['x', '1x', '08', '0x', '1.5', '--1', '1e3', '１']) {
    it(`is not '${text}'`, () => {
      assert.throws(() => readWholeNumber('max_qos', text), {
        name: 'OptionProblem',
        message: "'max_qos' value not a number.",
      });
    });
  }

  for (const text of ['2147483648', '-2147483649', '99999999999999999999', '0xffffffff']) {
    it(`is out of range at ${text}`, () => {
      assert.throws(() => readWholeNumber('max_qos', text), {
        message: "'max_qos' value out of range.",
      });
    });
  }
});

describe('the first word', () => {
  it('ends at a space or a tab; what follows is passed over', () => {
    assert.equal(firstWord('x', 'true # really'), 'true');
    assert.equal(firstWord('x', 'true\tfalse'), 'true');
  });

  it('must be there', () => {
    assert.throws(() => firstWord('x', ''), { message: "Empty 'x' value in configuration." });
  });
});

it('names the version that does not serve an option', () => {
  const problem = notServed('cafile');
  assert.ok(problem instanceof OptionProblem);
  assert.equal(problem.message, `Option 'cafile' is not served by pantala ${version}.`);
});
