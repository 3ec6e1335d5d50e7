/** Texts with a character for each byte, so that lengths and bytes are what a C program sees. */

/** Any bytes, one character each, from U+0000 to U+00FF. */
export function bytesAsText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Any bytes as hexadecimal digits in lower case. */
export function bytesAsHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** The bytes of a text in UTF-8. */
export function textAsBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The bytes again. */
export function bytesOfText(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
