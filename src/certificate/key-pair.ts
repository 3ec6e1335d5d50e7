/** Whether a certificate and a private key can be used together. */

import type { KeyObject, X509Certificate } from 'node:crypto';
import process from 'node:process';
import { certificateBlocks } from './certificate-facts.ts';

/** The files as text, and what to call them. */
export interface KeyPairFiles {
  readonly certPem: string;
  readonly keyPem: string;
  readonly certName: string;
  readonly keyName: string;
}

/** @returns what is wrong and what to do; undefined when they can be used */
export function keyPairProblem({
  certPem,
  keyPem,
  certName,
  keyName,
}: KeyPairFiles): string | undefined {
  const certificate = readCertificate(certPem);
  if (certificate === undefined) {
    return `${certName} holds no certificate: it must begin with -----BEGIN CERTIFICATE-----`;
  }
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(keyPem)) {
    return (
      `${keyName} is locked with a passphrase, and nobody is there to give it: write an open copy ` +
      `with openssl pkey -in LOCKED -out OPEN, and keep it from others`
    );
  }
  const key = readKey(keyPem);
  if (key === undefined) {
    return `${keyName} holds no private key: it must begin with -----BEGIN PRIVATE KEY----- or the like`;
  }
  if (certificate.checkPrivateKey(key)) return undefined;
  return (
    `${keyName} is not the key that ${certName} was made for: give the key that the request for ` +
    `the certificate was made with`
  );
}

// Loaded when there is a pair to look at, as who has none should not wait for it.
function nodeCrypto() {
  return process.getBuiltinModule('node:crypto');
}

/** The first certificate of a file; undefined when there is none that can be read. */
function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new (nodeCrypto().X509Certificate)(certificateBlocks(pem)[0] ?? '');
  } catch {
    return undefined;
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return nodeCrypto().createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
