/** A gatekeeper with enhanced authentication: the client must send each challenge back reversed. */

import type { Admission, Answer, Gatekeeper, Verdict } from '../../src/broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../../src/packet/reason-codes.ts';

type Challenge = Extract<Verdict, { type: 'challenge' }>;

const accepted: Verdict = { type: 'accept', authenticationData: Uint8Array.of(0xac) };

const wrongAnswer: Verdict = {
  type: 'refuse',
  reasonCode: reasonCodes.notAuthorized,
  reason: 'the answer is wrong',
};

const unknownMethod: Verdict = {
  type: 'refuse',
  reasonCode: reasonCodes.badAuthenticationMethod,
  reason: "the authentication method is not 'reverse'",
};

/**
 * Knows the one method `reverse`, and lets in everybody who names none. Each exchange has as many
 * challenges as it was made with; the first is 01 02, the next 03 04.
 */
export class ChallengeGatekeeper implements Gatekeeper {
  readonly #rounds: number;

  constructor(rounds: number) {
    this.#rounds = rounds;
  }

  admit({ authenticationMethod }: Admission, answer: Answer): void {
    if (authenticationMethod === undefined) answerLater(answer, { type: 'accept' });
    else if (authenticationMethod !== 'reverse') answerLater(answer, unknownMethod);
    else answerLater(answer, this.#challenge(0));
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

  #challenge(round: number): Challenge {
    const data = Uint8Array.of(round * 2 + 1, round * 2 + 2);
    return {
      type: 'challenge',
      data,
      proceed: (reply, answer) => {
        const isRight = reply?.length === 2 && reply[0] === data[1] && reply[1] === data[0];
        const isLast = round + 1 === this.#rounds;
        if (!isRight) answerLater(answer, wrongAnswer);
        else answerLater(answer, isLast ? accepted : this.#challenge(round + 1));
      },
    };
  }
}

/** A port never answers before it returns. */
function answerLater(answer: Answer, verdict: Verdict): void {
  Promise.resolve().then(() => answer(verdict));
}
