/** Plugins while a configuration is being read; those of Mosquitto's own become parts of ours. */

import { basename } from 'node:path';
import type { Place, PluginConfig } from './config.ts';
import { OptionProblem } from './option-value.ts';

/** A plugin cannot be loaded, which has an exit code of its own. */
export class PluginProblem extends OptionProblem {}

/** What a plugin that Mosquitto brings along is served by. */
export type BuiltInPlugin = 'password-file' | 'acl-file' | 'persist-sqlite' | 'sparkplug-aware';

/** One line `plugin`, and the `plugin_opt_…` below it. */
export class PluginDraft {
  readonly path: string;
  readonly place: Place;
  /** Undefined for a plugin of the operator's own. */
  readonly builtIn: BuiltInPlugin | undefined;
  denySpecialChars = true;
  readonly #options: Record<string, string> = Object.create(null);

  /** @throws PluginProblem when it is a C library that nothing here can stand in for */
  constructor(path: string, place: Place) {
    this.path = path;
    this.place = place;
    this.builtIn = builtInOf(path);
  }

  setOption(name: string, value: string): void {
    this.#options[name] = value;
  }

  option(name: string): string | undefined {
    return this.#options[name];
  }

  finish(): PluginConfig {
    const { place, denySpecialChars } = this;
    const path = this.builtIn === undefined ? this.path : `pantala:${this.builtIn}`;
    return { path, options: { ...this.#options }, denySpecialChars, place };
  }
}

const libraryEnd = /\.(so|dll|dylib)(\.[0-9.]+)?$/i;

const builtInPlugins: Readonly<Record<string, BuiltInPlugin>> = {
  mosquitto_password_file: 'password-file',
  mosquitto_acl_file: 'acl-file',
  mosquitto_persist_sqlite: 'persist-sqlite',
  mosquitto_sparkplug_aware: 'sparkplug-aware',
};

function builtInOf(path: string): BuiltInPlugin | undefined {
  // A path of Windows has backslashes, wherever it is read.
  const file = basename(path.replaceAll('\\', '/'));
  if (!libraryEnd.test(file)) return undefined;
  const name = file.replace(libraryEnd, '');
  if (Object.hasOwn(builtInPlugins, name)) return builtInPlugins[name];
  if (name === 'mosquitto_dynamic_security') {
    throw new PluginProblem(
      `Unable to load plugin "${path}".`,
      "Dynamic security is not served yet. Use 'password_file' and 'acl_file' until then.",
    );
  }
  throw new PluginProblem(
    `Unable to load plugin "${path}".`,
    'C libraries cannot be loaded: write it in TypeScript or JavaScript, see docs/plugins.md.',
  );
}
