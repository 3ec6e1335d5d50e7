/** Where peers come from. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sourceOf } from './source-address.ts';

describe('the source of a peer', () => {
  const sources: Readonly<Record<string, string>> = {
    '192.0.2.1:50000': '192.0.2.1',
    '192.0.2.1': '192.0.2.1',
    '[2001:db8:1:2:3:4:5:6]:50000': '2001:db8:1:2::/64',
    '[2001:DB8:0001:2::]:1': '2001:db8:1:2::/64',
    '[2001:db8:1:2:ffff::1]:1': '2001:db8:1:2::/64',
    '[2001:db8:1::1]:1': '2001:db8:1:0::/64',
    '[::1]:1883': '0:0:0:0::/64',
    '[fe80::1%eth0]:1': 'fe80:0:0:0::/64',
    '[::ffff:192.0.2.1]:1': '192.0.2.1',
    '[64:ff9b::192.0.2.1]:1': '64:ff9b:0:0::/64',
    '/run/pantala.sock': '/run/pantala.sock',
    '': '',
  };
  for (const [peer, source] of Object.entries(sources)) {
    it(`of '${peer}' is '${source}'`, () => assert.equal(sourceOf(peer), source));
  }
});
