/** A configuration while its files are being read. */

import { isIP } from 'node:net';
import { basename, dirname, join } from 'node:path';
import {
  type Config,
  defaultPort,
  type GeneralSettings,
  type ListenerConfig,
  type StateSettings,
} from './config.ts';
import { LogDraft } from './log-draft.ts';
import type { LogLine } from './log-type.ts';
import { defaultSettings, settingName, type ValueOption } from './option.ts';
import {
  firstWord,
  notServedYet,
  OptionProblem,
  readText,
  readValue,
  readWholeNumber,
} from './option-value.ts';
import {
  type FoundOption,
  generalOptions,
  listenerOptions,
  type StructureOptionName,
} from './options.ts';

interface ListenerDraft {
  port: number;
  host: string | undefined;
  readonly settings: ReturnType<typeof defaultSettings<typeof listenerOptions>>;
}

const portMax = 65_535;
const localHosts = [
  { domain: 'ipv4', host: '127.0.0.1' },
  { domain: 'ipv6', host: '::1' },
];

/** Collects options in the order of the file; listener options apply to the listener above. */
export class ConfigDraft {
  readonly #general = defaultSettings(generalOptions);
  readonly #log = new LogDraft();
  readonly #listeners: ListenerDraft[] = [];
  readonly #given = new Set<string>();
  readonly #notes: LogLine[] = [];
  #current: ListenerDraft | undefined;
  #default: ListenerDraft | undefined;
  #localOnly = true;

  /** Runs `read`, which reads one file: the listener of the file around it is out of sight. */
  withinFile(read: () => void): void {
    const around = this.#current;
    this.#current = undefined;
    read();
    this.#current = around;
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
  set(name: string, text: string, found: FoundOption): void {
    switch (found.scope) {
      case 'general':
        this.#assign(this.#general, found.name, this.#read(name, found.option, text));
        return;
      case 'listener': {
        const { settings } = this.#listenerFor(name, found.option);
        this.#assign(settings, found.name, readValue(name, found.option, text));
        return;
      }
      case 'structure':
        this.#setStructure(found.name, text);
        return;
      case 'withdrawn':
        this.note({
          type: 'warning',
          text: `Warning: The '${name}' option is no longer available.`,
        });
        return;
      case 'unserved':
        throw notServedYet(name);
      default:
        found satisfies never;
    }
  }

  /** @param localPorts the ports of local only mode, when no listener was configured. */
  finish(localPorts: readonly number[]): Config {
    const listeners = this.#localOnly ? this.#localListeners(localPorts) : this.#listeners;
    const allowAnonymous = this.#general.allowAnonymous ?? this.#localOnly;
    const config: Config = {
      listeners: listeners.map((draft) => finishListener(draft, allowAnonymous)),
      general: this.#general,
      log: this.#log.finish(this.#general),
      state: configuredState(this.#general),
      localOnly: this.#localOnly,
      notes: this.#notes,
    };
    this.#noteSurprises(config, localPorts);
    this.#noteUselessness(config);
    return config;
  }

  #read(name: string, option: ValueOption, text: string): boolean | number | string {
    const value = readValue(name, option, text);
    if (option.type === 'text') this.#giveOnce(name);
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

  #setStructure(name: StructureOptionName, text: string): void {
    switch (name) {
      case 'listener':
        this.#addListener(text);
        return;
      case 'port':
        this.#setDefaultPort(text);
        return;
      case 'bind_address':
        this.#giveOnce(name);
        this.#noteDeprecated(name);
        this.#useDefaultListener().host = readAddress(name, text);
        this.#localOnly = false;
        return;
      case 'log_dest':
        this.#log.addDestination(text);
        return;
      case 'log_type':
        this.#log.addType(text);
        return;
      case 'include_dir':
        throw new OptionProblem(
          'The include_dir option is only valid in the main configuration file.',
          'Include the directory from the file given with -c.',
        );
      default:
        name satisfies never;
    }
  }

  #addListener(text: string): void {
    // Before anything can be wrong with it, so that the options below it are not blamed for it.
    const listener = newListener(defaultPort);
    this.#listeners.push(listener);
    this.#current = listener;
    this.#localOnly = false;
    const word = firstWord('listener port', text);
    const port = readPort('listener port', word, 0);
    const host = text.slice(word.length).trim().split(/[ \t]/, 1)[0];
    const isNamed = host !== '' && !host.startsWith('#');
    if (port === 0) {
      if (isNamed) throw notServedYet('listener 0 PATH');
      throw new OptionProblem(
        'A listener with port 0 must provide a Unix socket path.',
        `Write a port from 1 to ${portMax}.`,
      );
    }
    listener.port = port;
    if (isNamed) listener.host = readAddress('listener', host);
  }

