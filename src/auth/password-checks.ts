/** Checks passwords: off the main loop, not too many at once, and slowly for those who guess. */

import { createHash } from 'node:crypto';
import { HashQueue } from './hash-queue.ts';
import { isPasswordOf, type PasswordHash } from './password-hash.ts';
import { Throttle } from './throttle.ts';
import { nodeTimer, type Timer, WaitingRoom } from './waiting-room.ts';

/** One password to check. */
export interface PasswordQuestion {
  /** Who asks: see source-address.ts. */
  readonly source: string;
  /** Whose password it is said to be. */
  readonly userName: string;
  readonly hash: PasswordHash;
  /** Undefined when none was given, which is as wrong as any other, but takes no hashing. */
  readonly password: Uint8Array | undefined;
}

export type PasswordOutcome =
  | 'right'
  | 'wrong'
  /** There is too much to do. */
  | 'busy'
  /** The machine could not hash it: it has no memory left. */
  | 'failed';

type Outcome = (outcome: PasswordOutcome) => void;

/** One for all listeners of a process: they share its threads, and those who guess. */
export class PasswordChecks {
  readonly #timer: Timer;
  readonly #queue: HashQueue;
  readonly #bySource = new Throttle();
  // Somebody with an account could have himself forgiven what he guesses of others.
  readonly #byUser = new Throttle();
  readonly #waitingRoom: WaitingRoom;

  /** @param queue for tests */
  constructor(timer: Timer = nodeTimer, queue: HashQueue = new HashQueue()) {
    this.#timer = timer;
    this.#queue = queue;
    this.#waitingRoom = new WaitingRoom(timer);
  }

  /** @param outcome is called once, and never before `check` has returned */
  check(question: PasswordQuestion, outcome: Outcome): void {
    queueMicrotask(() => this.#enqueue(question, outcome, { isSlowed: false }));
  }

  #enqueue(
    question: PasswordQuestion,
    outcome: Outcome,
    { isSlowed }: { isSlowed: boolean },
  ): void {
    const { source } = question;
    this.#queue.add({
      source,
      turnAway: () => outcome('busy'),
      start: (finished) => {
        // Only now, so that many questions at once are slowed as many in a row are.
        const delay = isSlowed ? 0 : this.#delay(question);
        if (delay === 0) {
          this.#answer(question, outcome).finally(finished);
          return;
        }
        const later = () => this.#enqueue(question, outcome, { isSlowed: true });
        if (!this.#waitingRoom.admit(source, delay, later)) outcome('busy');
        finished();
      },
    });
  }

  #delay(question: PasswordQuestion): number {
    const now = this.#timer.now();
    const { source } = question;
    return Math.max(this.#bySource.delay(source, now), this.#byUser.delay(userKey(question), now));
  }

  async #answer(question: PasswordQuestion, outcome: Outcome): Promise<void> {
    const { source, hash, password } = question;
    const isRight = password !== undefined && (await hashed(hash, password));
    if (isRight === 'failed') return outcome('failed');
    const noted = [
      [this.#bySource, source],
      [this.#byUser, userKey(question)],
    ] as const;
    for (const [throttle, key] of noted) {
      if (isRight) throttle.succeeded(key);
      else throttle.failed(key, this.#timer.now());
    }
    outcome(isRight ? 'right' : 'wrong');
  }
}

/** A name may be long, and anybody may make up thousands. */
function userKey({ source, userName }: PasswordQuestion): string {
  return `${source} ${createHash('sha256').update(userName).digest('base64')}`;
}

async function hashed(hash: PasswordHash, password: Uint8Array): Promise<boolean | 'failed'> {
  try {
    return await isPasswordOf(hash, password);
  } catch {
    return 'failed';
  }
}
