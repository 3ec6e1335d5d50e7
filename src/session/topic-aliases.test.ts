/** Topic aliases in both directions. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '../packet/protocol-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { IncomingAliases, OutgoingAliases } from './topic-aliases.ts';

const failsWith = (reasonCode: ReasonCode) => (error: unknown) =>
  error instanceof ProtocolError && error.reasonCode === reasonCode;

describe('IncomingAliases', () => {
  it('gives back the topic that an alias was last set to [MQTT-3.3.2-12]', () => {
    const aliases = new IncomingAliases(2);
    assert.equal(aliases.resolve(2, 'a'), 'a');
    assert.equal(aliases.resolve(2, ''), 'a');
    assert.equal(aliases.resolve(2, 'b'), 'b');
    assert.equal(aliases.resolve(2, ''), 'b');
  });

  it('refuses an alias above the maximum that the peer was told [MQTT-3.3.2-9]', () => {
    const aliases = new IncomingAliases(2);
    assert.throws(() => aliases.resolve(3, 'a'), failsWith(reasonCodes.topicAliasInvalid));
  });

  it('refuses an alias that was never set', () => {
    const aliases = new IncomingAliases(2);
    assert.throws(() => aliases.resolve(1, ''), failsWith(reasonCodes.protocolError));
  });
});

describe('OutgoingAliases', () => {
  it('has as many aliases as the peer allows [MQTT-3.1.2-26]', () => {
    const aliases = new OutgoingAliases(2);
    for (const topic of ['a', 'b']) aliases.set(topic, aliases.free!);
    assert.deepEqual(
      [aliases.known('a'), aliases.known('b'), aliases.known('c')],
      [1, 2, undefined],
    );
    assert.equal(aliases.free, undefined);
  });
});