  #setDefaultPort(text: string): void {
    this.#noteDeprecated('port');
    if (this.#given.has('port')) {
      this.note({
        type: 'warning',
        text: 'Warning: The port of the default listener stands there twice. The last one counts.',
      });
    }
    this.#given.add('port');
    this.#localOnly = false;
    this.#useDefaultListener().port = readPort('port', firstWord('port', text), 1);
  }

  #noteDeprecated(name: string): void {
    this.note({
      type: 'notice',
      text: `The '${name}' option is deprecated: use 'listener PORT [ADDRESS]' instead.`,
    });
  }

  #listenerFor(name: string, option: ValueOption): ListenerDraft {
    if (this.#current !== undefined) return this.#current;
    if (option.needsListener) {
      throw new OptionProblem(
        `The '${name}' option requires a listener to be defined first.`,
        "Write 'listener PORT [ADDRESS]' above the line.",
      );
    }
    return this.#useDefaultListener();
  }

  #useDefaultListener(): ListenerDraft {
    if (this.#default === undefined) {
      this.#default = newListener(defaultPort);
      this.#listeners.push(this.#default);
    }
    this.#current = this.#default;
    return this.#default;
  }

  #localListeners(ports: readonly number[]): ListenerDraft[] {
    const settings = this.#default?.settings ?? defaultSettings(listenerOptions);
    const hosts = localHosts.filter(({ domain }) => domain === (settings.socketDomain ?? domain));
    const used = ports.length === 0 ? [defaultPort] : ports;
    return used.flatMap((port) => hosts.map(({ host }) => ({ port, host, settings })));
  }

  #noteSurprises({ listeners }: Config, localPorts: readonly number[]): void {
    if (this.#localOnly) {
      this.note({
        type: 'warning',
        text: 'Starting in local only mode. Only clients on this machine can connect.',
      });
      this.note({
        type: 'warning',
        text: "To let others in, write 'listener 1883' in a file and start with -c FILE.",
      });
    } else if (localPorts.length > 0) {
      this.note({
        type: 'warning',
        text: 'Warning: -p is ignored, since the configuration file defines a listener.',
      });
    }
    for (const port of new Set(listeners.filter(refusesEveryone).map(({ port }) => port))) {
      this.note({
        type: 'warning',
        text:
          `Warning: No client can connect on port ${port}: anonymous clients are not allowed, ` +
          "and user names are not served yet. Write 'allow_anonymous true' to let everyone in.",
      });
    }
  }

  /** Options that were given and change nothing. */
  #noteUselessness({ state }: Config): void {
    if (state === undefined && this.#given.has('durability')) {
      this.note({
        type: 'warning',
        text: "Warning: 'durability' has no effect without 'persistence true'.",
      });
    }
    const autosave = ['autosave_interval', 'autosave_on_changes'] as const;
    if (state !== undefined && autosave.some((name) => this.#given.has(name))) {
      this.note({
        type: 'information',
        text: 'There is nothing to autosave: every change is stored as it happens.',
      });
    }
  }
}

function refusesEveryone(listener: ListenerConfig): boolean {
  return !listener.allowAnonymous;
}

/** As in Mosquitto, the file may be a path, which goes on from the location. */
function configuredState(general: GeneralSettings): StateSettings | undefined {
  const { persistence, persistenceLocation = '', persistenceFile, durability } = general;
  if (!persistence) return undefined;
  const path = join(persistenceLocation, persistenceFile);
  return { directory: dirname(path), file: basename(path), durability, isDefault: false };
}

function newListener(port: number): ListenerDraft {
  return { port, host: undefined, settings: defaultSettings(listenerOptions) };
}

function finishListener({ port, host, settings }: ListenerDraft, fallback: boolean) {
  const { listenerAllowAnonymous, ...rest } = settings;
  return { port, host, allowAnonymous: listenerAllowAnonymous ?? fallback, ...rest };
}

function readPort(name: string, word: string, least: number): number {
  const port = readWholeNumber(name, word);
  if (port >= least && port <= portMax) return port;
  throw new OptionProblem(
    `Invalid 'port' value (${port}).`,
    `Write a port from 1 to ${portMax}, such as 1883.`,
  );
}

function readAddress(name: string, text: string): string {
  const address = readText(name, text);
  if (isIP(address) !== 0 || hostName.test(address)) return address;
  throw new OptionProblem(
    `Invalid '${name}' address (${address}).`,
    "Write an address such as '192.0.2.1' or '::1', or a host name.",
  );
}

const hostName = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?$/i;
