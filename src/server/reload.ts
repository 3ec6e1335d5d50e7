/** What a reload can change, and what it cannot. */

import type { Config, ListenerConfig } from './config.ts';
import { endpointName } from './endpoint.ts';
import { generalOptions } from './general-options.ts';
import { settingName, type ValueOption } from './option.ts';
import { endpointOptions } from './options.ts';

/** The configuration cannot be taken up by a broker that runs; the message says why. */
export class ReloadError extends Error {
  override readonly name = 'ReloadError';
}

/**
 * The listeners of the new configuration, in the order of those that run.
 *
 * @throws ReloadError when they are not the same ones
 */
export function sameListeners(before: Config, after: Config): readonly ListenerConfig[] {
  const byName = new Map(after.listeners.map((listener) => [endpointName(listener), listener]));
  const found = before.listeners.map((listener) => byName.get(endpointName(listener)));
  const isSame = byName.size === before.listeners.length && !found.includes(undefined);
  if (isSame) return found as readonly ListenerConfig[];
  throw new ReloadError(
    'It is not currently possible to add/remove listeners when reloading the config file. ' +
      'Restart the broker for that.',
  );
}

/** The options that differ and take a restart, each with where it stands. */
export function restartsNeeded(before: Config, after: Config): string[] {
  const general = changed(generalOptions, before.general, after.general);
  const listeners = before.listeners.flatMap((listener, i) => {
    const names = changed(endpointOptions, listener, after.listeners[i]);
    if (pluginsOf(listener) !== pluginsOf(after.listeners[i])) names.push('plugin');
    return names.map((name) => `${name} (listener ${endpointName(listener)})`);
  });
  return [...general, ...listeners];
}

/** To compare, and not to be shown: an option may be a secret. */
function pluginsOf({ access }: ListenerConfig): string {
  return JSON.stringify(
    access.plugins.map(({ path, options, denySpecialChars }) => [path, options, denySpecialChars]),
  );
}

function changed(
  table: Readonly<Record<string, ValueOption>>,
  before: object,
  after: object,
): string[] {
  const settingIn = (settings: object, name: string) =>
    (settings as Readonly<Record<string, unknown>>)[settingName(name)];
  return Object.entries(table)
    .filter(([, { reload }]) => !reload)
    .map(([name]) => name)
    .filter((name) => settingIn(before, name) !== settingIn(after, name));
}
