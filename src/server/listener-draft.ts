/** One listener while a configuration is being read. */

import { isIP } from 'node:net';
import { AccessDraft } from './access-draft.ts';
import type { EndpointSettings, Place } from './config.ts';
import { defaultSettings } from './option.ts';
import { firstWord, OptionProblem, readQuoted, readText, readWholeNumber } from './option-value.ts';
import { endpointOptions } from './options.ts';

export class ListenerDraft {
  port: number;
  host: string | undefined;
  socketPath: string | undefined;
  /** Protocol levels; undefined for all. */
  versions: Set<number> | undefined;
  readonly origins: string[] = [];
  readonly settings = defaultSettings(endpointOptions);
  /** Its own, after `per_listener_settings true`; the plugins of `plugin_use` in any case. */
  readonly access = new AccessDraft();
  readonly places = new Map<string, Place>();

  constructor(port: number) {
    this.port = port;
  }

  /** The same at another address. */
  at(port: number, host: string): ListenerDraft {
    const draft = new ListenerDraft(port);
    return Object.assign(draft, this, { port, host });
  }

  /** What stands behind `listener`. */
  setAddress(text: string): void {
    const word = firstWord('listener port', text);
    const port = readPort('listener port', word, 0);
    const rest = text.slice(word.length).trim();
    const host = rest.startsWith('#') ? '' : rest;
    if (port === 0) {
      if (host === '') {
        throw new OptionProblem(
          'A listener with port 0 must provide a Unix socket path.',
          `Write 'listener 0 PATH', or a port from 1 to ${portMax}.`,
        );
      }
      this.socketPath = socketPathIn(host);
    } else if (host !== '') this.host = readAddress('listener', host.split(/[ \t]/, 1)[0]);
    this.port = port;
  }

  /** `accept_protocol_versions 3, 4, 5` */
  setVersions(name: string, text: string): void {
    const words = text.split(/[, \t]+/).filter((word) => word !== '');
    if (words.length === 0) firstWord(name, '');
    const wrong = words.find((word) => !protocolLevels.includes(word));
    if (wrong !== undefined) {
      throw new OptionProblem(
        `Invalid '${name}' value (${wrong}).`,
        'Write some of 3 (MQTT 3.1), 4 (3.1.1) and 5 (5.0), with commas between them.',
      );
    }
    this.versions = new Set(words.map(Number));
  }
}

const protocolLevels = ['3', '4', '5'];
const portMax = 65_535;

/** The first word, or all of it in quotes. */
function socketPathIn(text: string): string {
  return text.startsWith('"') ? readQuoted('listener', text) : text.split(/[ \t]/, 1)[0];
}

export function readPort(name: string, word: string, least: number): number {
  const port = readWholeNumber(name, word);
  if (port >= least && port <= portMax) return port;
  throw new OptionProblem(
    `Invalid 'port' value (${port}).`,
    `Write a port from 1 to ${portMax}, such as 1883.`,
  );
}

export function readAddress(name: string, text: string): string {
  const address = readText(name, text);
  if (isIP(address) !== 0 || hostName.test(address)) return address;
  throw new OptionProblem(
    `Invalid '${name}' address (${address}).`,
    "Write an address such as '192.0.2.1' or '::1', or a host name.",
  );
}

const hostName = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?$/i;

/** A combination of options that makes no sense, and what would. */
interface Contradiction {
  /** The option that is to blame. */
  readonly option: string;
  /** In Mosquitto's words. */
  readonly message: string;
  readonly remedy: string;
}

/** What the options of one listener say against each other. */
export function contradictionsOf(settings: EndpointSettings): Contradiction[] {
  return contradictions
    .filter(({ holds }) => holds(settings))
    .map(({ option, message, remedy }) => ({
      option: option(settings),
      message: message(settings),
      remedy,
    }));
}

const contradictions: readonly {
  holds(settings: EndpointSettings): boolean;
  option(settings: EndpointSettings): string;
  message(settings: EndpointSettings): string;
  readonly remedy: string;
}[] = [
  {
    holds: ({ certfile, keyfile }) => (certfile === undefined) !== (keyfile === undefined),
    option: ({ certfile }) => (certfile === undefined ? 'keyfile' : 'certfile'),
    message: () => 'Both certfile and keyfile must be provided to enable a TLS listener.',
    remedy: "Write 'certfile server.crt' and 'keyfile server.key'.",
  },
  {
    holds: ({ cafile, certfile, keyfile }) =>
      cafile !== undefined && certfile === undefined && keyfile === undefined,
    option: () => 'cafile',
    message: () => 'cafile specified without certfile and keyfile.',
    remedy: "Add 'certfile server.crt' and 'keyfile server.key', or remove 'cafile'.",
  },
  {
    holds: ({ capath, certfile, keyfile }) =>
      capath !== undefined && certfile === undefined && keyfile === undefined,
    option: () => 'capath',
    message: () => 'capath specified without certfile and keyfile.',
    remedy: "Add 'certfile server.crt' and 'keyfile server.key', or remove 'capath'.",
  },
  {
    holds: ({ pskHint, certfile, cafile }) =>
      pskHint !== undefined && (certfile !== undefined || cafile !== undefined),
    option: () => 'psk_hint',
    message: () => 'Cannot use both certificate and psk encryption in a single listener.',
    remedy: "Use a second 'listener' for one of them.",
  },
  {
    holds: ({ enableProxyProtocol, useSubjectAsUsername }) =>
      enableProxyProtocol === 2 && useSubjectAsUsername,
    option: () => 'use_subject_as_username',
    message: () => 'use_subject_as_username cannot be used with `enable_proxy_protocol 2`.',
    remedy: "Use 'use_identity_as_username': the PROXY protocol tells the Common Name only.",
  },
  {
    holds: ({ enableProxyProtocol, certfile, keyfile }) =>
      enableProxyProtocol === 2 && (certfile !== undefined || keyfile !== undefined),
    option: ({ certfile }) => (certfile === undefined ? 'keyfile' : 'certfile'),
    message: () => 'certfile and keyfile cannot be used with `enable_proxy_protocol 2`.',
    remedy: "Let the load balancer end TLS, or use 'enable_proxy_protocol 1'.",
  },
  {
    holds: ({ mountPoint }) => mountPoint !== undefined && /[+#]/.test(mountPoint),
    option: () => 'mount_point',
    message: ({ mountPoint }) =>
      `Invalid 'mount_point' value (${mountPoint}). Does it contain a wildcard character?`,
    remedy: "Write a prefix such as 'site1/', without '+' and '#'.",
  },
];
