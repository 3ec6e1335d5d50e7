/** What every Gatekeeper promises, whatever it decides by. Each adapter runs this suite. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Admission, Gatekeeper, Verdict } from '../../src/broker/ports.ts';

export const somebody: Admission = {
  clientId: 'somebody',
  userName: undefined,
  peer: '192.0.2.1:50000',
  isVouchedFor: false,
  version: 5,
  password: undefined,
  authenticationMethod: undefined,
  authenticationData: undefined,
};

type Question = 'admit' | 'reauthenticate';

/** The verdicts that have come when the gatekeeper has had time for them. */
export async function verdictsOf(
  gatekeeper: Gatekeeper,
  question: Question,
  request: Admission,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  gatekeeper[question](request, (verdict) => {
    verdicts.push(verdict);
    resolve();
  });
  assert.deepEqual(verdicts, [], 'a port never answers before it returns');
  await promise;
  // A second answer would follow at once.
  await new Promise((later) => setImmediate(later));
  return verdicts;
}

/** @param create a gatekeeper as it is used */
export function gatekeeperContract(name: string, create: () => Gatekeeper): void {
  const requests: Readonly<Record<string, Admission>> = {
    'somebody unknown': somebody,
    'a user with a password': { ...somebody, userName: 'u', password: new Uint8Array([1, 2]) },
    'a method that nobody knows': { ...somebody, authenticationMethod: 'X-NOBODY-KNOWS' },
  };
  describe(`the Gatekeeper contract: ${name}`, () => {
    for (const [who, request] of Object.entries(requests)) {
      for (const question of ['admit', 'reauthenticate'] as const) {
        it(`answers ${question} for ${who} once, and later`, async () => {
          const verdicts = await verdictsOf(create(), question, request);
          assert.equal(verdicts.length, 1);
          const [verdict] = verdicts;
          if (verdict.type === 'refuse') assert.ok(verdict.reasonCode >= 0x80);
        });
      }
    }

    it('challenges nobody who named no authentication method [MQTT-4.12.0-6]', async () => {
      const [verdict] = await verdictsOf(create(), 'admit', somebody);
      assert.notEqual(verdict.type, 'challenge');
    });

    it('says success or a failure of what a client may do, and the same twice', () => {
      const gatekeeper = create();
      const answers = () => [
        gatekeeper.mayPublish(somebody, 'home/temperature'),
        gatekeeper.maySubscribe(somebody, 'home/#'),
      ];
      for (const reasonCode of answers()) assert.ok(reasonCode === 0 || reasonCode >= 0x80);
      assert.deepEqual(answers(), answers());
    });
  });
}
