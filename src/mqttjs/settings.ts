/** What a client is to do, from the URL and the options that MQTT.js would be given. */

import { randomDigits } from '../client/random-digits.ts';
import type { TlsOptions } from '../transport/tls-client.ts';
import type { MqttJsOptions, MqttJsProtocol, MqttJsServer, Pem } from './client-options.ts';

/** Where to connect, and how. */
export interface Place {
  readonly transport: 'tcp' | 'tls' | 'ws' | 'wss';
  readonly at: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Of a WebSocket. */
  readonly resource: string;
}

/** The options with their defaults, as `client.options` shows them. */
export type SettledOptions = MqttJsOptions &
  Required<Pick<MqttJsOptions, 'clientId' | 'protocolVersion' | keyof typeof defaults>> & {
    readonly protocol: MqttJsProtocol;
  };

export interface Settings {
  readonly options: SettledOptions;
  /** In the order in which they are tried, over and over. */
  readonly places: readonly Place[];
  readonly tls: TlsOptions;
}

const defaults = {
  clean: true,
  keepalive: 60,
  reconnectPeriod: 1000,
  connectTimeout: 30_000,
  resubscribe: true,
  queueQoSZero: true,
} as const satisfies MqttJsOptions;

const transports: Readonly<Record<MqttJsProtocol, Place['transport']>> = {
  mqtt: 'tcp',
  tcp: 'tcp',
  mqtts: 'tls',
  ssl: 'tls',
  tls: 'tls',
  ws: 'ws',
  wss: 'wss',
};

const ports = { tcp: 1883, tls: 8883, ws: 80, wss: 443 } as const;

/** What a certificate of one's own makes of a protocol. */
const secured: Readonly<Partial<Record<MqttJsProtocol, MqttJsProtocol>>> = {
  mqtt: 'mqtts',
  ws: 'wss',
};

/** What MQTT.js or Node would heed and we do not. What neither knows is nothing to us either. */
const unserved: readonly string[] = [
  // sessions and packets
  ...['incomingStore', 'outgoingStore', 'customHandleAcks', 'messageIdProvider', 'authPacket'],
  ...['autoUseTopicAlias', 'subscribeBatchSize', 'encoding', 'log'],
  // the way to the server
  ...['socksProxy', 'socksTimeout', 'wsOptions', 'transformWsUrl', 'createWebsocket'],
  ...['forceNativeWebSocket', 'objectMode', 'binary', 'localAddress', 'family', 'lookup'],
  // TLS
  ...['pfx', 'passphrase', 'keyPath', 'certPath', 'caPaths', 'checkServerIdentity', 'crl'],
  ...['secureContext', 'secureProtocol', 'secureOptions', 'maxVersion', 'sigalgs', 'ecdhCurve'],
  ...['dhparam', 'minDHSize', 'session', 'pskCallback', 'enableTrace'],
];

/** For those that are asked for most: what to do in their place. */
const remedies: Readonly<Record<string, string>> = {
  incomingStore: "`outbox` of connect from 'pantala' keeps messages",
  outgoingStore: "`outbox` of connect from 'pantala' keeps messages",
  customHandleAcks: "subscribe of 'pantala' has manualAck",
  authPacket: "connect of 'pantala' has `authentication`",
  autoUseTopicAlias: 'autoAssignTopicAlias needs no topic to be registered',
  transformWsUrl: "connect of 'pantala' takes a function that returns the URL",
  keyPath: 'read the file, and give its text as `key`',
  certPath: 'read the file, and give its text as `cert`',
  caPaths: 'read the files, and give their text as `ca`',
};

/**
 * @param random gives a number from 0 up to 1, for a client identifier
 * @throws Error when something is missing, or is not supported here
 */
