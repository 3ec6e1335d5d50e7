/** A gatekeeper whose answers a test sets, and that remembers who asked. */

import type { Admission, Answer, Gatekeeper, Verdict } from '../../src/broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../../src/packet/reason-codes.ts';

/** What it answers; where there is no rule everybody may do everything. */
export interface GatekeeperRules {
  readonly admit?: (request: Admission) => Verdict;
  readonly reauthenticate?: (request: Admission) => Verdict;
  readonly publish?: (topic: string) => ReasonCode;
  readonly subscribe?: (filter: string) => ReasonCode;
}

export class TestGatekeeper implements Gatekeeper {
  readonly admissions: Admission[] = [];
  readonly #rules: GatekeeperRules;

  constructor(rules: GatekeeperRules = {}) {
    this.#rules = rules;
  }

  admit(request: Admission, answer: Answer): void {
    this.admissions.push(request);
    answerLater(answer, this.#rules.admit?.(request));
  }

  reauthenticate(request: Admission, answer: Answer): void {
    answerLater(answer, this.#rules.reauthenticate?.(request));
  }

  mayPublish(_client: unknown, topic: string): ReasonCode {
    return this.#rules.publish?.(topic) ?? reasonCodes.success;
  }

  maySubscribe(_client: unknown, filter: string): ReasonCode {
    return this.#rules.subscribe?.(filter) ?? reasonCodes.success;
  }
}

/** A port never answers before it returns. */
function answerLater(answer: Answer, verdict: Verdict = { type: 'accept' }): void {
  Promise.resolve().then(() => answer(verdict));
}
