/** Password files: what is taken of one, and what is complained of. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePasswordFile } from './password-file.ts';

const sha512 = `$6$${Buffer.alloc(12).toString('base64')}$${Buffer.alloc(64).toString('base64')}`;

const namesIn = (text: string) => [...parsePasswordFile(text).users.keys()];
const complaints = (text: string) => {
  return parsePasswordFile(text, 'pw').faults.map(({ line, severity, message }) => {
    return `${severity} ${line}: ${message}`;
  });
};

describe('a password file', () => {
  it('has a user on each line', () => {
    assert.deepEqual(namesIn(`ann:${sha512}\nbob:${sha512}\n`), ['ann', 'bob']);
    assert.deepEqual(complaints(`ann:${sha512}\nbob:${sha512}`), []);
  });

  it('may come from Windows', () => {
    assert.deepEqual(namesIn(`\u{feff}ann:${sha512}\r\nbob:${sha512}\r\n`), ['ann', 'bob']);
  });

  it('may have comments, empty lines, and lines without a colon, as Mosquitto passes them over', () => {
    const text = `# ann:${sha512}\n\n \t\nnothing\nbob:${sha512}\n`;
    assert.deepEqual(namesIn(text), ['bob']);
    assert.deepEqual(complaints(text), []);
  });

  it('may have blanks around names and hashes, and something behind a second colon', () => {
    assert.deepEqual(namesIn(` ann b : ${sha512} :x:y\n`), ['ann b']);
  });

  it('may have a user whose name every object has a property of', () => {
    assert.deepEqual(namesIn(`__proto__:${sha512}\nconstructor:${sha512}`), [
      '__proto__',
      'constructor',
    ]);
  });

  const faulty: Readonly<Record<string, { text: string; complaint: string }>> = {
    'an empty name': {
      text: `:${sha512}`,
      complaint: "Invalid line in password file 'pw': no username.",
    },
    'a name that is too long': {
      text: `${'ä'.repeat(40_000)}:${sha512}`,
      complaint: "Invalid line in password file 'pw', username too long.",
    },
    'a null character': {
      text: `a\0b:${sha512}`,
      complaint: "Invalid line in password file 'pw', null character in username.",
    },
    'no password': {
      text: 'ann: ',
      complaint: "Unable to decode line in password file 'pw': no password.",
    },
    'a plain password': {
      text: 'ann:secret',
      complaint:
        "Unable to decode line in password file 'pw': " +
        'it begins with none of $argon2id$, $7$ and $6$.',
    },
  };
  for (const [what, { text, complaint }] of Object.entries(faulty)) {
    it(`is told where it has ${what}, and the others of its lines count`, () => {
      const file = `bob:${sha512}\n${text}\ncarol:${sha512}\n`;
      assert.deepEqual(complaints(file), [`error 2: ${complaint}`]);
      assert.deepEqual(namesIn(file), ['bob', 'carol']);
    });
  }

  it('keeps the first of two lines for one user, and tells of the second', () => {
    const other = sha512.replace('$AAAA', '$BBBB');
    const { users, faults } = parsePasswordFile(`ann:${sha512}\nann:${other}`, 'pw');
    assert.equal(users.get('ann')!.salt[0], 0);
    assert.deepEqual(
      faults.map(({ line, message }) => [line, message]),
      [[2, "Duplicate user 'ann' in password file 'pw'."]],
    );
  });

  it('has a remedy for each fault, and shows no password in any', () => {
    const texts = [
      'ann:hunter2',
      'ann:$7$hunter2$x$y',
      'ann:$6$hunter2$y',
      'ann:$argon2id$hunter2',
    ];
    for (const { message, remedy } of texts.flatMap((text) => parsePasswordFile(text).faults)) {
      assert.notEqual(remedy, '');
      assert.doesNotMatch(message + remedy, /hunter2/);
    }
  });
});
