/** Events per minute, averaged over 1, 5 and 15 minutes, as `uptime` does for the load. */

export type LoadSpan = '1min' | '5min' | '15min';

const spanSeconds: Record<LoadSpan, number> = { '1min': 60, '5min': 300, '15min': 900 };

interface Load {
  last: number;
  readonly averages: Record<LoadSpan, number>;
}

/** Exponentially weighted, so that nothing but the last value has to be kept. */
export class LoadAverages {
  readonly #loads: Map<string, Load>;

  constructor(names: readonly string[]) {
    this.#loads = new Map(
      names.map((name) => [name, { last: 0, averages: { '1min': 0, '5min': 0, '15min': 0 } }]),
    );
  }

  /**
   * @param count the counter's value now
   * @param seconds since the last update; 0: nothing changes
   */
  update(name: string, count: number, seconds: number): Readonly<Record<LoadSpan, number>> {
    const load = this.#loads.get(name)!;
    if (seconds <= 0) return load.averages;
    const perMinute = ((count - load.last) * 60) / seconds;
    load.last = count;
    for (const span of Object.keys(spanSeconds) as LoadSpan[]) {
      const weight = Math.exp(-seconds / spanSeconds[span]);
      load.averages[span] = perMinute + weight * (load.averages[span] - perMinute);
    }
    return load.averages;
  }
}
