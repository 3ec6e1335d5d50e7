/** Which addresses stand for an interface. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { networkInterfaces } from 'node:os';
import { it } from 'node:test';
import { addressesOfInterface } from './interface-addresses.ts';
import { listenSockets } from './listen-sockets.ts';

const inet = (family: 'IPv4' | 'IPv6', address: string) =>
  ({ address, family, netmask: '', mac: '', internal: false, cidr: null, scopeid: 0 }) as const;

const interfaces = {
  lo: [inet('IPv4', '127.0.0.1'), inet('IPv6', '::1')],
  eth0: [inet('IPv4', '192.0.2.1'), inet('IPv4', '192.0.2.2'), inet('IPv6', 'fe80::1')],
  tun0: [inet('IPv4', '198.51.100.1')],
} as ReturnType<typeof networkInterfaces>;

const check = (device: string, family: 4 | 6 | undefined, addresses: readonly string[]) =>
  it(`finds ${addresses} for ${device} and family ${family}`, () =>
    assert.deepEqual(addressesOfInterface(device, family, interfaces), addresses));

check('lo', undefined, ['127.0.0.1', '::1']);
check('lo', 4, ['127.0.0.1']);
check('ETH0', undefined, ['192.0.2.1', '192.0.2.2', 'fe80::1%eth0']);
check('eth0', 6, ['fe80::1%eth0']);
check('tun0', 6, []);

it('tells which interfaces there are when one does not exist', () => {
  assert.throws(() => addressesOfInterface('eth9', undefined, interfaces), {
    name: 'ListenError',
    message: 'Interface eth9 does not exist. With addresses there are lo, eth0, tun0.',
  });
});

it('finds addresses of this machine that can be listened on', async () => {
  const device = process.platform === 'linux' ? 'lo' : 'lo0';
  for (const host of addressesOfInterface(device, undefined)) {
    const listener = await listenSockets(({ socket }) => socket.end(), { port: 0, host });
    await once(connect(listener.port, host).resume(), 'close');
    await listener.close();
  }
});
