/** What a broker is started with, whichever file or command line it came from. */

import type { LogLine, LogType } from './log-type.ts';
import type { SettingsOf } from './option.ts';
import type { generalOptions, listenerOptions } from './options.ts';

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

/** One port to listen on. */
export interface ListenerConfig
  extends Readonly<Omit<SettingsOf<typeof listenerOptions>, 'listenerAllowAnonymous'>> {
  readonly port: number;
  /** An address or a name; undefined listens on all addresses. */
  readonly host: string | undefined;
  readonly allowAnonymous: boolean;
}

export type GeneralSettings = Readonly<SettingsOf<typeof generalOptions>>;

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
}

/** The operator's configuration cannot be used; all that is wrong with it, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(faults.flatMap(faultLines).join('\n'));
    this.faults = faults;
  }
}

/** The two lines that an operator reads: what is wrong, then where and what would be right. */
function faultLines({ file, line, message, remedy }: ConfigFault): string[] {
  const place = line === undefined ? '' : `Error found at ${file}:${line}. `;
  return [`Error: ${message}`, place + remedy];
}
