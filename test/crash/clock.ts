/** The order in which things happened to the test, whatever the broker went through meanwhile. */

export interface Moment {
  /** Later moments have larger ones. */
  readonly tick: number;
  readonly seconds: number;
  /** How often the broker had been stopped by then. */
  readonly kill: number;
}

export class Clock {
  kills = 0;
  readonly #startedAt = performance.now();
  #ticks = 0;

  now(): Moment {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return { tick: ++this.#ticks, seconds, kill: this.kills };
  }
}

export function momentText(moment: Moment | undefined): string {
  if (moment === undefined) return 'never';
  return `${moment.seconds.toFixed(3)} s (after kill ${moment.kill})`;
}
