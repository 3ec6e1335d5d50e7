/** A configuration while its files are being read. */

import process from 'node:process';
import { AccessDraft } from './access-draft.ts';
import type { Config, ConfigFault, Place } from './config.ts';
import { defaultPort } from './config.ts';
import { finishListeners } from './finished-listeners.ts';
import { generalOptions } from './general-options.ts';
import { ListenerDraft, readAddress, readPort } from './listener-draft.ts';
import { LogDraft } from './log-draft.ts';
import type { LogLine } from './log-type.ts';
import { defaultSettings, settingName, type ValueOption } from './option.ts';
import { firstWord, notServed, OptionProblem, readQuoted, readValue } from './option-value.ts';
import type { FoundOption, StructureOptionName } from './options.ts';
import { PluginDraft } from './plugin-draft.ts';
import { configuredState } from './state-draft.ts';
import { surprisesOf } from './surprises.ts';

/** What a configuration depends on besides its files. */
export interface ConfigSurroundings {
  /** Ports from the command line; they count only when no listener is configured. */
  readonly ports?: readonly number[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Collects options in the order of the file; listener options apply to the listener above. */
export class ConfigDraft {
  readonly #general = defaultSettings(generalOptions);
  readonly #access = new AccessDraft();
  readonly #log = new LogDraft();
  readonly #listeners: ListenerDraft[] = [];
  readonly #namedPlugins = new Map<string, PluginAbove>();
  readonly #given = new Set<string>();
  readonly #notes: LogLine[] = [];
  readonly #faults: ConfigFault[] = [];
  #listener: ListenerDraft | undefined;
  #default: ListenerDraft | undefined;
  #plugin: PluginAbove | undefined;
  #localOnly = true;

  /** Runs `read`, which reads one file: what is current in the file around it is out of sight. */
  withinFile(read: () => void): void {
    const [listener, plugin] = [this.#listener, this.#plugin];
    this.#listener = undefined;
    this.#plugin = undefined;
    read();
    this.#listener = listener;
    this.#plugin = plugin;
  }

  /** Something for the log to say once there is one. */
  note(line: LogLine): void {
    this.#notes.push(line);
  }

  /**
   * Takes one line in.
   *
   * @param name as it is written in the file, which may be an alias.
   * @throws OptionProblem when the value cannot be used.
   */
  set(name: string, text: string, { found, place }: { found: FoundOption; place: Place }): void {
    if ('option' in found) this.#noteDeprecated(name, found.option.deprecated);
    switch (found.scope) {
      case 'general':
        if (found.name === 'per_listener_settings') return this.#setPerListener(name, text, found);
        return this.#assign(this.#general, found.name, this.#read(name, found.option, text));
      case 'access': {
        const { settings, places } = this.#accessFor(name);
        places.set(found.name, place);
        this.#given.add('access');
        return this.#assign(settings, found.name, readValue(name, found.option, text));
      }
      case 'listener': {
        const { settings, places } = this.#listenerFor(name, found.option);
        places.set(found.name, place);
        return this.#assign(settings, found.name, readValue(name, found.option, text));
      }
      case 'structure':
        return this.#setStructure(found.name, { name, text, place });
      case 'withdrawn':
        return this.note({ type: 'warning', text: `Warning: ${found.warning}` });
      case 'unserved':
        if (text === found.off) return;
        throw notServed(name, found.remedy);
      default:
        found satisfies never;
    }
  }

  /** @returns the configuration, and what is wrong with it as a whole */
  finish({ ports = [], env = process.env }: ConfigSurroundings): {
    readonly config: Config;
    readonly faults: readonly ConfigFault[];
  } {
    const fault = (one: ConfigFault) => this.#faults.push(one);
    const drafts = this.#localOnly ? this.#localListeners(ports) : this.#listeners;
    const plugins = this.#access.plugins;
    const config: Config = {
      listeners: finishListeners(
        drafts,
        {
          common: this.#access,
          isPerListener: this.#general.perListenerSettings,
          localOnly: this.#localOnly,
        },
        fault,
      ),
      general: this.#general,
      log: this.#log.finish(this.#general),
      state: configuredState(this.#general, { plugins, env }),
      localOnly: this.#localOnly,
      notes: this.#notes,
    };
    for (const line of surprisesOf(config, { ports, given: this.#given })) this.note(line);
    return { config, faults: this.#faults };
  }

  #read(name: string, option: ValueOption, text: string): boolean | number | string {
    const value = readValue(name, option, text);
    const isText = option.type === 'text' || option.type === 'path';
    if (isText && !option.lastCounts) this.#giveOnce(name);
    this.#given.add(name);
    return value;
  }

  #giveOnce(name: string): void {
    if (this.#given.has(name)) {
      throw new OptionProblem(
        `Duplicate '${name}' value in configuration.`,
        `Keep one line with '${name}'.`,
      );
    }
    this.#given.add(name);
  }

  // The table types the settings; the value was read by the option of the same name.
  #assign(settings: object, optionName: string, value: boolean | number | string): void {
    Object.assign(settings, { [settingName(optionName)]: value });
  }

  /** Once it is true it stays so, as in Mosquitto. */
  #setPerListener(name: string, text: string, { option }: { option: ValueOption }): void {
    const value = readValue(name, option, text);
    if (value === false || this.#general.perListenerSettings) return;
    if (this.#given.has('access')) {
      throw new OptionProblem(
        'per_listener_settings must be set before any other security settings.',
        'Move the line to the top of the file.',
      );
    }
    this.#general.perListenerSettings = true;
  }

  #setStructure(
    option: StructureOptionName,
    { name, text, place }: { name: string; text: string; place: Place },
  ): void {
    switch (option) {
      case 'listener':
        return this.#addListener(text, place);
      case 'port':
        return this.#setDefaultPort(text);
      case 'bind_address':
        this.#giveOnce(name);
        this.#useDefaultListener().host = readAddress(name, text);
        this.#localOnly = false;
        return;
      case 'accept_protocol_versions':
        return this.#listenerAbove(name).setVersions(name, text);
      case 'websockets_origin':
        this.#listenerAbove(name).origins.push(readQuoted(name, text));
        return;
      case 'log_dest':
        return this.#log.addDestination(text);
      case 'log_type':
        return this.#log.addType(text);
      case 'include_dir':
        throw new OptionProblem(
          'The include_dir option is only valid in the main configuration file.',
          'Include the directory from the file given with -c.',
        );
      case 'plugin':
        return this.#addPlugin(this.#accessFor(name), { path: readQuoted(name, text), place });
      case 'global_plugin':
        return this.#addPlugin(this.#access, { path: readQuoted(name, text), place });
      case 'plugin_load':
        return this.#loadPlugin(name, text, place);
      case 'plugin_use':
        return this.#usePlugin(name, firstWord(name, text));
      case 'plugin_opt_*':
        return this.#setPluginOption(name, text);
      case 'auth_plugin_deny_special_chars': {
        const option = { type: 'flag', default: true, since: '', reload: false, help: '' } as const;
        const plugin = this.#pluginAbove(name);
        const value = readValue(name, option, text) as boolean;
        if (plugin !== 'refused') plugin.denySpecialChars = value;
        return;
      }
      default:
        option satisfies never;
    }
  }

  #addListener(text: string, place: Place): void {
    // Before anything can be wrong with it, so that the options below it are not blamed for it.
    const listener = new ListenerDraft(defaultPort);
    this.#listeners.push(listener);
    this.#listener = listener;
    this.#localOnly = false;
    listener.places.set('listener', place);
    listener.setAddress(text);
  }

  #setDefaultPort(text: string): void {
    if (this.#given.has('port')) {
      const warning = 'The port of the default listener stands there twice. The last one counts.';
      this.note({ type: 'warning', text: `Warning: ${warning}` });
    }
    this.#given.add('port');
    this.#localOnly = false;
    this.#useDefaultListener().port = readPort('port', firstWord('port', text), 1);
  }

  #noteDeprecated(name: string, instead: string | undefined): void {
    if (instead === undefined || this.#given.has(`deprecated ${name}`)) return;
    this.#given.add(`deprecated ${name}`);
    this.note({ type: 'notice', text: `The '${name}' option is deprecated. ${instead}` });
  }

  /** The draft that an option of access belongs to. */
  #accessFor(name: string): AccessDraft {
    return this.#general.perListenerSettings ? this.#listenerAbove(name).access : this.#access;
  }

  #listenerFor(name: string, { needsListener }: ValueOption): ListenerDraft {
    if (needsListener) return this.#listenerAbove(name);
    return this.#listener ?? this.#useDefaultListener();
  }

