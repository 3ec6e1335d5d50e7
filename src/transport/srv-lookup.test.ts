/** Servers come in the order of RFC 2782. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookupServers } from './srv-lookup.ts';

function record(name: string, { priority = 0, weight = 0, port = 1883 } = {}) {
  return { type: 'SRV', name, priority, weight, port } as const;
}

describe('lookupServers', () => {
  it('gives the lower priority first, whatever the weights', async () => {
    const resolve = async () => [
      record('c', { priority: 20, weight: 100 }),
      record('a', { priority: 5, port: 2000 }),
      record('b.', { priority: 10, weight: 1 }),
    ];
    assert.deepEqual(await lookupServers('_mqtt._tcp.x', { resolve }), [
      { host: 'a', port: 2000 },
      { host: 'b', port: 1883 },
      { host: 'c', port: 1883 },
    ]);
  });

  for (const { drawn, order } of [
    { drawn: [0, 0, 0], order: 'none light heavy' },
    { drawn: [0.99, 0, 0], order: 'heavy none light' },
    { drawn: [0.2, 0.99, 0], order: 'light heavy none' },
  ]) {
    it(`draws by weight: ${drawn} gives ${order}`, async () => {
      const resolve = async () => [
        record('heavy', { weight: 70 }),
        record('none'),
        record('light', { weight: 30 }),
      ];
      const draws = drawn.values();
      const servers = await lookupServers('x', { resolve, random: () => draws.next().value! });
      assert.equal(servers.map(({ host }) => host).join(' '), order);
    });
  }

  it('gives none for a domain that has none', async () => {
    assert.deepEqual(await lookupServers('x', { resolve: async () => [record('.')] }), []);
  });
});
