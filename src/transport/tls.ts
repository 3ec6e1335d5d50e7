/** TLS as a layer of a listener: what comes in encrypted goes on in plain, with who it is from. */

import { TLSSocket } from 'node:tls';
import type { PeerCredentials } from '../session/link.ts';
import type { Arrival, Arrivals } from './arrival.ts';
import { serverDescription } from './certificate-description.ts';
import { commonNameOf, subjectOf } from './certificate-subject.ts';
import { clientFaultOf } from './client-certificate.ts';
import { DerError } from './der.ts';
import { HalfOpen } from './half-open.ts';
import {
  certificateFault,
  failureOfError,
  type HandshakeFailure,
  handshakeFailure,
  strangerOf,
} from './handshake-failure.ts';
import { Pace } from './pace.ts';
import { FarewellAlert } from './tls-alert.ts';
import type { ApplicationProtocol, TlsMaterial, TlsSecurity } from './tls-security.ts';

export interface TlsEvents {
  /** A connection never became one; those that end before they send anything are not told of. */
  handshakeFailed?(peer: string, failure: HandshakeFailure): void;
}

export interface TlsLayerOptions {
  readonly events?: TlsEvents;
  /** Is given the keys of each connection, in the format of NSS. */
  readonly keyLog?: ((line: Uint8Array) => void) | undefined;
  /** How long a client may take for its handshake. */
  readonly handshakeSeconds?: number;
  /** How many may be at it at a time; one more, and the oldest has to go. */
  readonly handshakesMax?: number;
  /** When the listener ends: nobody waits for handshakes then. */
  readonly signal?: AbortSignal | undefined;
}

/** Handshakes that begin in one turn of the event loop; each takes about a millisecond. */
const startsPerTurn = 4;

/** Decrypts what arrives with the material that `security` has when it does, and hands it on. */
export function tlsLayer(
  security: TlsSecurity,
  next: Arrivals,
  {
    events = {},
    keyLog,
    handshakeSeconds = 10,
    handshakesMax = 1000,
    signal,
  }: TlsLayerOptions = {},
): Arrivals {
  const layer: Layer = {
    security,
    next,
    events,
    keyLog,
    halfOpen: new HalfOpen({ seconds: handshakeSeconds, max: handshakesMax, signal }),
    pace: new Pace(startsPerTurn),
  };
  return (arrival) => new Handshake(layer, arrival).wait();
}

interface Layer {
  readonly security: TlsSecurity;
  readonly next: Arrivals;
  readonly events: TlsEvents;
  readonly keyLog: TlsLayerOptions['keyLog'];
  readonly halfOpen: HalfOpen;
  readonly pace: Pace;
}

/** The way of one connection from its first byte to the end of its handshake. */
class Handshake {
  readonly #layer: Layer;
  readonly #arrival: Arrival;
  readonly #leave: () => void;
  #pskIdentity: string | undefined;
  #isOver = false;

  constructor(layer: Layer, arrival: Arrival) {
    this.#layer = layer;
    this.#arrival = arrival;
    this.#leave = layer.halfOpen.enter((cause) => this.#fail(handshakeFailure(cause)));
  }

