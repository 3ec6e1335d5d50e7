/**
 * Hostile files of accounts and rules: each is read, and what is wrong with it is told with its
 * line; no secret is; and what is written is read again.
 */

import assert from 'node:assert/strict';
import { parseAclFile } from '../../src/auth/acl-file.ts';
import type { FileFault } from '../../src/auth/file-lines.ts';
import { parsePasswordFile } from '../../src/auth/password-file.ts';
import {
  PasswordHashError,
  parsePasswordHash,
  passwordHashText,
} from '../../src/auth/password-hash.ts';
import { parsePskFile } from '../../src/auth/psk-file.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const salt = Buffer.alloc(12, 7).toString('base64');
const digest = Buffer.alloc(64, 9).toString('base64');
const secret = 'hunter2';

const hashes = [
  `$6$${salt}$${digest}`,
  `$7$101$${salt}$${digest}`,
  '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
  `$7$${secret}$${salt}$${digest}`,
  secret,
];
const words = [
  ...hashes,
  ...['user', 'topic', 'pattern', 'read', 'write', 'readwrite', 'deny', '#', '+', '/', '%u', '%c'],
  ...[
    '$SYS',
    '$share/',
    'a',
    'ä',
    '__proto__',
    ':',
    '$',
    '',
    '\0',
    '\u{fffd}',
    '0f',
    '00',
    'deadbeef',
  ],
  'x'.repeat(70_000),
  '/'.repeat(300),
];
const blanks = ['', ' ', ' ', '  ', '\t', '\u{a0}', ':', ':', '/'];
const lineEnds = ['\n', '\n', '\n', '\r\n', '\n\n', '\r', ''];

export const accountFilesFuzz: FuzzTarget = {
  name: 'account-files',
  run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations += 1) {
      const text = randomText(random);
      checkPasswords(text);
      checkKeys(text);
      checkRules(text, random);
      checkHash(mutated(pick(hashes, random), random));
    }
    return iterations;
  },
};

function checkPasswords(text: string): void {
  const { users, faults } = parsePasswordFile(text, 'file');
  checkFaults(faults, text);
  // A name may be anything, even a password in the wrong place.
  for (const { message } of faults.filter(({ message }) => !message.includes('Duplicate'))) {
    assert.ok(!message.includes(secret), text);
  }
  const again = [...users].map(([name, hash]) => `${name}:${passwordHashText(hash)}`).join('\n');
  const read = parsePasswordFile(again);
  // Names that look like comments come from lines with a blank before them.
  const readable = [...users].filter(([name]) => !name.startsWith('#'));
  assert.deepEqual([...read.users], readable, text);
}

function checkKeys(text: string): void {
  const { keys, faults } = parsePskFile(text, 'file');
  checkFaults(faults, text);
  for (const key of keys.values()) assert.ok(key.length > 0 && key.length <= 256, text);
}

function checkRules(text: string, random: Random): void {
  const acl = parseAclFile(text, 'file');
  checkFaults(acl.faults, text);
  const userName = random(3) === 0 ? undefined : pick(words, random);
  const client = { clientId: pick(words, random), userName, peer: '' };
  const topic = [pick(words, random), pick(words, random)].join(pick(blanks, random)) || 'a';
  for (const wish of ['read', 'write'] as const) {
    const isAllowed = acl.allows(client, wish, topic);
    const told = acl.explain(client, wish, topic);
    const isGrant = /^file:\d+ (topic|pattern) (read|write)/.test(told);
    assert.equal(isGrant && !told.includes(' grants nothing, as the '), isAllowed, text);
  }
}

function checkHash(text: string): void {
  try {
    const hash = parsePasswordHash(text);
    assert.deepEqual(parsePasswordHash(passwordHashText(hash)), hash, text);
  } catch (error) {
    if (!(error instanceof PasswordHashError)) throw error;
  }
}

function checkFaults(faults: readonly FileFault[], text: string): void {
  for (const { line, message, remedy } of faults) {
    assert.ok(line >= 1 && line <= text.split('\n').length, text);
    assert.ok(message !== '' && remedy !== '', text);
  }
}

function randomText(random: Random): string {
  const lines = Array.from({ length: random(6) }, () => {
    const parts = Array.from(
      { length: random(5) },
      () => pick(words, random) + pick(blanks, random),
    );
    return mutated(parts.join(''), random) + pick(lineEnds, random);
  });
  return lines.join('');
}

function mutated(text: string, random: Random): string {
  if (random(4) !== 0) return text;
  const at = random(text.length + 1);
  return text.slice(0, at) + String.fromCharCode(random(0x300)) + text.slice(at + random(3));
}

function pick(from: readonly string[], random: Random): string {
  return from[random(from.length)];
}
