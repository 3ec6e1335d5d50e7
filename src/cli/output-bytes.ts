/** Bytes for people: as a dump, and as base64. */

import { textAsBytes } from './byte-text.ts';
import type { Style } from './output-style.ts';

const lineBytes = 16;

// More is for nobody to read, and a dump of all that a packet can carry does not fit into a string.
const dumpBytesMax = 1024 * 1024;

/** `00000000: 6865 6c6c 6f20 7468 6572 6521 0a         hello there!.`, as xxd(1) prints it. */
export function hexDump(bytes: Uint8Array, style: Style): string {
  const lines: string[] = [];
  const length = Math.min(bytes.length, dumpBytesMax);
  for (let at = 0; at < length; at += lineBytes) {
    const line = bytes.subarray(at, Math.min(at + lineBytes, length));
    const offset = style('dim', `${at.toString(16).padStart(8, '0')}:`);
    lines.push(`${offset} ${hexColumns(line)}  ${printable(line)}`);
  }
  if (length < bytes.length) lines.push(`... and ${bytes.length - length} bytes more`);
  return lines.join('\n');
}

function hexColumns(line: Uint8Array): string {
  let text = '';
  for (let at = 0; at < lineBytes; at += 2) {
    const pair = Buffer.from(line.subarray(at, at + 2)).toString('hex');
    text += `${pair.padEnd(4)}${at + 2 < lineBytes ? ' ' : ''}`;
  }
  return text;
}

function printable(line: Uint8Array): string {
  return Buffer.from(line)
    .toString('latin1')
    .replace(/[^ -~]/g, '.');
}

/** `home/door, 12 bytes` */
export function dumpHeading(topic: string, length: number, style: Style): string {
  const bytes = length === 1 ? '1 byte' : `${length} bytes`;
  return `${style('topic', textAsBytes(topic))}, ${bytes}`;
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
