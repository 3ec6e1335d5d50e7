/** Tells of trouble that comes again and again, but not each time. */

const quietSecondsDefault = 10;

export class Complaint {
  readonly #log: (text: string) => void;
  readonly #quietMilliseconds: number;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(log: (text: string) => void, quietSeconds = quietSecondsDefault) {
    this.#log = log;
    this.#quietMilliseconds = quietSeconds * 1000;
  }

  tell(text: string): void {
    const now = performance.now();
    if (now < this.#quietUntil) {
      this.#untold++;
      return;
    }
    const again = this.#untold === 0 ? '' : ` (${this.#untold} times more before)`;
    this.#quietUntil = now + this.#quietMilliseconds;
    this.#untold = 0;
    this.#log(text + again);
  }
}

/** What went wrong, in a few words and without the address that was called. */
export function causeOf(error: unknown): string {
  const { name, message, cause } = Object(error);
  if (name === 'TimeoutError' || name === 'AbortError') return 'no answer in time';
  // The built-in fetch says 'fetch failed', and its cause the rest.
  return String(Object(cause).code ?? Object(cause).message ?? message ?? error).slice(0, 200);
}
