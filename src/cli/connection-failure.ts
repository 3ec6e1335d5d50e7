/** Why a tool has no connection: Mosquitto's line and code, then what to do about it. */

import { explainTlsFailure, isTlsAlert } from '../certificate/explain-tls-failure.ts';
import { ClientError } from '../client/client-error.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import { HandshakeError } from '../transport/handshake-error.ts';
import { nameOf } from '../transport/open-socket.ts';
import { SocksError, type SocksFailure } from '../transport/socks5.ts';
import { UpgradeError } from '../transport/upgrade-error.ts';
import { BindAddressError, type Route, SrvError } from './open-route.ts';
import { clientFailure, exitCodes, ToolFailure } from './tool-failure.ts';

/** A connection that was tried, and how far it came. */
export interface Attempt {
  readonly route: Route;
  readonly version: ProtocolVersion;
  /** The broker has let the client in. */
  readonly isConnected: boolean;
}

/** The failure of a connection that could not be opened, or of one that has ended. */
export function connectionFailure(error: unknown, attempt: Attempt): ToolFailure {
  if (error instanceof ToolFailure) return error;
  if (error instanceof ClientError) return endedFailure(error, attempt);
  if (error instanceof HandshakeError) {
    const sentence = explain(error, attempt);
    return new ToolFailure(exitCodes.tls, `Error: A TLS error occurred.\n${sentence}`);
  }
  if (error instanceof UpgradeError) {
    const sentence = upgradeSentence(error, attempt);
    return new ToolFailure(exitCodes.unknown, `Error: Unknown error.\n${sentence}`);
  }
  if (error instanceof SocksError) return proxyFailure(error, attempt.route);
  if (error instanceof BindAddressError) {
    return lookupFailure(`The name is not known: ${error.message}. Check -A.`);
  }
  if (error instanceof SrvError) {
    return lookupFailure(`There is no SRV record ${error.message}. Check -h, or leave out -S.`);
  }
  return networkFailure(error, attempt.route);
}

function endedFailure(error: ClientError, attempt: Attempt): ToolFailure {
  const failure = clientFailure(error, attempt.version);
  if (attempt.isConnected) return failure;
  const sentence = refusalSentence(error, attempt);
  if (sentence === undefined) return failure;
  // What OpenSSL says of an alert is for nobody who reads this.
  const [line] = failure.message.split('\n');
  const text = attempt.route.tls === undefined ? `${failure.message} ` : `${line}\n`;
  return new ToolFailure(failure.exitCode, text + sentence);
}

/**
 * In TLS 1.3 a server looks at the client's certificate when the client takes the connection for
 * open already, so that its word comes in the place of CONNACK.
 */
function refusalSentence({ failure, cause }: ClientError, attempt: Attempt): string | undefined {
  const { tls, to } = attempt.route;
  const isGone = failure === 'connection lost';
  if (tls === undefined) {
    const isMute = isGone || failure === 'protocol error';
    const hint = 'If this port is for TLS, give --cafile with the certificate of its CA.';
    return isMute && 'host' in to && !attempt.route.webSocket ? hint : undefined;
  }
  if (!isGone) return undefined;
  const { code = 'ECONNRESET' } = (cause ?? {}) as { readonly code?: string };
  if (isTlsAlert(code)) return explain({ code }, attempt);
  if (tls.psk !== undefined) return undefined;
  const why =
    tls.cert === undefined
      ? 'it may want a certificate, which you give with --cert and --key'
      : 'it may not accept the certificate of --cert, and its log says why';
  return `The broker hung up right after the TLS handshake: ${why}.`;
}

function explain(
  error: { readonly code: string } & Partial<Pick<HandshakeError, 'message' | 'certificate'>>,
  { route }: Attempt,
): string {
  const { to, tls } = route;
  const { code, certificate, message: reason = '' } = error;
  const host = 'path' in to ? to.path : to.host;
  const certificateOr = tls?.cert === undefined ? 'none' : 'certificate';
  const identity = tls?.psk === undefined ? certificateOr : 'pre-shared key';
  return explainTlsFailure({ code, reason, certificate, host, now: new Date(), identity });
}

