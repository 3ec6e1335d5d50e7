/** One network connection of a client, from its first byte to its last. */

import type { Connect, Will } from '../packet/connect.ts';
import type { Disconnect } from '../packet/disconnect.ts';
import { fromClient } from '../packet/from-client.ts';
import type { Packet } from '../packet/packet.ts';
import { PacketReader } from '../packet/packet-reader.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { notScheduled, type Timed } from '../session/deadlines.ts';
import type { Link, LinkReceiver, PeerCredentials } from '../session/link.ts';
import { Output } from '../session/output.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import type { ClientSession } from './client-session.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { OpenConnection } from './connections.ts';
import { Conversation } from './conversation.ts';
import { type Doorway, Entrance, type Entry } from './entrance.ts';
import { farewell, refusal, refuse } from './farewell.ts';
import { expirySeconds } from './handshake.ts';
import { Intake } from './intake.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Newcomer } from './newcomers.ts';
import { senderTo } from './peer-sender.ts';
import { Permit } from './permit.ts';
import type { Acceptance, ConnectedClient, DisconnectCause } from './ports.ts';

/**
 * `new` until CONNECT has come; `entering` while it is decided whether the client may come in;
 * `connected` after CONNACK; `closing` when only the last bytes still have to leave.
 */
type Phase = 'new' | 'entering' | 'connected' | 'closing' | 'closed';

export class Connection implements LinkReceiver, Doorway, OpenConnection, Timed, Newcomer {
  heapIndex = notScheduled;
  dueAt = 0;
  newcomerBytes = 0;
  readonly #link: Link;
  readonly #options: ConnectionOptions;
  readonly #intake: Intake;
  readonly #output: Output;
  #phase: Phase = 'new';
  #receivedAt: number;
  #keepAlive: KeepAlive | undefined;
  // It has had its share of this turn.
  #isResting = false;
  #bridge = false;
  // Whether DISCONNECT may say how long the session is to last. [MQTT-3.14.2-2]
  #mayProlong = false;
  #entrance: Entrance | undefined;
  #sender: PacketSender | undefined;
  #client: ConnectedClient | undefined;
  #session: ClientSession | undefined;
  #conversation: Conversation | undefined;
  #will: Will | undefined;
  #permit: Permit | undefined;
  // Why the link has closed, while there is something to be read.
  #lost: string | undefined;

