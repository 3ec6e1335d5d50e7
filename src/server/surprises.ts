/** What a configuration means that its author may not have meant; the log says so at the start. */

import type { Config, ListenerConfig } from './config.ts';
import type { LogLine } from './log-type.ts';

interface Told {
  /** Ports from the command line. */
  readonly ports: readonly number[];
  /** Names of general options that were given. */
  readonly given: ReadonlySet<string>;
}

export function surprisesOf(config: Config, told: Told): LogLine[] {
  return [
    ...aboutListeners(config, told),
    ...aboutTwins(config),
    ...config.listeners.flatMap(aboutListener),
    ...aboutState(config, told),
  ].filter((line, i, lines) => lines.findIndex(({ text }) => text === line.text) === i);
}

function aboutListeners({ localOnly }: Config, { ports }: Told): LogLine[] {
  if (localOnly) {
    return [
      warning('Starting in local only mode. Only clients on this machine can connect.'),
      warning("To let others in, write 'listener 1883' in a file and start with -c FILE."),
    ];
  }
  if (ports.length === 0) return [];
  return [warning('Warning: -p is ignored, since the configuration file defines a listener.')];
}

/** Listeners that cannot both be opened. */
function aboutTwins({ listeners }: Config): LogLine[] {
  return listeners
    .filter((listener, i) => listeners.slice(0, i).some((other) => isTwin(listener, other)))
    .map((listener) => {
      const where = nameOfListener(listener);
      return warning(
        `Warning: Two listeners have ${where}, of which only one can be opened: give the other ` +
          'another port, or remove it.',
      );
    });
}

function isTwin(listener: ListenerConfig, other: ListenerConfig): boolean {
  const { port, host, socketPath, socketDomain, bindInterface } = listener;
  if (port !== other.port || host !== other.host || socketPath !== other.socketPath) return false;
  if (bindInterface !== other.bindInterface) return false;
  return (socketDomain ?? other.socketDomain) === (other.socketDomain ?? socketDomain);
}

function aboutListener(listener: ListenerConfig): LogLine[] {
  const where = nameOfListener(listener);
  return surprises
    .filter(({ holds }) => holds(listener))
    .map(({ text }) => warning(`Warning: ${text(where)}`));
}

/** How the log names a listener. */
export function nameOfListener({ port, socketPath }: ListenerConfig): string {
  return socketPath === undefined ? `port ${port}` : `the Unix socket ${socketPath}`;
}

const surprises: readonly {
  holds(listener: ListenerConfig): boolean;
  text(where: string): string;
}[] = [
  {
    holds: refusesEveryone,
    text: (where) =>
      `No client can connect on ${where}: anonymous clients are not allowed, and there are no ` +
      "users. Write 'allow_anonymous true' to let everyone in, or a 'password_file'.",
  },
  {
    holds: ({ pskHint, access }) => pskHint !== undefined && access.pskFile === undefined,
    text: (where) => `No client can connect on ${where}: 'psk_hint' needs a 'psk_file'.`,
  },
  {
    holds: ({ requireCertificate, certfile, enableProxyProtocol }) =>
      requireCertificate && certfile === undefined && enableProxyProtocol !== 2,
    text: (where) => `'require_certificate' has no effect on ${where}, which has no 'certfile'.`,
  },
  {
    holds: ({ httpDir, websocketsOrigins, protocol }) =>
      protocol !== 'websockets' && (httpDir !== undefined || websocketsOrigins.length > 0),
    text: (where) =>
      `'http_dir' and 'websockets_origin' have no effect on ${where} without ` +
      "'protocol websockets'.",
  },
  {
    holds: ({ mountPoint }) => mountPoint !== undefined && !mountPoint.endsWith('/'),
    text: (where) =>
      `The 'mount_point' of ${where} does not end with '/': it runs into the first level of ` +
      "the topics of its clients, who get nothing by '#' and '+/…'. Add a '/' to it.",
  },
  {
    holds: ({ proxyProtocolV2RequireTls, enableProxyProtocol }) =>
      proxyProtocolV2RequireTls && enableProxyProtocol !== 2,
    text: (where) =>
      `'proxy_protocol_v2_require_tls' has no effect on ${where} without ` +
      "'enable_proxy_protocol 2'.",
  },
];

function refusesEveryone({
  access,
  useIdentityAsUsername,
  useSubjectAsUsername,
}: ListenerConfig): boolean {
  const { allowAnonymous, passwordFile, plugins } = access;
  if (allowAnonymous || passwordFile !== undefined || plugins.length > 0) return false;
  return !useIdentityAsUsername && !useSubjectAsUsername;
}

/** Options that were given and change nothing. */
function aboutState({ state }: Config, { given }: Told): LogLine[] {
  const lines: LogLine[] = [];
  if (state === undefined && given.has('durability')) {
    lines.push(warning("Warning: 'durability' has no effect without 'persistence true'."));
  }
  const autosave = ['autosave_interval', 'autosave_on_changes'];
  if (state !== undefined && autosave.some((name) => given.has(name))) {
    const text = 'There is nothing to autosave: every change is stored as it happens.';
    lines.push({ type: 'information', text });
  }
  return lines;
}

function warning(text: string): LogLine {
  return { type: 'warning', text };
}
