/** Makes the logs of sessions, each with a number of its own. */

import type { Numbers } from './numbers.ts';
import { type LogPast, SessionLog, type SessionLogTools } from './session-log.ts';

export class SessionLogs {
  readonly tools: SessionLogTools;
  readonly #numbers: Numbers;

  /** @param numbers those that sessions have */
  constructor(tools: SessionLogTools, numbers: Numbers) {
    this.tools = tools;
    this.#numbers = numbers;
  }

  /** Numbers up to this one are in use. */
  pass(number: number): void {
    this.#numbers.pass(number);
  }

  create(): SessionLog {
    return new SessionLog(this.#numbers.next(), this.tools);
  }

  /** The log of a session that is in the store. */
  restore(number: number, past: LogPast): SessionLog {
    this.#numbers.pass(number);
    return new SessionLog(number, this.tools, past);
  }
}