  constructor(link: Link, options: ConnectionOptions) {
    this.#link = link;
    this.#options = options;
    const { assemblies, limits, topics } = options;
    const { packetBytesMax } = limits;
    const reading = { packetBytesMax, sizes: limits, topics, assemblies };
    this.#intake = new Intake(link, new PacketReader({ from: fromClient, ...reading }));
    this.#output = new Output(link, options.turn);
    this.#receivedAt = options.clock.now();
    options.deadlines.set(this, this.#receivedAt + options.limits.connectSeconds * 1000);
    options.observer.connectionOpened?.(link.peer);
    options.newcomers.enter(this, options.limits);
  }

  get client(): ConnectedClient | undefined {
    return this.#client ?? this.#entrance?.client;
  }

  get listenerName(): string | undefined {
    return this.#options.listener.name;
  }

  get peer(): string {
    return this.#link.peer;
  }

  get credentials(): PeerCredentials | undefined {
    return this.#link.credentials;
  }

  receive(bytes: Uint8Array): void {
    this.#receivedAt = this.#options.clock.now();
    this.#keepAlive?.piece(bytes.length, this.#receivedAt);
    this.#options.traffic.receivedBytes += bytes.length;
    if (this.#phase !== 'connected') {
      this.#options.newcomers.received(this, bytes.length, this.#options.limits);
    }
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#intake.push(bytes);
    this.#read();
    this.#intake.keepRest();
  }

  drained(): void {
    this.#output.drained();
    if (this.#phase !== 'connected') return;
    this.#session!.pump(this.#options.clock.now());
    this.#resumeReading();
  }

  closed(error?: Error): void {
    const message = error === undefined ? 'the client closed its connection' : error.message;
    // What has come before the end is read first: a DISCONNECT may be in it.
    if (this.#phase === 'connected' && this.#conversation!.isHeld) this.#lost = message;
    else this.#depart(message);
  }

  #depart(message: string): void {
    if (this.#phase === 'closed') return;
    if (this.#phase !== 'closing') {
      this.#leave('connection lost', reasonCodes.unspecifiedError, message);
    }
    this.#phase = 'closed';
    this.#options.newcomers.leave(this);
    this.#options.deadlines.clear(this);
    this.#output.discard();
    this.#options.closed(this);
  }

  /** Answers that waited for the store have left: there is room for more. */
  eased(): void {
    this.#options.turn.add(this);
  }

  /** The next turn has come. */
  flush(): void {
    this.#isResting = false;
    this.#intake.endRest();
    this.#continueReading();
  }

  crowdOut(): void {
    const reason = 'too many connections wait to come in';
    this.#end('not authorized', reasonCodes.serverBusy, reason);
    this.#link.destroy();
  }

  takeOver(): void {
    const reason = 'another client took its identifier';
    this.#end('session taken over', reasonCodes.sessionTakenOver, reason);
  }

  shutDown(): void {
    this.#end('server shutting down', reasonCodes.serverShuttingDown, 'the server shuts down');
  }

  expel(reasonCode: ReasonCode, message: string): void {
    this.#end('not authorized', reasonCode, message);
  }

  /** One of: no CONNECT in time, keep-alive, or a peer that does not take its last bytes. */
  due(now: number): void {
    if (this.#phase === 'closing') {
      this.#link.destroy();
      return;
    }
    if (this.#phase !== 'connected') return this.#giveUp();
    const { takenBytes } = this.#output;
    const { isPaused } = this.#intake;
    const { isHeld } = this.#conversation!;
    const next = this.#keepAlive?.nextDeadline(now, { takenBytes, isPaused, isHeld });
    if (next !== undefined) return this.#options.deadlines.set(this, next);
    // [MQTT-3.1.2-22]
    this.#end('keep-alive timeout', reasonCodes.keepAliveTimeout, 'exceeded its keep-alive time');
  }

  challenged(authenticationData: Uint8Array | undefined): void {
    if (!this.#isOpen()) return;
    this.#sendAuth(reasonCodes.continueAuthentication, authenticationData);
    this.#continueReading();
  }

  accepted(acceptance: Acceptance): void {
    if (!this.#isOpen()) return;
    this.#permit?.end();
    this.#permit = Permit.of(acceptance, this, this.#options);
    if (this.#phase === 'connected') {
      this.#client = this.#options.sessions.reidentify(this.#session!, this.#client!, acceptance);
      this.#sendAuth(reasonCodes.success, acceptance.authenticationData);
      return;
    }
    this.#entrance!.enter(this.#sender!, acceptance);
  }

  entered(entry: Entry): void {
    this.#welcome(entry);
    this.#continueReading();
  }

  refused(reasonCode: ReasonCode, reason = 'not authorized', reasonString?: string): void {
    if (this.#isOpen()) this.#end('not authorized', reasonCode, reason, reasonString);
  }

  #mayRead(): boolean {
    if (this.#phase === 'closing' || this.#phase === 'closed') return false;
    return !this.#isWaiting() && !this.#isResting;
  }

  #isOpen(): boolean {
    return this.#phase === 'entering' || this.#phase === 'connected';
  }

  /** Nothing may be read until the client is in, or what it has sent is stored. */
  #isWaiting(): boolean {
    if (this.#phase === 'entering') return this.#entrance!.isWaiting;
    return this.#phase === 'connected' && this.#conversation!.isOverdue;
  }

  /**
   * More output waits than messages can make up: those stop at the limit, see `canTake`. The link
   * must be blocked, since reading goes on when that is over.
   */
  #isFlooded(): boolean {
    const floodBytes = this.#options.limits.outputBytesMax * 2;
    if (this.#output.backlogBytes <= floodBytes) return false;
    this.#output.flush();
    return this.#output.isBlocked && this.#output.backlogBytes > floodBytes;
  }

  /** No client has come in within the time for it. */
  #giveUp(): void {
    if (this.#isWaiting()) {
      this.#end('not authorized', reasonCodes.serverUnavailable, 'no verdict within the time');
      return;
    }
    const missing = this.#phase === 'new' ? 'CONNECT' : 'AUTH';
    this.#end('protocol error', reasonCodes.protocolError, `no ${missing} within the time for it`);
  }

  /** Handles every packet that is there. Errors of the peer's are caught here and nowhere else. */
  #read(): void {
    const { limits, observer, router, traffic } = this.#options;
    const deliveriesEnd = router.deliveriesWorth + limits.deliveriesPerTurnMax;
    try {
      this.#conversation?.conclude(this.#receivedAt);
      while (this.#mayRead()) {
        if (this.#readAcknowledgement()) continue;
        const packet = this.#intake.next();
        if (packet === undefined) break;
        this.#keepAlive?.packet(this.#receivedAt);
        traffic.received.count(packet.type);
        observer.packetReceived?.(this.#client?.clientId, packet);
        this.#handle(packet);
        if (router.deliveriesWorth > deliveriesEnd) this.#rest();
      }
      if (this.#intake.bytesSinceRest > limits.inputBytesPerTurnMax) this.#rest();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#endFor(error);
    }
    if (this.#lost === undefined) this.#pauseWhereDue();
    else if (!this.#conversation!.isHeld && !this.#isResting) this.#depart(this.#lost);
  }

  /** Most packets are acknowledgements: 60 ns less for each than with `next` and `#handle`. */
  #readAcknowledgement(): boolean {
    const conversation = this.#conversation;
    const { observer, traffic } = this.#options;
    const step = conversation && this.#intake.nextAcknowledgement();
    if (step === undefined) return false;
    const { packetId } = this.#intake;
    const reasonCode = reasonCodes.success;
    this.#keepAlive?.packet(this.#receivedAt);
    traffic.received.count(step);
    observer.packetReceived?.(this.#client?.clientId, { type: step, packetId, reasonCode });
    conversation!.proceed(step, packetId, reasonCode, this.#receivedAt);
    return true;
  }

  #handle(packet: Packet): void {
    const conversation = this.#conversation;
    if (conversation === undefined) {
      this.#handleBeforeConnack(packet);
      return;
    }
    switch (packet.type) {
      case 'publish':
        return conversation.publish(packet, this.#receivedAt, this.#intake.memory);
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
        return conversation.acknowledgement(packet, this.#receivedAt);
      case 'subscribe':
        return conversation.subscribe(packet, this.#receivedAt);
      case 'unsubscribe':
        return conversation.unsubscribe(packet);
      case 'pingreq':
        return conversation.pingreq();
      case 'disconnect':
        return this.#disconnect(packet);
      case 'auth':
        return this.#entrance!.authentication.receive(packet);
      case 'connect': // [MQTT-3.1.0-2]
      case 'connack':
      case 'suback':
      case 'unsuback':
      case 'pingresp':
        return refuse(packet);
      default:
        packet satisfies never;
    }
  }

  #handleBeforeConnack(packet: Packet): void {
    if (this.#phase === 'new' && packet.type === 'connect') return this.#enter(packet);
    // [MQTT-3.1.2-30]: only AUTH and DISCONNECT until the authentication is complete.
    if (this.#phase === 'entering' && packet.type === 'auth') {
      return this.#entrance!.authentication.receive(packet);
    }
    if (this.#phase === 'entering' && packet.type === 'disconnect') return this.#disconnect(packet);
    refuse(packet);
  }

  #enter(connect: Connect): void {
    this.#entrance = new Entrance(connect, this, this.#options);
    this.#phase = 'entering';
    this.#bridge = connect.bridge;
    const peer = { version: connect.version, ...this.#entrance.agreement };
    this.#sender = senderTo(peer, this.#output, this.#options);
    this.#entrance.authentication.begin();
  }

  /** The client has come in: CONNACK, and what has waited for it. */
  #welcome({ client, session, connack, will }: Entry): void {
    const { agreement, authentication } = this.#entrance!;
    const { clock, counters, deadlines, gatekeeper, newcomers, observer } = this.#options;
    const now = clock.now();
    newcomers.leave(this);
    this.#session = session;
    this.#phase = 'connected';
    this.#will = will;
    this.#client = client;
    this.#sender!.send(connack);
    counters.clientEntered();
    observer.clientConnected?.(client);
    gatekeeper.interceptor?.connected?.(client);
    this.#conversation = this.#createConversation(session);
    this.#mayProlong = agreement.requestedExpirySeconds > 0;
    if (authentication.method === undefined) this.#entrance = undefined;
    deadlines.clear(this);
    if (agreement.keepAliveSeconds > 0) {
      this.#keepAlive = new KeepAlive(agreement.keepAliveSeconds, now);
      deadlines.set(this, this.#keepAlive.firstDeadline);
    }
    session.attach(this.#sender!, { ...agreement, now });
  }

  #createConversation(session: ClientSession): Conversation {
    return new Conversation({
      bridge: this.#bridge,
      explainsProblems: this.#entrance!.agreement.explainsProblems,
      session,
      sender: this.#sender!,
      rules: this.#options,
      reader: this,
    });
  }

  #sendAuth(reasonCode: ReasonCode, authenticationData: Uint8Array | undefined): void {
    const authenticationMethod = this.#entrance!.authentication.method!;
    const sent = this.#sender!.send({
      type: 'auth',
      reasonCode,
      properties: authenticationData
        ? { authenticationMethod, authenticationData }
        : { authenticationMethod },
    });
    // [MQTT-3.1.2-24]
    if (!sent) this.refused(reasonCodes.implementationSpecificError, 'AUTH is too large for it');
  }

  #disconnect({ reasonCode, properties }: Disconnect): void {
    const interval = properties?.sessionExpiryInterval;
    const session = this.#session;
    if (interval !== undefined && session !== undefined) {
      if (!this.#mayProlong && interval > 0) {
        const text = 'DISCONNECT with a session expiry interval, where CONNECT had none';
        throw new ProtocolError(reasonCodes.protocolError, text);
      }
      const { sessionExpirySecondsMax } = this.#options.limits;
      session.expirySeconds = Math.min(expirySeconds(interval), sessionExpirySecondsMax);
    }
    // [MQTT-3.14.4-3]
    if (reasonCode === reasonCodes.normalDisconnection) this.#will = undefined;
    this.#leave('disconnect', reasonCode, 'the client disconnected');
    this.#finish();
  }

  /** The peer has broken the protocol. */
  #endFor({ reasonCode, message, telling }: ProtocolError): void {
    if (this.#phase === 'new' ? telling === 'always' : telling !== 'never') {
      this.#end('protocol error', reasonCode, message);
      return;
    }
    this.#leave('protocol error', reasonCode, message);
    this.#finish();
  }

  /** Ends the connection from this side, with the packet that tells why where there is one. */
  #end(cause: DisconnectCause, reasonCode: ReasonCode, message: string, told?: string): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    if (this.#phase === 'connected') this.#sendDisconnect(reasonCode, told);
    else this.#sendRefusal(reasonCode, told);
    this.#leave(cause, reasonCode, message);
    this.#finish();
  }

  #sendDisconnect(reasonCode: ReasonCode, reason: string | undefined): void {
    const disconnect = farewell(reasonCode, this.#sender!.version, reason);
    if (disconnect !== undefined) this.#sender!.send(disconnect);
  }

  /** CONNACK for a client whose CONNECT could be read that far. */
  #sendRefusal(reasonCode: ReasonCode, reason: string | undefined): void {
    const { version } = this.#intake;
    const connack = version && refusal(reasonCode, version, reason);
    if (connack === undefined) return;
    // [MQTT-3.1.2-24]
    const packetBytesMax = this.#entrance?.agreement.packetBytesMax ?? Number.POSITIVE_INFINITY;
    const peer = { version: version!, clientId: undefined, packetBytesMax, topicAliasMax: 0 };
    const sender = this.#sender ?? senderTo(peer, this.#output, this.#options);
    sender.send(connack);
  }

  /** The client is gone, for the session and for whoever watches. */
  #leave(cause: DisconnectCause, reasonCode: ReasonCode, message: string): void {
    const { clock, counters, gatekeeper, observer, sessions } = this.#options;
    const client = this.#client;
    this.#phase = 'closing';
    this.#permit?.end();
    if (client === undefined) {
      this.#entrance?.abandon();
      const clientId = this.#entrance?.agreement.clientId;
      observer.connectionRefused?.({ peer: this.#link.peer, clientId, reasonCode, message });
      return;
    }
    counters.clientLeft();
    this.#conversation!.end();
    const departure = { client, cause, reasonCode, message };
    observer.clientDisconnected?.(departure);
    gatekeeper.interceptor?.disconnected?.(departure);
    const left = this.#will;
    this.#will = undefined;
    sessions.leave(this.#session!, left, clock.now());
  }

  /** Sends what waits, and gives the peer some time to take it. */
  #finish(): void {
    if (this.#lost !== undefined) return this.#depart(this.#lost);
    const { clock, deadlines, limits } = this.#options;
    deadlines.set(this, clock.now() + limits.lingerSeconds * 1000);
    this.#intake.discard();
    // A link that is not read does not see its end, and would take up its place until then.
    this.#intake.resume();
    this.#output.close();
  }

  /** The verdict is there, or the next turn: goes on with what has come meanwhile. */
  #continueReading(): void {
    this.#receivedAt = this.#options.clock.now();
    this.#read();
    this.#resumeReading();
  }

  /** Leaves the rest of the turn to others. */
  #rest(): void {
    if (this.#isResting || !this.#mayRead()) return;
    this.#isResting = true;
    this.#options.turn.add(this);
  }

  /** Stops reading while the verdict is awaited, at rest, and in a flood. */
  #pauseWhereDue(): void {
    if (this.#phase === 'closing') return;
    if (this.#isWaiting() || this.#isResting || this.#isFlooded()) this.#intake.pause();
  }

  #resumeReading(): void {
    if (!this.#isWaiting() && !this.#isResting && !this.#isFlooded()) this.#intake.resume();
  }
}
