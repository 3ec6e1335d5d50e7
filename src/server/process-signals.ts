/** What the signals of Mosquitto do to a running broker. */

import process from 'node:process';

export interface SignalActions {
  /** SIGHUP: reads everything again. Tells of its own failures. */
  reload(): Promise<void>;
  /** SIGUSR1: makes sure that all is stored. */
  save(): void;
  /** SIGUSR2: shows who has subscribed to what. */
  printTree(): void;
}

/**
 * Acts on signals until it is disposed of. A reload asked for during a reload follows it, once,
 * however often it was asked for. `signals` is the process but in tests.
 */
export function actOnSignals(
  actions: SignalActions,
  signals: NodeJS.EventEmitter = process,
): Disposable {
  let isReloading = false;
  let isAskedAgain = false;
  const reload = async (): Promise<void> => {
    isAskedAgain = isReloading;
    if (isReloading) return;
    isReloading = true;
    try {
      await actions.reload();
    } finally {
      isReloading = false;
    }
    if (isAskedAgain) await reload();
  };
  const listeners: Readonly<Record<string, () => void>> = {
    SIGHUP: () => void reload(),
    SIGUSR1: () => actions.save(),
    SIGUSR2: () => actions.printTree(),
  };
  for (const [name, listener] of Object.entries(listeners)) signals.on(name, listener);
  return {
    [Symbol.dispose]() {
      for (const [name, listener] of Object.entries(listeners)) {
        // Without a listener the signal would end the process, which is about to end well.
        signals.on(name, ignore);
        signals.off(name, listener);
      }
    },
  };
}

function ignore(): void {}
