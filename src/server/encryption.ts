/** The encryption of a listener: what its options make of it, and the files they name. */

import {
  checkClientAuthorities,
  checkServerCertificate,
} from '../certificate/certificate-check.ts';
import {
  type CertificateIdentity,
  loadTls,
  type TlsMaterial,
  type TlsSettings,
} from '../transport/tls-security.ts';
import { TlsSettingsError } from '../transport/tls-settings-error.ts';
import type { FileReports } from './access-files.ts';
import type { ListenerConfig } from './config.ts';

/** Whether clients of the listener have to encrypt. */
export function isEncrypted({ certfile, keyfile, pskHint }: ListenerConfig): boolean {
  return certfile !== undefined || keyfile !== undefined || pskHint !== undefined;
}

/** Whether its clients can be known by something else than a user name that they send. */
export function knowsIdentities(listener: ListenerConfig): boolean {
  return isEncrypted(listener) || listener.enableProxyProtocol === 2;
}

/** The key of an identity as of now; undefined: nobody has that name. */
export type KeyOf = (identity: string) => Uint8Array | undefined;

/** @returns undefined where the listener is not encrypted, or its files cannot be used */
export function loadEncryption(
  listener: ListenerConfig,
  keyOf: KeyOf,
  { fault, note }: FileReports,
): TlsMaterial | undefined {
  if (!isEncrypted(listener)) return undefined;
  try {
    const material = loadTls(tlsSettingsOf(listener, keyOf));
    for (const text of [...findingsIn(material, listener), ...material.warnings]) {
      note({ type: 'warning', text: `Warning: ${text}` });
    }
    return material;
  } catch (error) {
    if (!(error instanceof TlsSettingsError)) throw error;
    const { message, remedy } = error;
    fault({ ...blamedPlace(listener, message), message, remedy });
    return undefined;
  }
}

/** What clients will not like about certificates that work as far as the server can tell. */
function findingsIn(
  { server, authorities, clientCertificate }: TlsMaterial,
  { certfile, cafile, capath }: ListenerConfig,
): string[] {
  const now = new Date();
  const known = authorities.length > 0 ? authorities : undefined;
  const own = server ? checkServerCertificate({ chain: server, authorities: known, now }) : [];
  // Of those that have issued the server's, it has been told.
  const others = authorities.filter(
    (authority) => !server?.some((certificate) => certificate.checkIssued(authority)),
  );
  const ofClients = clientCertificate ? checkClientAuthorities(others, now) : [];
  return [
    ...own.map(({ sentence }) => `${certfile}: ${sentence}`),
    ...ofClients.map(({ sentence }) => `${cafile ?? capath}: ${sentence}`),
  ];
}

function tlsSettingsOf(listener: ListenerConfig, keyOf: KeyOf): TlsSettings {
  const { pskHint, protocol } = listener;
  return {
    certfile: listener.certfile,
    keyfile: listener.keyfile,
    cafile: listener.cafile,
    capath: listener.capath,
    crlfile: listener.crlfile,
    ciphers: listener.ciphers,
    ciphersTls13: listener.ciphersTls13,
    tlsVersion: listener.tlsVersion,
    requireCertificate: listener.requireCertificate,
    disableClientCertDateChecks: listener.disableClientCertDateChecks,
    identity: certificateIdentityOf(listener),
    psk: pskHint === undefined ? undefined : { hint: pskHint, keyOf },
    applicationProtocol: protocol === 'websockets' ? 'http/1.1' : 'mqtt',
  };
}

function certificateIdentityOf(listener: ListenerConfig): CertificateIdentity {
  if (listener.useIdentityAsUsername) return 'common-name';
  return listener.useSubjectAsUsername ? 'subject' : 'none';
}

/** The line of the option that the message speaks of. */
function blamedPlace({ places }: ListenerConfig, message: string) {
  // What the operator has written, such as paths, is quoted; and one option is called otherwise.
  const words = message.replaceAll(/"[^"]*"/g, '').replace('cipher_tls13', 'ciphers_tls1.3');
  const names = [...places.keys()].filter((name) => words.includes(name));
  // The longest name: `ciphers_tls1.3` is not `ciphers`.
  const [name = 'listener'] = names.sort((a, b) => b.length - a.length);
  return places.get(name) ?? { file: 'the default listener', line: undefined };
}
