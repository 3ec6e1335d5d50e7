/** Reads DER, the encoding of certificates and revocation lists (ITU-T X.690, chapter 10). */

/**
 * One element: a tag, a length and content.
 *
 *     tag (1 byte) | length (1 byte below 128, else 0x80 + count and that many bytes) | content
 */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag and length included. */
  readonly bytes: Uint8Array;
}

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** The bytes are not DER, or not what they should be. */
export class DerError extends Error {}

/**
 * The one element that `bytes` consist of.
 *
 * @throws DerError when they are anything else
 */
export function readDer(bytes: Uint8Array): DerElement {
  const element = elementAt(bytes, 0);
  if (element.bytes.length !== bytes.length) throw new DerError('goes on behind its end');
  return element;
}

/**
 * The elements within another.
 *
 * @throws DerError
 */
export function derChildren(element: DerElement | undefined): DerElement[] {
  const { content } = present(element);
  const children: DerElement[] = [];
  for (let at = 0; at < content.length; ) {
    const child = elementAt(content, at);
    children.push(child);
    at += child.bytes.length;
  }
  return children;
}

/**
 * An element that must be there, with the tag that it must have.
 *
 * @throws DerError
 */
export function expectDer(element: DerElement | undefined, tag: number): DerElement {
  if (present(element).tag === tag) return present(element);
  throw new DerError(`has an element with tag ${present(element).tag} where ${tag} should be`);
}

/** The types take for granted that each element of an array is there. */
function present(element: DerElement | undefined): DerElement {
  if (element !== undefined) return element;
  throw new DerError('ends before all of its elements');
}

/**
 * `1.2.840.113549.1.1.11`
 *
 * @throws DerError
 */
export function objectIdentifierOf(element: DerElement | undefined): string {
  const { content } = present(element);
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    // No arc that matters here needs more than the 53 bits of a number.
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    // The first two share a number.
    const first = Math.min(2, Math.floor(arc / 40));
    if (arcs.length === 0) arcs.push(first, arc - first * 40);
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

/**
 * UTCTime or GeneralizedTime in milliseconds since 1970. RFC 5280, 4.1.2.5
 *
 * @throws DerError
 */
export function timeOf(element: DerElement | undefined): number {
  const { tag, content } = present(element);
  const text = Buffer.from(content).toString('latin1');
  const match = timePattern.exec(tag === derTags.utcTime ? centuryOf(text) + text : text);
  if (match === null) throw new DerError(`has "${text}" for a time`);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const timePattern = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

function centuryOf(text: string): string {
  return Number(text.slice(0, 2)) >= 50 ? '19' : '20';
}

function elementAt(bytes: Uint8Array, at: number): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('ends within an element');
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first - 0x80;
    if (count === 0 || count > 4) throw new DerError(`has a length of ${count} bytes`);
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? Number.NaN);
    start += count;
  }
  const end = start + length;
  if (!(end <= bytes.length)) throw new DerError('ends within an element');
  return { tag, content: bytes.subarray(start, end), bytes: bytes.subarray(at, end) };
}
