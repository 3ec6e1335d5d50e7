/** The gatekeeper of listeners that are no more: of what their clients have left behind. */

import type { Admission, Answer, Gatekeeper } from '../broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { Anonymous } from './anonymous.ts';

/** Lets nobody in and nothing pass: wills, and retained messages where their source counts. */
export class Nobody implements Gatekeeper {
  readonly #refused = Anonymous.refused();

  admit(request: Admission, answer: Answer): void {
    this.#refused.admit(request, answer);
  }

  reauthenticate(request: Admission, answer: Answer): void {
    this.#refused.reauthenticate(request, answer);
  }

  mayPublish(): ReasonCode {
    return reasonCodes.notAuthorized;
  }

  maySubscribe(): ReasonCode {
    return reasonCodes.notAuthorized;
  }
}
