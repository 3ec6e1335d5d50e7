/** Text as MQTT writes it (5.0 section 1.5.4): the one place that knows the platform's UTF-8. */

import { ProtocolError } from './protocol-error.ts';
import { reasonCodes } from './reason-codes.ts';

/** The part of Node's Buffer that works on any Uint8Array, in Node several times faster. */
interface NativeText {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, at: number, bytesMax: number): number;
}

interface Platform {
  readonly Buffer?: { readonly prototype: Partial<NativeText> };
}

// Where there is a Buffer. The build for browsers says that they have none, and so leaves this out.
const native =
  (globalThis as Platform).Buffer && nativeText((globalThis as Platform).Buffer!.prototype);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }); // [MQTT-1.5.4-3]
const encoder = new TextEncoder();

/** The longest text that an error message repeats: it may end up in a log or a reason string. */
const quotedLettersMax = 64;

/** Up to here a loop writes ASCII faster than a call out of JavaScript: 20 letters, 12 : 22 ns. */
const loopLettersMax = 32;

/**
 * The text in `bytes` from `start` to `end`. Throws ProtocolError for what is no UTF-8, surrogates
 * and overlong forms among it [MQTT-1.5.4-1], and for U+0000 [MQTT-1.5.4-2].
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  let bits = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === 0) throw malformedText('U+0000, which MQTT forbids in text');
    bits |= byte;
  }
  if (bits < 0x80 && native !== undefined) return native.latin1Slice.call(bytes, start, end);
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    throw malformedText('bytes that are not UTF-8');
  }
}

/** A text as a payload has it, where nothing is forbidden. */
export function utf8Of(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The most bytes that `encodeText` may write for a text. */
export function textBytesMax(text: string): number {
  return text.length * 3;
}

/**
 * Writes `text` at `at`, where `textBytesMax` bytes must be free; returns the bytes written.
 * Throws RangeError for U+0000 and lone surrogates.
 */
export function encodeText(text: string, bytes: Uint8Array, at: number): number {
  const length = text.length;
  if (length > loopLettersMax) return encodeAnyText(text, bytes, at);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80 || code === 0) return encodeAnyText(text, bytes, at);
    bytes[at + i] = code;
  }
  return length;
}

function encodeAnyText(text: string, bytes: Uint8Array, at: number): number {
  if (!text.isWellFormed()) throw new RangeError(`${quoted(text)} has a lone surrogate`);
  if (text.includes('\0')) throw new RangeError(`${quoted(text)} contains U+0000`);
  if (native !== undefined) return native.utf8Write.call(bytes, text, at, textBytesMax(text));
  return encoder.encodeInto(text, bytes.subarray(at)).written;
}

/** A text as an error message shows it: in quotes, escaped, and cut when it is long. */
export function quoted(text: string): string {
  if (text.length <= quotedLettersMax) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, quotedLettersMax))}…`;
}

/** A byte as an error message shows it. */
export function hexOf(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

/** Undefined where it is a polyfill's, which lacks these verbs. */
function nativeText({ latin1Slice, utf8Write }: Partial<NativeText>): NativeText | undefined {
  return latin1Slice && utf8Write && { latin1Slice, utf8Write };
}

export function malformedText(found: string): ProtocolError {
  const message = `a text contains ${found}`;
  return new ProtocolError(reasonCodes.malformedPacket, message, 'after CONNACK');
}
