/** The plugins of a configuration: each is loaded once, and asked by the listeners that name it. */

import type { Gatekeeper, Observer } from '../broker/ports.ts';
import type { Hooks, Plugin } from '../plugin/hooks.ts';
import { closePlugins, findPlugin, loadPlugin, reloadPlugins } from '../plugin/load-plugin.ts';
import { pluginBroker } from '../plugin/plugin-broker.ts';
import { PluginLoadError } from '../plugin/plugin-load-error.ts';
import { withHooks } from '../plugin/with-hooks.ts';
import type { Message } from '../session/message.ts';
import type { Config, PluginConfig } from './config.ts';
import type { Log } from './log.ts';
import { StartError, startExitCodes } from './start-error.ts';

export interface PluginSurroundings {
  readonly log: Log;
  readonly observer: Observer;
  /** The broker's clock, in milliseconds. */
  readonly now: () => number;
}

/**
 * Looks for the plugins of a configuration, and runs nothing of them.
 *
 * @throws StartError when some are not there
 */
export async function findPlugins({ listeners }: Pick<Config, 'listeners'>): Promise<void> {
  const paths = new Set(listeners.flatMap(({ access }) => access.plugins.map(({ path }) => path)));
  const faults: string[] = [];
  for (const path of paths) {
    try {
      await findPlugin(path);
    } catch (error) {
      faults.push(explanationOf(error));
    }
  }
  if (faults.length > 0) throw new StartError(faults.join('\nError: '), startExitCodes.plugin);
}

/** @throws whatever else it is */
function explanationOf(error: unknown): string {
  if (error instanceof PluginLoadError) return `${error.message}\n${error.remedy}`;
  throw error;
}

export class Plugins {
  readonly #surroundings: PluginSurroundings;
  readonly #loaded = new Map<PluginConfig, Plugin>();
  #publish: ((message: Message) => void) | undefined;

  private constructor(surroundings: PluginSurroundings) {
    this.#surroundings = surroundings;
  }

  /** @throws StartError when one cannot be used; those that were loaded are let go of */
  static async load({ listeners }: Config, surroundings: PluginSurroundings): Promise<Plugins> {
    const plugins = new Plugins(surroundings);
    try {
      for (const { access } of listeners) {
        for (const config of access.plugins) await plugins.#load(config);
      }
    } catch (error) {
      await plugins.close();
      throw new StartError(explanationOf(error), startExitCodes.plugin);
    }
    return plugins;
  }

  /** What plugins publish goes there from now on. */
  publishWith(publish: (message: Message) => void): void {
    this.#publish = publish;
  }

  /** Has these asked first, in their order. */
  before(gatekeeper: Gatekeeper, configs: readonly PluginConfig[]): Gatekeeper {
    const plugins = configs.map((config) => this.#loaded.get(config)!);
    return withHooks(plugins, { gatekeeper, observer: this.#surroundings.observer });
  }

  /** The configuration has been read again. */
  async reload(): Promise<void> {
    await reloadPlugins(this.#all, (plugin, error) => this.#failed(plugin, error));
  }

  async close(): Promise<void> {
    await closePlugins(this.#all, (plugin, error) => this.#failed(plugin, error));
  }

  get #all(): Plugin[] {
    return [...this.#loaded.values()];
  }

  async #load(config: PluginConfig): Promise<void> {
    if (this.#loaded.has(config)) return;
    const { log, now } = this.#surroundings;
    const { path, options, denySpecialChars } = config;
    const broker = pluginBroker({
      publish: (message) => this.#publish?.(message),
      now,
      log: (text) => log.write('notice', `${path}: ${text}`),
    });
    const { name, hooks } = await loadPlugin({ path, options, broker });
    log.write('information', `Plugin ${name} is loaded.`);
    this.#loaded.set(config, {
      name,
      hooks: denySpecialChars ? withoutSpecialNames(hooks) : hooks,
    });
  }

  #failed({ name }: Plugin, error: unknown): void {
    this.#surroundings.log.write('error', `Error: Plugin ${name} has failed: ${String(error)}`);
  }
}

/**
 * `auth_plugin_deny_special_chars`: a plugin may well put names into topics, and a client that is
 * called `+` or `#` would get what is everybody's. It is refused without being asked about.
 */
function withoutSpecialNames(hooks: Hooks): Hooks {
  const { authorize } = hooks;
  if (authorize === undefined) return hooks;
  return {
    ...hooks,
    authorize: ((request: Parameters<typeof authorize>[0]) => {
      const { clientId, userName = '' } = request.client;
      return /[+#]/.test(clientId + userName) ? 'deny' : authorize.call(hooks, request as never);
    }) as typeof authorize,
  };
}
