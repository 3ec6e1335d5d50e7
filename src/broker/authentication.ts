/** Who a client is: one exchange with the gatekeeper, plain or enhanced. (MQTT 5.0 section 4.12) */

import type { Auth } from '../packet/auth.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Acceptance, Admission, Gatekeeper, Verdict } from './ports.ts';

/** What the connection does with the gatekeeper's answers. */
export interface AuthenticationOutcome {
  challenged(data: Uint8Array | undefined): void;
  accepted(acceptance: Acceptance): void;
  refused(reasonCode: ReasonCode, reason: string | undefined, reasonString?: string): void;
}

const methodMissing: Verdict = {
  type: 'refuse',
  reasonCode: reasonCodes.notAuthorized,
  reason: 'CONNECT without an authentication method: one is needed here',
};

type Step =
  | { readonly type: 'idle' }
  | { readonly type: 'asking' }
  | { readonly type: 'challenged'; readonly proceed: Challenge['proceed'] };

type Challenge = Extract<Verdict, { type: 'challenge' }>;

export class Authentication {
  readonly #gatekeeper: Gatekeeper;
  #request: Admission;
  readonly #outcome: AuthenticationOutcome;
  #step: Step = { type: 'idle' };
  #account: object | undefined;

  constructor(gatekeeper: Gatekeeper, request: Admission, outcome: AuthenticationOutcome) {
    this.#gatekeeper = gatekeeper;
    this.#request = request;
    this.#outcome = outcome;
  }

  /** The gatekeeper thinks; its answer comes later. */
  get isAsking(): boolean {
    return this.#step.type === 'asking';
  }

  /** What the gatekeeper gave along when it let the client in. */
  get account(): object | undefined {
    return this.#account;
  }

  /** The method of CONNECT, which all AUTH packets must name. */
  get method(): string | undefined {
    return this.#request.authenticationMethod;
  }

  /** CONNECT has come. */
  begin(): void {
    this.#step = { type: 'asking' };
    this.#gatekeeper.admit(this.#request, (verdict) => this.#answer(verdict));
  }

  /** AUTH has come. @throws ProtocolError when it does not belong here */
  receive(auth: Auth): void {
    const { method } = this;
    if (method === undefined || auth.properties?.authenticationMethod !== method) {
      // [MQTT-4.12.0-5] [MQTT-4.12.0-7]
      throw new ProtocolError(
        reasonCodes.protocolError,
        method === undefined
          ? 'AUTH on a connection that began without an authentication method'
          : `AUTH must name the authentication method of CONNECT, '${method}'`,
      );
    }
    const data = auth.properties.authenticationData;
    const step = this.#step;
    if (auth.reasonCode === reasonCodes.continueAuthentication && step.type === 'challenged') {
      this.#step = { type: 'asking' };
      step.proceed(data, (verdict) => this.#answer(verdict));
      return;
    }
    if (auth.reasonCode === reasonCodes.reauthenticate && step.type === 'idle') {
      this.#step = { type: 'asking' };
      const request = { ...this.#request, authenticationData: data };
      this.#gatekeeper.reauthenticate(request, (verdict) => this.#answer(verdict));
      return;
    }
    throw new ProtocolError(
      reasonCodes.protocolError,
      `AUTH with reason code 0x${auth.reasonCode.toString(16)} was not expected now`,
    );
  }

  #answer(verdict: Verdict): void {
    if (verdict.type === 'challenge') {
      // [MQTT-4.12.0-6]
      if (this.method === undefined) return this.#answer(methodMissing);
      this.#step = { type: 'challenged', proceed: verdict.proceed };
      this.#outcome.challenged(verdict.data);
      return;
    }
    this.#step = { type: 'idle' };
    // A secret that is not needed any more, and with it a piece of network input.
    this.#request = { ...this.#request, password: undefined, authenticationData: undefined };
    if (verdict.type === 'refuse') {
      return this.#outcome.refused(verdict.reasonCode, verdict.reason, verdict.reasonString);
    }
    this.#account = verdict.account;
    this.#outcome.accepted(verdict);
  }
}
