/** Files in PEM, the text form of certificates and keys, and what is wrong with the others. */

import { readFileSync } from 'node:fs';

/** A file that does not hold what it should; the message is a whole sentence that says why. */
export class PemFileError extends Error {}

/** A file with all that stands in it between BEGIN and END. */
export interface PemFile {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly PemBlock[];
}

export interface PemBlock {
  /** As in the first line: `CERTIFICATE`. */
  readonly label: string;
  readonly text: string;
}

/** @throws PemFileError when the file cannot be read */
export function readPemFile(path: string): PemFile {
  let text: string;
  try {
    // Every byte is a character, so that whatever is no text can be told apart.
    text = readFileSync(path, 'latin1');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new PemFileError(unreadable[code]?.(path) ?? `It cannot be read: ${message}.`);
  }
  return { path, text, blocks: blocksOf(text) };
}

/**
 * The blocks with one of these labels.
 *
 * @throws PemFileError when there is none
 */
export function pemBlocks(file: PemFile, wanted: PemContent): readonly PemBlock[] {
  const found = file.blocks.filter(({ label }) => labels[wanted].includes(label));
  if (found.length > 0) return found;
  throw new PemFileError(
    `${mistakes.find(({ when }) => when(file))!.because(file)} ${hints[wanted]}`,
  );
}

export type PemContent = 'certificate' | 'private key' | 'revocation list' | 'DH parameters';

const labels: Readonly<Record<PemContent, readonly string[]>> = {
  certificate: ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'],
  'private key': ['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'],
  'revocation list': ['X509 CRL'],
  'DH parameters': ['DH PARAMETERS', 'X9.42 DH PARAMETERS'],
};

const hints: Readonly<Record<PemContent, string>> = {
  certificate: 'A certificate begins with the line "-----BEGIN CERTIFICATE-----".',
  'private key': 'A private key begins with a line such as "-----BEGIN PRIVATE KEY-----".',
  'revocation list': 'A revocation list begins with the line "-----BEGIN X509 CRL-----".',
  'DH parameters': 'Make a file of them with: openssl dhparam -out dhparam.pem 2048',
};

interface Mistake {
  readonly when: (file: PemFile) => boolean;
  readonly because: (file: PemFile) => string;
}

// The first that applies.
const mistakes: readonly Mistake[] = [
  { when: ({ text }) => text.trim() === '', because: () => 'The file is empty.' },
  {
    when: holds(/^(?:NEW )?CERTIFICATE REQUEST$/),
    because: ({ path }) =>
      `The file holds a certificate request, which a CA has yet to sign: openssl x509 -req -in ${path} -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt`,
  },
  { when: holds(/PRIVATE KEY$/), because: () => 'The file holds a private key.' },
  { when: holds(/CERTIFICATE$/), because: () => 'The file holds a certificate.' },
  { when: holds(/CRL$/), because: () => 'The file holds a certificate revocation list.' },
  {
    when: ({ blocks }) => blocks.length > 0,
    because: ({ blocks }) => `The file holds "${blocks[0].label}".`,
  },
  {
    when: ({ text }) => text.includes('-----BEGIN '),
    because: () => 'The file is damaged: its "-----BEGIN …-----" has no "-----END …-----".',
  },
  {
    when: ({ text }) => text.charCodeAt(0) === 0x30,
    because: ({ path }) =>
      `The file is in DER and not in PEM: a certificate is converted by "openssl x509 -inform der -in ${path} -out server.crt", a key by "openssl pkey".`,
  },
  { when: () => true, because: () => 'The file is not in PEM.' },
];

function holds(label: RegExp): Mistake['when'] {
  return ({ blocks }) => blocks.some((block) => label.test(block.label));
}

const unreadable: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `There is no file "${path}": check the path.`,
  ENOTDIR: (path) => `There is no file "${path}": check the path.`,
  EISDIR: (path) => `"${path}" is a directory: name the file in it.`,
  EACCES: (path) =>
    `The user that the broker runs as may not read "${path}": let it, with chown, chgrp or chmod.`,
};

function blocksOf(text: string): PemBlock[] {
  const blocks = text.matchAll(
    /-----BEGIN ([^-\r\n]+)-----[^-]*(?:-(?!----END )[^-]*)*-----END \1-----/g,
  );
  return [...blocks].map(([text, label]) => ({ label, text }));
}

/** The bytes that a block stands for. */
export function derOf({ text }: PemBlock): Uint8Array {
  return Buffer.from(text.replace(/-----[^\n]*-----/g, ''), 'base64');
}
