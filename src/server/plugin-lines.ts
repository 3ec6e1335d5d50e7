/** What the log says of plugins that fail. */

import type { Observer } from '../broker/ports.ts';
import type { Log } from './log.ts';

// A hook that fails may do so with each message: then this is told once in so long.
const quietMilliseconds = 10_000;
// Hooks whose failures are counted apart; there are never as many.
const hooksMax = 1000;

interface Silence {
  readonly until: number;
  untold: number;
}

/** @param now milliseconds that only ever grow */
export function pluginEvents(log: Log, now = () => performance.now()): Observer {
  const silences = new Map<string, Silence>();
  return {
    hookFailed({ plugin, hook, error }) {
      const key = `${plugin} ${hook}`;
      const silence = silences.get(key);
      if (silence !== undefined && silence.until > now()) {
        silence.untold++;
        return;
      }
      if (silences.size >= hooksMax) silences.clear();
      silences.set(key, { until: now() + quietMilliseconds, untold: 0 });
      const untold = silence?.untold ?? 0;
      const again = untold === 0 ? '' : ` (${untold} times more before)`;
      const message = String(Object(error).message ?? error).split('\n', 1)[0];
      log.write('error', `Error: Plugin ${plugin} has failed in '${hook}': ${message}.${again}`);
    },
  };
}
