/** A gatekeeper whose answers a test sets, and that remembers who asked. */

import type {
  Access,
  Admission,
  Answer,
  ClientIdentity,
  Gatekeeper,
  Verdict,
} from '../../src/broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../../src/packet/reason-codes.ts';

/** What it answers; where there is no rule everybody may do everything. */
export interface GatekeeperRules {
  readonly admit?: (request: Admission) => Verdict;
  readonly reauthenticate?: (request: Admission) => Verdict;
  readonly publish?: (topic: string) => ReasonCode;
  readonly subscribe?: (filter: string) => ReasonCode;
  /** Absent: nobody asks. */
  readonly receive?: (client: ClientIdentity, topic: string) => boolean;
  readonly rule?: string;
}

export class TestGatekeeper implements Gatekeeper {
  readonly admissions: Admission[] = [];
  /** What was asked about receiving: `clientId topic`. */
  readonly asked: string[] = [];
  readonly mayReceive?: Gatekeeper['mayReceive'];
  readonly #rules: GatekeeperRules;

  constructor(rules: GatekeeperRules = {}) {
    this.#rules = rules;
    const { receive } = rules;
    if (receive === undefined) return;
    this.mayReceive = (client, topic) => {
      this.asked.push(`${client.clientId} ${topic}`);
      return receive(client, topic);
    };
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

  ruleFor(_client: unknown, access: Access, topic: string): string | undefined {
    return this.#rules.rule && `${this.#rules.rule} ${access} ${topic}`;
  }
}

/** A port never answers before it returns. */
function answerLater(answer: Answer, verdict: Verdict = { type: 'accept' }): void {
  Promise.resolve().then(() => answer(verdict));
}