function upgradeSentence({ message }: UpgradeError, { route }: Attempt): string {
  return (
    `${nameOf(route.to)} did not open a WebSocket for MQTT (${message}): check that its listener has ` +
    `'protocol websockets', or leave out --ws.`
  );
}

/** As Mosquitto's library takes the answers of proxies. */
const proxyFaults = {
  authorisation: { exitCode: exitCodes.authorisation, line: 'Error: Authorisation failed.' },
  noConnection: {
    exitCode: exitCodes.noConnection,
    line: 'Error: The client is not currently connected.',
  },
  proxy: { exitCode: exitCodes.proxy, line: 'Error: Proxy error.' },
} as const;

const proxyFaultOf: Partial<Record<SocksFailure, keyof typeof proxyFaults>> = {
  'authentication needed': 'authorisation',
  'not allowed': 'authorisation',
  'network unreachable': 'noConnection',
  'host unreachable': 'noConnection',
  'connection refused': 'noConnection',
};

function proxyFailure({ failure, message }: SocksError, { to, proxy }: Route): ToolFailure {
  const { exitCode, line } = proxyFaults[proxyFaultOf[failure] ?? 'proxy'];
  const login =
    failure === 'authentication needed' || failure === 'bad user name or password'
      ? ': give --proxy a user name and password that it takes'
      : '';
  const name = proxy === undefined ? 'The proxy' : `The proxy at ${nameOf(proxy)}`;
  const sentence = `${name} did not connect to ${nameOf(to)} (${message})${login}.`;
  return new ToolFailure(exitCode, `${line}\n${sentence}`);
}

function lookupFailure(sentence: string): ToolFailure {
  return new ToolFailure(exitCodes.other, `Unable to connect (Lookup error.).\n${sentence}`);
}

function networkFailure(error: unknown, { to, proxy, bindAddress }: Route): ToolFailure {
  const { code = 'unknown error' } = error as { readonly code?: string };
  if (code === 'EADDRNOTAVAIL' && bindAddress !== undefined) {
    const sentence = `This machine has no address ${bindAddress}: check -A.`;
    return new ToolFailure(exitCodes.other, `Error: Cannot assign requested address\n${sentence}`);
  }
  const faults = 'path' in to ? socketFaults : networkFaults;
  const place: Place =
    proxy === undefined
      ? { name: nameOf(to), what: 'broker', flags: '-h and -p' }
      : { name: nameOf(proxy), what: 'proxy', flags: '--proxy' };
  const text = faults.get(code)?.(place) ?? `Error: ${code} when connecting to ${place.name}.`;
  return new ToolFailure(exitCodes.other, text);
}

/** Where nobody was, and which flags say so. */
interface Place {
  readonly name: string;
  readonly what: 'broker' | 'proxy';
  readonly flags: string;
}

const networkFaults: ReadonlyMap<string, (place: Place) => string> = new Map([
  [
    'ECONNREFUSED',
    ({ name, what, flags }) =>
      `Error: Connection refused\nNo ${what} listens at ${name}: check ${flags}.`,
  ],
  ['ENOTFOUND', lookupFault],
  ['EAI_AGAIN', lookupFault],
  ['ETIMEDOUT', ({ name }) => `Error: Connection timed out\nNothing answers at ${name}.`],
  ['EHOSTUNREACH', ({ name }) => `Error: No route to host\nNo way leads to ${name}.`],
  ['ENETUNREACH', ({ name }) => `Error: Network is unreachable\nNo way leads to ${name}.`],
]);

const socketFaults: ReadonlyMap<string, (place: Place) => string> = new Map([
  [
    'ENOENT',
    ({ name }) =>
      `Error: No such file or directory\nThere is no ${name}: check --unix, and that the broker ` +
      `has 'listener 0 ${name}'.`,
  ],
  [
    'ECONNREFUSED',
    ({ name }) => `Error: Connection refused\nNo broker listens at ${name}: has it been stopped?`,
  ],
  [
    'EACCES',
    ({ name }) => `Error: Permission denied\nYou may not write to ${name}: see its permissions.`,
  ],
]);

function lookupFault({ name, what }: Place): string {
  const flag = what === 'broker' ? '-h' : '--proxy';
  return `Unable to connect (Lookup error.).\nThe name is not known: ${name}. Check ${flag}.`;
}