  #listenerAbove(name: string): ListenerDraft {
    if (this.#listener !== undefined) return this.#listener;
    throw new OptionProblem(
      `The '${name}' option requires a listener to be defined first.`,
      "Write 'listener PORT [ADDRESS]' above the line.",
    );
  }

  #useDefaultListener(): ListenerDraft {
    if (this.#default === undefined) {
      this.#default = new ListenerDraft(defaultPort);
      this.#listeners.push(this.#default);
    }
    this.#listener = this.#default;
    return this.#default;
  }

  #addPlugin(access: AccessDraft, { path, place }: { path: string; place: Place }): void {
    this.#given.add('access');
    // Until it is there: the options below it are not blamed for it.
    this.#plugin = 'refused';
    const plugin = new PluginDraft(path, place);
    this.#plugin = plugin;
    access.plugins.push(plugin);
  }

  #loadPlugin(option: string, text: string, place: Place): void {
    const name = firstWord(option, text);
    const path = readQuoted(option, text.slice(name.length).trim());
    if (this.#namedPlugins.has(name)) {
      throw new OptionProblem(`Duplicate plugin name '${name}'.`, 'Give the plugin another name.');
    }
    this.#plugin = 'refused';
    this.#namedPlugins.set(name, 'refused');
    const plugin = new PluginDraft(path, place);
    this.#plugin = plugin;
    this.#namedPlugins.set(name, plugin);
  }

  #usePlugin(option: string, name: string): void {
    const listener = this.#listenerAbove(option);
    const plugin = this.#namedPlugins.get(name);
    if (plugin === undefined) {
      throw new OptionProblem(
        `Plugin '${name}' not previously loaded.`,
        `Write 'plugin_load ${name} FILE' above the line.`,
      );
    }
    this.#plugin = plugin;
    if (plugin !== 'refused') listener.access.plugins.push(plugin);
  }

  #setPluginOption(option: string, text: string): void {
    const name = option.replace(/^(plugin|auth)_opt_/, '');
    const plugin = this.#pluginAbove(option);
    if (name === '') {
      throw new OptionProblem(`Invalid '${option}' config option.`, `Write '${option}NAME VALUE'.`);
    }
    if (text === '') {
      throw new OptionProblem(
        `Empty '${name}' value in configuration.`,
        `Write a value after '${option}' or remove the line.`,
      );
    }
    if (plugin !== 'refused') plugin.setOption(name, text);
  }

  #pluginAbove(name: string): PluginAbove {
    if (this.#plugin !== undefined) return this.#plugin;
    throw new OptionProblem(
      `The '${name}' option requires plugin/global_plugin/plugin_load to be defined first.`,
      "Write 'plugin FILE' above the line.",
    );
  }

  #localListeners(ports: readonly number[]): ListenerDraft[] {
    const model = this.#default ?? new ListenerDraft(defaultPort);
    const { socketDomain } = model.settings;
    const hosts = localHosts.filter(({ domain }) => domain === (socketDomain ?? domain));
    const used = ports.length === 0 ? [defaultPort] : ports;
    return used.flatMap((port) => hosts.map(({ host }) => model.at(port, host)));
  }
}

/** The plugin that an option belongs to; 'refused' where its own line is at fault. */
type PluginAbove = PluginDraft | 'refused';

const localHosts = [
  { domain: 'ipv4', host: '127.0.0.1' },
  { domain: 'ipv6', host: '::1' },
];
