/** The gatekeepers of a broker without accounts. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  gatekeeperContract,
  somebody,
  verdictsOf,
} from '../../test/contract/gatekeeper-contract.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { Anonymous } from './anonymous.ts';

gatekeeperContract('anonymous allowed', () => Anonymous.allowed());
gatekeeperContract('anonymous refused', () => Anonymous.refused());

it('lets everybody in where anonymous clients are allowed, with or without a name', async () => {
  for (const userName of [undefined, 'u']) {
    const verdicts = await verdictsOf(Anonymous.allowed(), 'admit', { ...somebody, userName });
    assert.deepEqual(verdicts, [{ type: 'accept' }]);
  }
});

it('lets nobody in where they are not', async () => {
  for (const userName of [undefined, 'u']) {
    const [verdict] = await verdictsOf(Anonymous.refused(), 'admit', { ...somebody, userName });
    assert.equal(verdict.type === 'refuse' && verdict.reasonCode, reasonCodes.notAuthorized);
  }
});

it('knows no authentication method', async () => {
  const request = { ...somebody, authenticationMethod: 'SCRAM-SHA-256' };
  for (const gatekeeper of [Anonymous.allowed(), Anonymous.refused()]) {
    const [verdict] = await verdictsOf(gatekeeper, 'admit', request);
    const code = verdict.type === 'refuse' && verdict.reasonCode;
    assert.equal(code, reasonCodes.badAuthenticationMethod);
  }
});
