/** Where somebody who logs in comes from, as far as one can tell him from others by it. */

import { isIPv6 } from 'node:net';

/**
 * The address of a peer, without its port. Of IPv6 only the first 64 bits: everybody has as many
 * addresses as he likes below them. What is no address stays as it is.
 */
export function sourceOf(peer: string): string {
  const address = /^\[([^\]]*)\]:\d+$/.exec(peer)?.[1] ?? /^(.*):\d+$/.exec(peer)?.[1] ?? peer;
  return isIPv6(address) ? networkOf(address) : address;
}

function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1];
  const [head, tail] = address.replace(/%.*$/, '').split('::');
  const first = groupsOf(head);
  // An IPv4 address at the end stands for two groups.
  const last = groupsOf(tail ?? '').flatMap((group) => (group.includes('.') ? ['0', '0'] : group));
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(zeros).fill('0'), ...last];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
