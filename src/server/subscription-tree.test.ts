/** Tests the tree of subscriptions that SIGUSR2 prints. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { subscriptionTree } from './subscription-tree.ts';

describe('the tree of subscriptions', () => {
  it('has a level of a filter in each line, and who has subscribed behind it', () => {
    const tree = subscriptionTree([
      { clientId: 's1', filter: 'a/b', qos: 1 },
      { clientId: 's1', filter: 'a/+', qos: 0 },
      { clientId: 's2', filter: '$share/g/a/b', qos: 2 },
      { clientId: 's3', filter: 'a/b', qos: 2 },
      { clientId: 's3', filter: 'a', qos: 2 },
    ]);
    assert.equal(
      tree,
      [
        '    a (s3, 2)',
        '      b (s1, 1) (s3, 2)',
        '      + (s1, 0)',
        '    $share',
        '      g',
        '        a',
        '          b (s2, 2)',
        '',
      ].join('\n'),
    );
  });

  it('is empty without subscriptions', () => assert.equal(subscriptionTree([]), ''));

  it('stays small for the deepest filter that a client can send', () => {
    const filter = 'a/'.repeat(32_767);
    const tree = subscriptionTree([{ clientId: 'c', filter, qos: 0 }]);
    assert.ok(tree.length < 200_000);
    assert.equal(tree.split('\n').length, 201);
  });

  it('cannot steer a terminal', () => {
    const tree = subscriptionTree([{ clientId: '\u001b[2J', filter: 'a\nb', qos: 0 }]);
    assert.equal(tree, '    a\u{fffd}b (\u{fffd}[2J, 0)\n');
  });
});
