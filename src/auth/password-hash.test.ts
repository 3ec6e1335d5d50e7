/** Hashes of passwords: what other programs have written, and what we write. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decoyOf,
  hashPassword,
  isPasswordOf,
  PasswordHashError,
  type PasswordHashType,
  parsePasswordHash,
  passwordHashText,
} from './password-hash.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Of the password 'password'; argon2id from the test vectors of its reference implementation. */
const foreign: Readonly<Record<string, string>> = {
  argon2id: '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
  'argon2id in two lanes':
    '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
};

describe('a hash of another program', () => {
  for (const [name, text] of Object.entries(foreign)) {
    it(`is recognised: ${name}`, async () => {
      const hash = parsePasswordHash(text);
      assert.equal(await isPasswordOf(hash, bytes('password')), true);
      assert.equal(await isPasswordOf(hash, bytes('differentpassword')), false);
      assert.equal(passwordHashText(hash), text);
    });
  }
});

describe('a new hash', () => {
  for (const type of ['argon2id', 'sha512-pbkdf2', 'sha512'] satisfies PasswordHashType[]) {
    it(`of type ${type} knows its password after it was written and read`, async () => {
      const text = passwordHashText(await hashPassword(bytes('päss:wörd'), { type }));
      const hash = parsePasswordHash(text);
      assert.equal(hash.type, type);
      assert.equal(await isPasswordOf(hash, bytes('päss:wörd')), true);
      assert.equal(await isPasswordOf(hash, bytes('päss:wörd ')), false);
      assert.equal(await isPasswordOf(hash, bytes('')), false);
    });

    it(`of type ${type} is another one each time`, async () => {
      const [a, b] = [
        await hashPassword(bytes('x'), { type }),
        await hashPassword(bytes('x'), { type }),
      ];
      assert.notEqual(passwordHashText(a), passwordHashText(b));
    });

    it(`of type ${type} has a decoy that looks like it and has no password`, async () => {
      const hash = await hashPassword(bytes('x'), { type });
      const decoy = decoyOf(hash);
      assert.equal(passwordHashText(decoy).length, passwordHashText(hash).length);
      assert.equal(await isPasswordOf(decoy, bytes('x')), false);
    });
  }

  it('is argon2id at the cost of Mosquitto 2.1 by default', async () => {
    const text = passwordHashText(await hashPassword(bytes('x')));
    assert.match(text, /^\$argon2id\$v=19\$m=47104,t=1,p=1\$[^$=]{22}\$[^$=]{43}$/);
  });

  it('has the salt of 12 bytes that Mosquitto 2.0 wants, and the iterations asked for', async () => {
    const type = 'sha512-pbkdf2';
    const text = passwordHashText(await hashPassword(bytes('x'), { type, iterations: 7 }));
    assert.match(text, /^\$7\$7\$[^$]{16}\$[^$]{86}==$/);
  });
});

describe('what is no hash', () => {
  const salt = Buffer.alloc(12).toString('base64');
  const digest = Buffer.alloc(64).toString('base64');
  const wrong: Readonly<Record<string, string>> = {
    empty: '',
    'plain text': 'secret',
    'of an unknown kind': '$5$abc$def',
    'a kind in the wrong place': `x$6$${salt}$${digest}`,
    'without a salt': `$6$${digest}`,
    'with something behind it': `$6$${salt}$${digest}$more`,
    'with a short salt': `$6$${Buffer.alloc(11).toString('base64')}$${digest}`,
    'with a short digest': `$6$${salt}$${Buffer.alloc(63).toString('base64')}`,
    'in no base64': `$6$${salt}$${digest.slice(0, -3)}!==`,
    'in base64 that ends early': `$6$${salt}$${digest.slice(0, -1)}`,
    'with no iterations': `$7$0$${salt}$${digest}`,
    'with too many iterations': `$7$10000001$${salt}$${digest}`,
    'with iterations in words': `$7$many$${salt}$${digest}`,
    'of another version of argon2': '$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQM',
    'of argon2i': '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQM',
    'argon2id with a short salt': '$argon2id$v=19$m=256,t=2,p=1$c2FsdA$nf65EOgLrQM',
    'argon2id with a short digest': '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65',
    'argon2id with padding': '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ==$nf65EOgLrQM',
    'argon2id that wants 4 GB': '$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQM',
    'argon2id with too little memory': '$argon2id$v=19$m=15,t=1,p=2$c29tZXNhbHQ$nf65EOgLrQM',
    'argon2id without passes': '$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQM',
    'argon2id in the wrong order': '$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$nf65EOgLrQM',
  };
  for (const [name, text] of Object.entries(wrong)) {
    it(`is refused, and not shown: ${name}`, () => {
      assert.throws(
        () => parsePasswordHash(text),
        (error: Error) => {
          assert.ok(error instanceof PasswordHashError);
          assert.ok(text === '' || !error.message.includes(text), error.message);
          return true;
        },
      );
    });
  }
});
