/** Reads what the TLS settings of a listener name, and says what is wrong with it. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { DerError } from './der.ts';
import { derOf, type PemContent, PemFileError, pemBlocks, readPemFile } from './pem-file.ts';
import { RevocationList } from './revocation-list.ts';
import { TlsSettingsError } from './tls-settings-error.ts';

/** The server's certificate, and after it those between it and its root. */
export function readServerCertificates(path: string): readonly X509Certificate[] {
  const message = `Unable to load server certificate "${path}". Check certfile.`;
  return readCertificates(path, message);
}

/** Only as text does it go to OpenSSL, which wants to read it itself. */
export function readServerKey(path: string): { readonly pem: string; readonly key: KeyObject } {
  const message = `Unable to load server key file "${path}". Check keyfile.`;
  const [{ label, text }] = read(path, 'private key', message);
  if (label.startsWith('ENCRYPTED') || /^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw new TlsSettingsError(
      message,
      `The key is encrypted with a passphrase, which a service cannot be asked for. Decrypt it into a file that only the broker can read: openssl pkey -in ${path} -out decrypted.key`,
    );
  }
  try {
    return { pem: text, key: createPrivateKey(text) };
  } catch {
    throw new TlsSettingsError(
      message,
      'The key is damaged, or of a kind that OpenSSL cannot use.',
    );
  }
}

export function readAuthorityFile(path: string): readonly X509Certificate[] {
  return readCertificates(path, `Unable to load CA certificates. Check cafile "${path}".`);
}

/**
 * Every certificate in a folder: those named by their hash, as `openssl rehash` names them, and
 * plain `*.pem` and `*.crt` files.
 */
export function readAuthorityFolder(path: string): readonly X509Certificate[] {
  const message = `Unable to load CA certificates. Check capath "${path}".`;
  let names: readonly string[];
  try {
    names = readdirSync(path).filter((name) => authorityName.test(name));
  } catch (error) {
    const { message: reason } = error as Error;
    throw new TlsSettingsError(message, `The folder cannot be read (${reason}): check the path.`);
  }
  // Each name by its hash is a link to one of the others.
  const files = new Set(names.map((name) => resolved(join(path, name))));
  const authorities = [...files].flatMap((file) => readCertificates(file, message));
  if (authorities.length > 0) return authorities;
  throw new TlsSettingsError(
    message,
    'The folder has no certificate of a CA in it: put a file there whose name ends in .pem or .crt.',
  );
}

const authorityName = /\.(?:pem|crt)$|^[0-9a-f]{8}\.\d+$/i;

export function readRevocationLists(path: string): readonly RevocationList[] {
  const message = `Unable to load certificate revocation file "${path}". Check crlfile.`;
  const blocks = read(path, 'revocation list', message);
  try {
    return blocks.map((block) => new RevocationList(derOf(block)));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new TlsSettingsError(
      message,
      `A list in the file cannot be used: it ${error.message}. Make it again: openssl ca -gencrl -out crl.pem`,
    );
  }
}

export function readDhParameters(path: string): string {
  const message = `Unable to load DH parameters "${path}". Check dhparamfile.`;
  return read(path, 'DH parameters', message)[0].text;
}

function readCertificates(path: string, message: string): readonly X509Certificate[] {
  return read(path, 'certificate', message).map(({ text }) => {
    try {
      return new X509Certificate(text);
    } catch {
      throw new TlsSettingsError(
        message,
        'A certificate in the file is damaged: copy it again, whole and without changes.',
      );
    }
  });
}

function read(path: string, content: PemContent, message: string) {
  try {
    return pemBlocks(readPemFile(path), content);
  } catch (error) {
    if (error instanceof PemFileError) throw new TlsSettingsError(message, error.message);
    throw error;
  }
}

/** A link that leads nowhere is told of when it is read. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
