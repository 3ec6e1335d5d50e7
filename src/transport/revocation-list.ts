/** Which certificates their authorities have taken back (RFC 5280, chapter 5). */

import { constants, verify, type X509Certificate } from 'node:crypto';
import { certificateFields, extensionOf, extensionsOf } from './certificate-fields.ts';
import {
  type DerElement,
  DerError,
  derChildren,
  derTags,
  expectDer,
  objectIdentifierOf,
  readDer,
  timeOf,
} from './der.ts';

/** Why a certificate is not let in, in the words of OpenSSL. */
export type RevocationFault =
  | 'CERT_REVOKED'
  | 'UNABLE_TO_GET_CRL'
  | 'CRL_SIGNATURE_FAILURE'
  | 'CRL_NOT_YET_VALID'
  | 'CRL_HAS_EXPIRED';

const extensionsTag = 0xa0;

/** What a list may say of itself that has no effect here; anything else that is critical has. */
const harmlessExtensions: readonly string[] = ['2.5.29.20', '2.5.29.35', '2.5.29.18'];
const issuingDistributionPoint = '2.5.29.28';
/** Of that: only authorities' certificates, only some reasons, for other issuers, attributes. */
const narrowingTags: readonly number[] = [0x82, 0x83, 0x84, 0x85];

/** One list of one authority. */
export class RevocationList {
  readonly issuer: Uint8Array;
  /** When the next one should have replaced it, in milliseconds since 1970. */
  readonly nextUpdate: number | undefined;
  readonly #thisUpdate: number;
  readonly #serials = new Set<string>();
  readonly #signed: Uint8Array;
  readonly #algorithm: DerElement;
  readonly #signature: Uint8Array;
  /** Authorities whose signature was found to be right, by fingerprint. */
  readonly #signers = new Set<string>();

  /** @throws DerError when it is no list, or of a kind that leaves out what should be in it */
  constructor(der: Uint8Array) {
    const [list, algorithm, signature] = derChildren(expectDer(readDer(der), derTags.sequence));
    const fields = derChildren(expectDer(list, derTags.sequence));
    if (fields[0]?.tag === derTags.integer) fields.shift();
    const [, issuer, thisUpdate, ...rest] = fields;
    this.issuer = expectDer(issuer, derTags.sequence).bytes;
    this.#thisUpdate = timeOf(thisUpdate);
    this.nextUpdate = isTime(rest[0]) ? timeOf(rest.shift()!) : undefined;
    if (rest[0]?.tag === derTags.sequence) this.#addEntries(rest.shift()!);
    if (rest[0]?.tag === extensionsTag) checkExtensions(rest[0]);
    this.#signed = list.bytes;
    this.#algorithm = expectDer(algorithm, derTags.sequence);
    // The first byte counts unused bits: none.
    this.#signature = expectDer(signature, derTags.bitString).content.subarray(1);
  }

  /**
   * @param serial as the certificate has it
   * @param issuer of the certificate, and so of this list
   */
  faultOf(serial: Uint8Array, issuer: X509Certificate, now: number): RevocationFault | undefined {
    if (!this.#isSignedBy(issuer)) return 'CRL_SIGNATURE_FAILURE';
    if (this.#serials.has(hexOf(serial))) return 'CERT_REVOKED';
    if (this.#thisUpdate > now) return 'CRL_NOT_YET_VALID';
    if (this.nextUpdate !== undefined && this.nextUpdate < now) return 'CRL_HAS_EXPIRED';
    return undefined;
  }

  #addEntries(entries: DerElement): void {
    for (const entry of derChildren(entries)) {
      const [serial, _date, extensions] = derChildren(entry);
      this.#serials.add(hexOf(expectDer(serial, derTags.integer).content));
      const critical = extensions && derChildren(extensions).map(extensionOf);
      // Such an entry is about a certificate of somebody else.
      if (critical?.some(({ isCritical }) => isCritical)) throw new DerError('is an indirect list');
    }
  }

  #isSignedBy(authority: X509Certificate): boolean {
    if (this.#signers.has(authority.fingerprint256)) return true;
    if (!isSignature(this.#signature, this.#signed, this.#algorithm, authority)) return false;
    this.#signers.add(authority.fingerprint256);
    return true;
  }
}

/** The lists that a listener was given. */
export class RevocationLists {
  readonly lists: readonly RevocationList[];

  constructor(lists: readonly RevocationList[]) {
    this.lists = lists;
  }

  /**
   * Whether a certificate may not be let in: it was taken back, or there is nothing sound to tell
   * from. As with Mosquitto this asks about the client's own certificate and not about those of the
   * authorities above it, so that only its issuer needs to have a list.
   */
  faultOf(
    certificate: X509Certificate,
    issuer: X509Certificate | undefined,
    now = Date.now(),
  ): RevocationFault | undefined {
    if (issuer === undefined) return 'UNABLE_TO_GET_CRL';
    const { serial, issuer: name } = certificateFields(certificate);
    const faults = this.lists
      .filter((list) => Buffer.compare(list.issuer, name.bytes) === 0)
      .map((list) => list.faultOf(serial, issuer, now));
    if (faults.length === 0) return 'UNABLE_TO_GET_CRL';
    if (faults.includes('CERT_REVOKED')) return 'CERT_REVOKED';
    // An old list may stand beside the new one.
    return faults.includes(undefined) ? undefined : faults[0];
  }
}

function checkExtensions(list: DerElement): void {
  for (const { id, isCritical, value } of extensionsOf(list)) {
    const name = objectIdentifierOf(id);
    const isNarrow =
      name === issuingDistributionPoint &&
      derChildren(readDer(value)).some(({ tag }) => narrowingTags.includes(tag));
    const isUnknown =
      isCritical && ![...harmlessExtensions, issuingDistributionPoint].includes(name);
    if (isNarrow || isUnknown) throw new DerError('is a partial list, which is not supported');
  }
}

function isTime(element: DerElement | undefined): boolean {
  return element?.tag === derTags.utcTime || element?.tag === derTags.generalizedTime;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The hash of each algorithm that authorities sign with; those of curves by Edwards have none. */
const hashes: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.3.101.112': null,
  '1.3.101.113': null,
};
const rsaPss = '1.2.840.113549.1.1.10';
const hashIds: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

function isSignature(
  signature: Uint8Array,
  signed: Uint8Array,
  algorithm: DerElement,
  { publicKey }: X509Certificate,
): boolean {
  const [id, parameters] = derChildren(algorithm);
  const name = objectIdentifierOf(id);
  try {
    if (name === rsaPss) {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return verify(pssHashOf(parameters), signed, { key: publicKey, padding }, signature);
    }
    return name in hashes && verify(hashes[name], signed, publicKey, signature);
  } catch {
    // Of another kind than the key.
    return false;
  }
}

/** `SEQUENCE { [0] { SEQUENCE { hash } }, … }` RFC 4055, 3.1 */
function pssHashOf(parameters: DerElement): string {
  const [hash] = derChildren(parameters).filter(({ tag }) => tag === 0xa0);
  const id = hash && derChildren(derChildren(hash)[0])[0];
  return (id && hashIds[objectIdentifierOf(id)]) ?? 'sha1';
}
