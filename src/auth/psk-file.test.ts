/** PSK files: what is taken of one, and what is complained of. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePskFile } from './psk-file.ts';

const keysIn = (text: string) => {
  const entries = [...parsePskFile(text).keys];
  return entries.map(([identity, key]) => `${identity} ${Buffer.from(key).toString('hex')}`);
};

const complaints = (text: string) => {
  return parsePskFile(text, 'psk').faults.map(({ line, severity, message }) => {
    return `${severity} ${line}: ${message}`;
  });
};

describe('a PSK file', () => {
  it('has an identity and its key on each line', () => {
    assert.deepEqual(keysIn('# keys\nann:1a2B\n\nbob c: ff \r\n'), ['ann 1a2b', 'bob c ff']);
  });

  // Debian's mosquitto 2.0.11 took these of `openssl s_client -psk`.
  it('has keys with an odd number of digits', () => {
    const odd = ['a:fff', 'b:0ab', 'c:00f', 'd:000ab', 'e:00ff', 'f:0000'].join('\n');
    assert.deepEqual(keysIn(odd), ['a 0fff', 'b ab', 'c 000f', 'd 00ab', 'e 00ff', 'f 0000']);
  });

  const faulty: Readonly<Record<string, { text: string; complaint: string }>> = {
    'no identity': {
      text: ':ab',
      complaint: "warning 2: Empty username in password file 'psk', ignoring.",
    },
    'no key': { text: 'ann:', complaint: "warning 2: Invalid line in psk file 'psk': no key." },
    'an identity twice': {
      text: 'first:ab',
      complaint: "warning 2: Duplicate user 'first' in password file 'psk', ignoring.",
    },
    'a long identity': {
      text: `${'x'.repeat(65_536)}:ab`,
      complaint: "warning 2: Invalid line in password file 'psk', username too long.",
    },
    'a key that is not hexadecimal': {
      text: 'ann:5ecret',
      complaint: 'error 2: psk for identity "ann" contains non-hexadecimal characters.',
    },
    'a key of nothing': { text: 'ann:0', complaint: 'error 2: psk for identity "ann" is empty.' },
    'a key that is too long': {
      text: `ann:1${'0'.repeat(512)}`,
      complaint: 'error 2: psk for identity "ann" is longer than 256 bytes.',
    },
  };
  for (const [what, { text, complaint }] of Object.entries(faulty)) {
    it(`is told where it has ${what}, and the others of its lines count`, () => {
      const file = `first:01\n${text}\nlast:02\n`;
      assert.deepEqual(complaints(file), [complaint]);
      assert.deepEqual(keysIn(file), ['first 01', 'last 02']);
    });
  }

  it('shows no key in a message', () => {
    const { faults } = parsePskFile('ann:5ecret5ecret');
    assert.doesNotMatch(JSON.stringify(faults), /5ecret/);
  });
});
