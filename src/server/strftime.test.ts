/** Tests the codes of strftime against what C writes in the C locale. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { strftime } from './strftime.ts';

const afternoon = new Date(2026, 10, 22, 15, 4, 5);
const newYear = new Date(2027, 0, 1, 0, 0, 0);

describe('a time in 2026', () => {
  const codes: Record<string, string> = {
    '%Y-%m-%dT%H:%M:%S': '2026-11-22T15:04:05',
    '%F %T': '2026-11-22 15:04:05',
    '%a %A': 'Sun Sunday',
    '%b %B %h': 'Nov November Nov',
    '%c': 'Sun Nov 22 15:04:05 2026',
    '%C %y': '20 26',
    '%D %x': '11/22/26 11/22/26',
    '%I:%M %p %P': '03:04 PM pm',
    '%l %k': ' 3 15',
    '%j': '326',
    '%r': '03:04:05 PM',
    '%R %X': '15:04 15:04:05',
    '%u %w': '7 0',
    '%U %W %V %G %g': '47 46 47 2026 26',
    '%s': String(afternoon.getTime() / 1000),
    '%Ey %Od': '26 22',
    '100%% %Q': '100% %Q',
    '%n%t': '\n\t',
  };
  for (const [format, text] of Object.entries(codes)) {
    it(`is ${JSON.stringify(text)} by ${format}`, () => {
      assert.equal(strftime(format, afternoon), text);
    });
  }
});

describe('New Year 2027', () => {
  const codes: Record<string, string> = {
    '%I %l %p': '12 12 AM',
    '%e': ' 1',
    '%j': '001',
    '%U %W': '00 00',
    '%G-W%V-%u': '2026-W53-5',
  };
  for (const [format, text] of Object.entries(codes)) {
    it(`is ${JSON.stringify(text)} by ${format}`, () => {
      assert.equal(strftime(format, newYear), text);
    });
  }
});

it('writes the offset of the time zone as east of Greenwich', () => {
  const [, sign, hours, rest] = /^([+-])(\d\d)(\d\d)$/.exec(strftime('%z', afternoon)) ?? [];
  const minutesEast = (Number(hours) * 60 + Number(rest)) * (sign === '-' ? -1 : 1);
  assert.equal(minutesEast + afternoon.getTimezoneOffset(), 0);
});
