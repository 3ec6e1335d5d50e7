/** What a reload can change, and what it cannot. */

import { isDeepStrictEqual } from 'node:util';
import type { Config, ListenerConfig, PluginConfig } from './config.ts';
import { endpointName } from './endpoint.ts';
import { generalOptions } from './general-options.ts';
import { settingName, type ValueOption } from './option.ts';
import { endpointOptions } from './options.ts';

/** The configuration cannot be taken up by a broker that runs; the message says why. */
export class ReloadError extends Error {
  override readonly name = 'ReloadError';
}

export interface ReloadedConfig {
  /** What holds after the reload: where something takes a restart, what has held before. */
  readonly config: Config;
  /** What has changed and takes a restart: `'protocol' of listener 1883`. */
  readonly restarts: readonly string[];
}

/**
 * What becomes of a broker that runs by one configuration and is given another.
 *
 * @throws ReloadError when they have not the same listeners
 */
export function configAfterReload(running: Config, wanted: Config): ReloadedConfig {
  const listeners = sameListeners(running, wanted).map((listener, i) =>
    listenerAfterReload(running.listeners[i], listener),
  );
  const general = settled(generalOptions, running.general, wanted.general);
  const state = isDeepStrictEqual(running.state, wanted.state) ? [] : ['persistence'];
  // Where a file is kept may also be said by a plugin's option, or by the environment.
  const ofState = general.kept.some((name) => statePattern.test(name)) ? [] : state;
  return {
    config: {
      ...wanted,
      listeners: listeners.map(({ config }) => config),
      general: general.settings,
      state: running.state,
    },
    restarts: [
      ...[...general.kept, ...ofState].map((name) => `'${name}'`),
      ...listeners.flatMap(({ config, kept }) =>
        kept.map((name) => `'${name}' of listener ${endpointName(config)}`),
      ),
    ],
  };
}

const statePattern = /^persistence|^durability$/;

/** Listeners are told apart by where they listen; several may do so at one place. */
function sameListeners(running: Config, wanted: Config): readonly ListenerConfig[] {
  const byPlace = Map.groupBy(wanted.listeners, endpointName);
  const found = running.listeners.map((each) => byPlace.get(endpointName(each))?.shift());
  const isWhole = !found.includes(undefined) && found.length === wanted.listeners.length;
  // The port may be the same: but the default listener is open to everybody, as only this machine
  // reaches it.
  if (isWhole && running.localOnly === wanted.localOnly) return found as ListenerConfig[];
  throw new ReloadError(
    'It is not currently possible to add/remove listeners when reloading the config file. ' +
      'Restart the broker for that.',
  );
}

function listenerAfterReload(running: ListenerConfig, wanted: ListenerConfig) {
  const { settings, kept } = settled(endpointOptions, running, wanted);
  const { plugins } = running.access;
  return {
    config: { ...settings, access: { ...wanted.access, plugins } },
    kept: [...kept, ...changedPlugins(plugins, wanted.access.plugins)],
  };
}

/** The settings that are wanted, but for those which take a restart; and the names of these. */
function settled<Settings extends object>(
  table: Readonly<Record<string, ValueOption>>,
  running: Settings,
  wanted: Settings,
): { readonly settings: Settings; readonly kept: readonly string[] } {
  const valueIn = (settings: Settings, name: string) =>
    (settings as Readonly<Record<string, unknown>>)[settingName(name)];
  const kept = Object.keys(table).filter(
    (name) => !table[name].reload && valueIn(running, name) !== valueIn(wanted, name),
  );
  const values = kept.map((name) => [settingName(name), valueIn(running, name)]);
  return { settings: { ...wanted, ...Object.fromEntries(values) }, kept };
}

/** However a listener has come to its plugins: each of them is loaded at the start. */
function changedPlugins(
  running: readonly PluginConfig[],
  wanted: readonly PluginConfig[],
): string[] {
  const paths = (plugins: readonly PluginConfig[]) => plugins.map(({ path }) => path);
  if (!isDeepStrictEqual(paths(running), paths(wanted))) return ['plugin'];
  const names = running.flatMap(({ options, denySpecialChars }, i) => {
    const other = wanted[i];
    const given = new Set([...Object.keys(options), ...Object.keys(other.options)]);
    const differing = [...given].filter((name) => options[name] !== other.options[name]);
    return [
      ...differing.map((name) => `plugin_opt_${name}`),
      ...(denySpecialChars === other.denySpecialChars ? [] : ['auth_plugin_deny_special_chars']),
    ];
  });
  return [...new Set(names)];
}