export function settle(
  url: string | MqttJsOptions,
  options: MqttJsOptions | undefined,
  random: () => number,
): Settings {
  const given = typeof url === 'string' ? { ...fromUrl(url), ...options } : { ...url, ...options };
  refuseUnsupported(given);
  const { clientId, protocolVersion = 4, username, password } = { ...given, ...login(given) };
  if (given.clean === false && !clientId) throw new Error('Missing clientId for unclean clients');
  const settled = {
    ...defaults,
    protocolVersion,
    ...withoutUndefined({ ...given, username, password }),
    protocol: protocolOf(given),
    unixSocket: given.unixSocket || given.protocol?.includes('+unix') || false,
    clientId: clientId ?? `pantala_${randomDigits(random)}`,
  };
  return { options: settled, places: placesOf(settled), tls: tlsOf(settled) };
}

function fromUrl(text: string): MqttJsOptions {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw new Error(`Missing protocol in '${text}'`);
  const url = new URL(text);
  const { protocol, hostname, port, pathname, search, searchParams, username, password } = url;
  const clientId = searchParams.get('clientId');
  const isPlain = pathname === '' && search === '';
  return {
    protocol: protocol.slice(0, -1) as 'mqtt',
    ...(hostname !== '' && { host: hostname.replace(/^\[|\]$/g, '') }),
    ...(port !== '' && { port: Number(port) }),
    ...(!isPlain && { path: `${pathname}${search}` }),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(clientId !== null && { clientId }),
  };
}

function refuseUnsupported(options: MqttJsOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || !unserved.includes(name)) continue;
    const remedy = remedies[name];
    throw unsupported(`the option '${name}'${remedy === undefined ? '' : `: ${remedy}`}`);
  }
  const { protocolVersion = 4, protocolId, properties = {} } = options;
  if (![3, 4, 5].includes(protocolVersion)) throw unsupported(`protocolVersion ${protocolVersion}`);
  const expected = protocolVersion === 3 ? 'MQIsdp' : 'MQTT';
  if (protocolId !== undefined && protocolId !== expected) {
    throw unsupported(`protocolId '${protocolId}' with protocolVersion ${protocolVersion}`);
  }
  for (const name of ['authenticationMethod', 'authenticationData']) {
    if (name in properties) throw unsupported(`properties.${name}: ${remedies.authPacket}`);
  }
}

export function unsupported(what: string): Error {
  return new Error(`pantala/mqttjs does not support ${what}`);
}

function login({ auth, username, password }: MqttJsOptions) {
  if (auth === undefined) return { username, password };
  const colon = auth.indexOf(':');
  if (colon < 0) return { username: auth, password };
  return { username: auth.slice(0, colon), password: auth.slice(colon + 1) };
}

/** Without what marks a Unix socket. */
function protocolOf({ protocol = 'mqtt', cert, key }: MqttJsOptions): MqttJsProtocol {
  const plain = protocol.replace('+unix', '') as MqttJsProtocol;
  if (!(plain in transports)) throw unsupported(`the protocol '${protocol}'`);
  const isSecured = cert !== undefined && key !== undefined;
  return (isSecured && secured[plain]) || plain;
}

function placesOf({ protocol, servers, path, hostname, host, port, unixSocket }: SettledOptions) {
  if (unixSocket) {
    if (path === undefined) throw new Error('Missing path of the Unix socket');
    return [{ transport: transports[protocol], at: { path }, resource: '/' }];
  }
  const all: readonly Partial<MqttJsServer>[] = servers ?? [{ host: hostname ?? host, port }];
  return all.map((server): Place => {
    const transport = transports[server.protocol ?? protocol];
    if (transport === undefined) throw unsupported(`the protocol '${server.protocol}'`);
    const at = { host: server.host ?? 'localhost', port: server.port ?? ports[transport] };
    return { transport, at, resource: path ?? '/' };
  });
}

function tlsOf(options: MqttJsOptions): TlsOptions {
  const { ca, cert, key, rejectUnauthorized, servername, ALPNProtocols, ...others } = options;
  return {
    ca: ca === undefined ? undefined : [ca].flat().map(textOf),
    cert: cert === undefined ? undefined : textOf(cert),
    key: key === undefined ? undefined : textOf(key),
    unverified: rejectUnauthorized === false,
    serverName: servername,
    alpn: ALPNProtocols?.[0],
    minVersion: others.minVersion,
    ciphers: others.ciphers,
  };
}

function textOf(pem: Pem): string {
  return pem.toString();
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== null),
  ) as T;
}
