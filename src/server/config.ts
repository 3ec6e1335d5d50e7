/** What a broker is started with, whichever file or command line it came from. */

import type { accessOptions } from './access-options.ts';
import type { generalOptions } from './general-options.ts';
import type { LogLine, LogType } from './log-type.ts';
import type { SettingsOf } from './option.ts';
import type { endpointOptions } from './options.ts';

/** The configuration of one broker. Numbers mean what they mean in mosquitto.conf. */
export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly general: GeneralSettings;
  readonly log: LogSettings;
  /** Where sessions and retained messages are kept; undefined for in memory alone. */
  readonly state: StateSettings | undefined;
  /** True when no listener was configured: then only this machine can connect. */
  readonly localOnly: boolean;
  /** What the log should say about the configuration, once there is a log. */
  readonly notes: readonly LogLine[];
}

/** The port of MQTT, where no other is configured. */
export const defaultPort = 1883;

export type GeneralSettings = Readonly<SettingsOf<typeof generalOptions>>;
export type EndpointSettings = Readonly<SettingsOf<typeof endpointOptions>>;

/** A port or a socket to listen on, what is spoken there, and who may come in. */
export interface ListenerConfig
  extends Omit<EndpointSettings, 'listenerAllowAnonymous' | 'listenerAutoIdPrefix'> {
  /** 0 for a Unix socket. */
  readonly port: number;
  /** An address or a name; undefined listens on all addresses. */
  readonly host: string | undefined;
  /** The path of a Unix socket; undefined for a port. */
  readonly socketPath: string | undefined;
  readonly access: AccessConfig;
  /** Protocol levels: 3 for MQTT 3.1, 4 for 3.1.1, 5 for 5.0; undefined accepts all. */
  readonly acceptProtocolVersions: ReadonlySet<number> | undefined;
  /** Web pages whose WebSockets are accepted; none: those of all. */
  readonly websocketsOrigins: readonly string[];
  /** Where the options of this listener stand, by their names. */
  readonly places: ReadonlyMap<string, Place>;
}

/** Who may come in, and do what. */
export interface AccessConfig extends Readonly<SettingsOf<typeof accessOptions>> {
  readonly allowAnonymous: boolean;
  /** In the order in which they are asked, before the files. */
  readonly plugins: readonly PluginConfig[];
}

/** A plugin, and what it is told. */
export interface PluginConfig {
  /** A file, or the name of one that Pantala brings along, as `pantala:jwt`. */
  readonly path: string;
  /** `plugin_opt_NAME value`, by NAME. */
  readonly options: Readonly<Record<string, string>>;
  /** Clients with `+` or `#` in user name or client identifier are refused without asking it. */
  readonly denySpecialChars: boolean;
  readonly place: Place;
}

/** Where something stands in a configuration file. */
export interface Place {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
}

/** Where state is kept on disk, and how safe it is there before an acknowledgement promises it. */
export interface StateSettings {
  /** Absolute, or as seen from the working directory. */
  readonly directory: string;
  /** A name in the directory. */
  readonly file: string;
  readonly durability: GeneralSettings['durability'];
  /** True when nobody has chosen the place, as there is no configuration file. */
  readonly isDefault: boolean;
}

/** Where log lines go, which, and with what time. */
export interface LogSettings {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly topic: boolean;
  readonly syslog: boolean;
  /** The number of a local facility of syslog; undefined: daemon. */
  readonly facility: number | undefined;
  readonly file: string | undefined;
  readonly types: ReadonlySet<LogType>;
  readonly timestamp: boolean;
  /** In strftime's codes; undefined writes the seconds since 1970. */
  readonly timestampFormat: string | undefined;
}

/** One thing that is wrong with a configuration. */
export interface ConfigFault {
  readonly file: string;
  /** Counts from 1; undefined when the fault is the file itself. */
  readonly line: number | undefined;
  /** In Mosquitto's words, without the `Error: ` before them. */
  readonly message: string;
  /** What would be right. */
  readonly remedy: string;
  /** True when it is a plugin that cannot be loaded. */
  readonly isPlugin?: boolean;
}

/** The operator's configuration cannot be used; all that is wrong with it, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    // Without a listener there is one for each family of addresses, with the same lines to blame.
    const told = new Map(faults.map((fault) => [faultLines(fault).join('\n'), fault]));
    super([...told.keys()].join('\n'));
    this.faults = [...told.values()];
  }
}

/** The two lines that an operator reads: what is wrong, then where and what would be right. */
function faultLines({ file, line, message, remedy }: ConfigFault): string[] {
  const place = line === undefined ? '' : `Error found at ${file}:${line}. `;
  return [`Error: ${message}`, place + remedy];
}
