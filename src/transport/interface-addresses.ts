/** The addresses of a network interface, to listen on it. */

import { networkInterfaces } from 'node:os';
import { ListenError } from './listen-error.ts';

/**
 * `bind_interface`: binding to a device itself takes a privilege, and Node cannot do it; binding to
 * each of its addresses keeps everybody out as well who does not come to one of these.
 *
 * @param family only these; undefined: both
 * @returns addresses to listen on, with their zone where it matters; empty where the interface has
 *   none of the family
 * @throws ListenError where there is no such interface
 */
export function addressesOfInterface(
  device: string,
  family: 4 | 6 | undefined,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): readonly string[] {
  const name = Object.keys(interfaces).find((one) => one.toLowerCase() === device.toLowerCase());
  if (name === undefined) {
    throw new ListenError(
      `Interface ${device} does not exist. With addresses there are ${Object.keys(interfaces).join(', ')}.`,
    );
  }
  return (
    interfaces[name]!.filter(({ family: its }) => family === undefined || its === `IPv${family}`)
      // An address that is unique on its link only is none without saying which link.
      .map((one) => (isLinkLocal(one) ? `${one.address}%${name}` : one.address))
  );
}

function isLinkLocal({ address, family }: { address: string; family: string }): boolean {
  return family === 'IPv6' && /^fe[89ab]/i.test(address);
}
