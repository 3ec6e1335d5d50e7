/** Version 1 of the PROXY protocol: one line of text. */

import { isIPv4, isIPv6 } from 'node:net';
import { peerText } from './arrival.ts';
import type { ReadProxyHeader } from './proxy-header.ts';
import { corrupt } from './proxy-header-error.ts';

/** The longest line that there can be, with its end: UNKNOWN and two IPv6 addresses in full. */
const lineBytesMax = 107;

const start = 'PROXY ';

/*
 *   PROXY TCP4 192.0.2.1 198.51.100.1 51234 1883␍␊
 *   PROXY TCP6 2001:db8::1 2001:db8::2 51234 1883␍␊
 *   PROXY UNKNOWN␍␊           with anything between the word and the end
 */
export function readTextHeader(bytes: Uint8Array): ReadProxyHeader | undefined {
  const text = Buffer.from(bytes.subarray(0, lineBytesMax)).toString('latin1');
  const letters = Math.min(text.length, start.length);
  if (text.slice(0, letters) !== start.slice(0, letters)) {
    throw corrupt('it does not begin with "PROXY "');
  }
  const end = text.indexOf('\r\n');
  if (end < 0) {
    if (text.length === lineBytesMax) throw corrupt(`no end of line in ${lineBytesMax} bytes`);
    return undefined;
  }
  return { header: readLine(text.slice(0, end)), length: end + 2 };
}

function readLine(line: string): ReadProxyHeader['header'] {
  const [, protocol, address, ownAddress, port, ownPort, ...more] = line.split(' ');
  if (protocol === 'UNKNOWN') return { type: 'local' };
  const isAddress = addressChecks.get(protocol);
  if (isAddress === undefined) throw corrupt('the protocol is none of TCP4, TCP6 and UNKNOWN');
  if (ownPort === undefined || more.length > 0) {
    throw corrupt(`${protocol} is followed by two addresses and two ports`);
  }
  if (!isAddress(address) || !isAddress(ownAddress)) {
    throw corrupt(`an address that is none of ${protocol}`);
  }
  if (!isPort(port) || !isPort(ownPort)) throw corrupt('a port that is none of 0 to 65535');
  return { type: 'proxied', peer: peerText(address, Number(port)), tls: undefined };
}

const addressChecks: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['TCP4', isIPv4],
  ['TCP6', isPlainIPv6],
]);

function isPlainIPv6(address: string): boolean {
  return isIPv6(address) && !address.includes('%');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}
