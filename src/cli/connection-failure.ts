/** Why a tool has no connection: Mosquitto's line and code, then what to do about it. */

import { explainTlsFailure, isTlsAlert } from '../certificate/explain-tls-failure.ts';
import { ClientError } from '../client/client-error.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import { HandshakeError } from '../transport/handshake-error.ts';
import { nameOf } from '../transport/open-socket.ts';
import { UpgradeError } from '../transport/upgrade-error.ts';
import type { Route } from './client-route.ts';
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
  return networkFailure(error, attempt.route);
}

function endedFailure(error: ClientError, attempt: Attempt): ToolFailure {
  const failure = clientFailure(error, attempt.version);
  if (attempt.isConnected) return failure;
  const sentence = refusalSentence(error, attempt);
  if (sentence === undefined) return failure;
  // What OpenSSL says of an alert is for nobody who reads this.
  const line =
    attempt.route.tls === undefined ? failure.message : 'Error: The connection was lost.';
  return new ToolFailure(failure.exitCode, `${line}\n${sentence}`);
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

function networkFailure(error: unknown, route: Route): ToolFailure {
  const { code = 'unknown error' } = error as { readonly code?: string };
  const faults = 'path' in route.to ? socketFaults : networkFaults;
  const name = nameOf(route.to);
  const text = faults.get(code)?.(name) ?? `Error: ${code} when connecting to ${name}.`;
  return new ToolFailure(exitCodes.other, text);
}

const networkFaults: ReadonlyMap<string, (broker: string) => string> = new Map([
  [
    'ECONNREFUSED',
    (broker) => `Error: Connection refused\nNo broker listens at ${broker}: check -h and -p.`,
  ],
  ['ENOTFOUND', lookupFault],
  ['EAI_AGAIN', lookupFault],
  ['ETIMEDOUT', (broker) => `Error: Connection timed out\nNothing answers at ${broker}.`],
]);

const socketFaults: ReadonlyMap<string, (path: string) => string> = new Map([
  [
    'ENOENT',
    (path) =>
      `Error: No such file or directory\nThere is no ${path}: check --unix, and that the broker ` +
      `has 'listener 0 ${path}'.`,
  ],
  [
    'ECONNREFUSED',
    (path) => `Error: Connection refused\nNo broker listens at ${path}: has it been stopped?`,
  ],
  [
    'EACCES',
    (path) => `Error: Permission denied\nYou may not write to ${path}: see its permissions.`,
  ],
]);

function lookupFault(broker: string): string {
  return `Unable to connect (Lookup error.).\nThe name is not known: ${broker}. Check -h.`;
}
