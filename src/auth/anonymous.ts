/** The gatekeeper of a broker without accounts: lets everybody in, or nobody. */

import type { Admission, Answer, Gatekeeper } from '../broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';

/** Mosquitto's `allow_anonymous` where no file or plugin knows any user. */
export class Anonymous implements Gatekeeper {
  readonly #isAllowed: boolean;

  private constructor(isAllowed: boolean) {
    this.#isAllowed = isAllowed;
  }

  static allowed(): Anonymous {
    return new Anonymous(true);
  }

  static refused(): Anonymous {
    return new Anonymous(false);
  }

  admit(request: Admission, answer: Answer): void {
    // A port never answers before it returns.
    Promise.resolve().then(() => answer(this.#verdict(request)));
  }

  reauthenticate(request: Admission, answer: Answer): void {
    this.admit(request, answer);
  }

  mayPublish(): ReasonCode {
    return reasonCodes.success;
  }

  maySubscribe(): ReasonCode {
    return reasonCodes.success;
  }

  #verdict({ authenticationMethod }: Admission): Parameters<Answer>[0] {
    if (authenticationMethod !== undefined) {
      const reason = `authentication method '${authenticationMethod}' is not known here`;
      return { type: 'refuse', reasonCode: reasonCodes.badAuthenticationMethod, reason };
    }
    if (this.#isAllowed) return { type: 'accept' };
    const reason = 'anonymous clients are not allowed here';
    return { type: 'refuse', reasonCode: reasonCodes.notAuthorized, reason };
  }
}