  /** Until the client has sent something: a connection that is silent costs no more than that. */
  wait(): void {
    const { socket } = this.#arrival;
    // How a connection ends that has begun nothing is nobody's business.
    socket.on('error', ignore);
    socket.once('close', this.#leave);
    socket.on('readable', this.#look);
  }

  readonly #look = (): void => {
    const { socket } = this.#arrival;
    const first = socket.read();
    if (first === null) return;
    socket.off('readable', this.#look);
    const stranger = strangerOf(first);
    if (stranger !== undefined) {
      this.#fail(handshakeFailure(stranger));
      return;
    }
    socket.unshift(first);
    this.#layer.pace.start(() => this.#start());
  };

  #start(): void {
    const { socket } = this.#arrival;
    if (socket.destroyed) return;
    const { material } = this.#layer.security;
    const secure = this.#wrap(material);
    const farewell = material.clientCertificate && new FarewellAlert(secure, socket);
    const certificate = () => descriptionOf(material);
    const failed = (error: Error) =>
      this.#fail(failureOfError(error, { certificate, pskIdentity: this.#pskIdentity }));
    const closed = () => this.#fail(handshakeFailure('gave up', { certificate }));
    // What Node calls errors that it would not emit otherwise: those of OpenSSL after the
    // handshake, and those of the socket beneath.
    secure.on('_tlsError', destroyWith);
    if (this.#layer.keyLog !== undefined) secure.on('keylog', this.#layer.keyLog);
    secure.on('error', failed);
    secure.on('close', closed);
    secure.once('secure', () => {
      const visitor = visitorOf(secure, material, this.#pskIdentity);
      if (visitor.fault === undefined) {
        farewell?.drop();
        secure.off('error', failed).off('close', closed);
        this.#finish(secure, material, visitor.credentials);
        return;
      }
      const { type, alert } = certificateFault(visitor.fault);
      this.#tell(handshakeFailure(type, { code: visitor.fault }));
      farewell?.send(alert);
    });
  }

  #wrap({ context, clientCertificate, psk, applicationProtocol }: TlsMaterial): TLSSocket {
    return new TLSSocket(this.#arrival.socket, {
      isServer: true,
      secureContext: context,
      requestCert: clientCertificate !== undefined,
      // To OpenSSL, which then has a client without a certificate fail. What becomes of those that
      // have one is for the caller to decide.
      rejectUnauthorized: clientCertificate?.isRequired ?? false,
      ALPNCallback: ({ protocols }) => chosenProtocol(protocols, applicationProtocol),
      ...(psk && {
        pskIdentityHint: psk.hint,
        pskCallback: (_socket: TLSSocket, identity: string) => {
          this.#pskIdentity = identity;
          return psk.keyOf(identity) ?? null;
        },
      }),
    });
  }

  #finish(secure: TLSSocket, material: TlsMaterial, credentials: PeerCredentials): void {
    const { socket, peer } = this.#arrival;
    const { events, next } = this.#layer;
    this.#isOver = true;
    this.#leave();
    socket.off('close', this.#leave);
    secure.once('close', (hadError) => {
      // Without a certificate there was nothing to dislike.
      if (material.server === undefined || !hasLeftAtOnce(secure, hadError)) return;
      const certificate = () => descriptionOf(material);
      events.handshakeFailed?.(peer, handshakeFailure('left at once', { certificate }));
    });
    next({ socket: secure, peer, credentials });
  }

  #fail(failure: HandshakeFailure): void {
    this.#tell(failure);
    this.#arrival.socket.destroy();
  }

  #tell(failure: HandshakeFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#layer.events.handshakeFailed?.(this.#arrival.peer, failure);
  }
}

function ignore(): void {}

function destroyWith(this: TLSSocket, error: Error): void {
  this.destroy(error);
}

/**
 * Many clients look at the certificate only when the handshake is over, and then hang up without a
 * word.
 */
function hasLeftAtOnce(secure: TLSSocket, hadError: boolean): boolean {
  return secure.bytesRead === 0 && (hadError || secure.readableEnded);
}

function descriptionOf({ server, authorities }: TlsMaterial): string | undefined {
  return server && serverDescription(server, { authorities, now: Date.now() });
}

/**
 * Takes what the client offers, if it is what this port speaks. Names that have nothing to do with
 * either are agreed to, as brokers of the cloud have their own for MQTT; browsers that have come to
 * a port of MQTT are not.
 */
function chosenProtocol(
  offered: readonly string[],
  spoken: ApplicationProtocol,
): string | undefined {
  if (offered.includes(spoken)) return spoken;
  return offered.find((name) => !forThePublic.includes(name));
}

const forThePublic: readonly string[] = ['http/1.1', 'h2', 'http/1.0', 'mqtt'];

/** Who has come, once the handshake is over for OpenSSL, or what is wrong with its certificate. */
type Visitor =
  | { readonly fault: string }
  | { readonly fault: undefined; readonly credentials: PeerCredentials };

function visitorOf(
  secure: TLSSocket,
  material: TlsMaterial,
  pskIdentity: string | undefined,
): Visitor {
  const policy = usesPsk(secure) ? undefined : material.clientCertificate;
  try {
    const fault = policy && clientFaultOf(secure, policy);
    if (fault !== undefined) return { fault };
    return { fault: undefined, credentials: credentialsOf(secure, material, pskIdentity) };
  } catch (error) {
    // OpenSSL takes what is not quite DER, too.
    if (error instanceof DerError) return { fault: 'CERT_REJECTED' };
    throw error;
  }
}

function credentialsOf(
  secure: TLSSocket,
  { clientCertificate: policy }: TlsMaterial,
  pskIdentity: string | undefined,
): PeerCredentials {
  const cipher = `${secure.getProtocol()}/${secure.getCipher().name}`;
  if (usesPsk(secure)) return { cipher, identity: pskIdentity, subject: undefined };
  const certificate = policy && secure.getPeerX509Certificate();
  if (certificate === undefined) return { cipher, identity: undefined, subject: undefined };
  const subject = subjectOf(certificate) || undefined;
  const identities = {
    none: () => undefined,
    'common-name': () => commonNameOf(certificate),
    subject: () => subject,
  };
  return { cipher, identity: identities[policy!.identity](), subject };
}

/** Whether the client has proved to have a pre-shared key, which stands in the cipher's name. */
function usesPsk(secure: TLSSocket): boolean {
  return /(?:^|-)PSK-/.test(secure.getCipher().name);
}
