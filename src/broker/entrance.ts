/** The way in: from CONNECT, through authentication and the session, up to CONNACK. */

import type { Connack } from '../packet/connack.ts';
import type { Connect, Will } from '../packet/connect.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import type { Clock } from '../session/clock.ts';
import type { PeerCredentials } from '../session/link.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import { mountedFault } from '../topic/mount-point.ts';
import { Authentication, type AuthenticationOutcome } from './authentication.ts';
import type { ClientSession, SessionConnection } from './client-session.ts';
import { type Agreement, acceptance, agree } from './handshake.ts';
import {
  type Introduction,
  type IntroductionRules,
  introduce,
  type ListenerRules,
} from './introduction.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Acceptance, ConnectedClient, Gatekeeper } from './ports.ts';
import { keptWill } from './publication.ts';
import type { Sessions } from './sessions.ts';
import type { Settings } from './settings.ts';
import type { Journal, Waiter } from './state/journal.ts';

/** What entrances use; all those of one listener share it. */
export interface EntranceRules extends IntroductionRules {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly memory: MemoryLimit;
  readonly gatekeeper: Gatekeeper;
  readonly sessions: Sessions;
  readonly journal: Journal | undefined;
}

/** A client that has come in; its CONNACK is still to be sent. */
export interface Entry {
  readonly client: ConnectedClient;
  readonly session: ClientSession;
  readonly connack: Connack;
  readonly will: Will | undefined;
}

/** The connection that a client comes in by. */
export interface Doorway extends AuthenticationOutcome, SessionConnection {
  readonly peer: string;
  readonly credentials: PeerCredentials | undefined;
  entered(entry: Entry): void;
}

export class Entrance implements Waiter {
  readonly agreement: Agreement;
  readonly authentication: Authentication;
  // Holds a view of what the network brought, until it is not needed any more.
  #connect: Connect | undefined;
  readonly #doorway: Doorway;
  readonly #rules: EntranceRules;
  readonly #introduction: Introduction;
  #will: Will | undefined;
  #entry: Entry | undefined;
  // The commit that CONNACK waits for.
  #commit = 0;

  /** @throws ProtocolError when the client asks for what it cannot have */
  constructor(connect: Connect, doorway: Doorway, rules: EntranceRules) {
    this.#introduction = introduce(connect, doorway.credentials, rules);
    const { clientId, userName, password, isVouchedFor } = this.#introduction;
    this.#connect = connect;
    this.#doorway = doorway;
    this.#rules = rules;
    this.agreement = agree(connect, this.#introduction, rules);
    this.#will = connect.will && mountedWill(connect.will, rules.listener);
    this.#checkMemory(clientId);
    this.authentication = new Authentication(
      rules.gatekeeper,
      {
        clientId,
        userName,
        peer: doorway.peer,
        credentials: doorway.credentials,
        isVouchedFor,
        version: connect.version,
        password,
        authenticationMethod: connect.properties?.authenticationMethod,
        authenticationData: connect.properties?.authenticationData,
      },
      doorway,
    );
  }

  /** Nothing may be read: the gatekeeper thinks, or the session is being stored. */
  get isWaiting(): boolean {
    return this.authentication.isAsking || this.#entry !== undefined;
  }

  /** The client that has been let in, as long as its CONNACK has to wait. */
  get client(): ConnectedClient | undefined {
    return this.#entry?.client;
  }

  /** The gatekeeper has let the client in: takes up its session. */
  enter(sender: PacketSender, { authenticationData }: Acceptance): void {
    const { agreement } = this;
    const { limits, features, journal } = this.#rules;
    const connect = this.#connect!;
    const connack = acceptance(connect, agreement, { limits, features, authenticationData });
    // [MQTT-3.1.2-24]
    if (!sender.fits(connack)) {
      const reason = 'CONNACK is too large for it';
      return this.#doorway.refused(reasonCodes.implementationSpecificError, reason);
    }
    if (!this.#hasRoom(agreement.clientId)) {
      const reason = `the limit of ${this.#rules.settings.limits.clientsMax} clients is reached`;
      return this.#doorway.refused(reasonCodes.serverBusy, reason);
    }
    this.#entry = this.#open(connect, connack);
    this.#connect = undefined;
    this.#will = undefined;
    if (journal === undefined) return this.#letIn();
    // One that has ended must not come back after a crash.
    this.#commit = this.#entry.session.isKept
      ? journal.horizon
      : this.#rules.sessions.endingOf(agreement.clientId);
    if (journal.isKept(this.#commit)) return this.#letIn();
    if (journal.isFailing) return this.failed();
    journal.watch(this);
  }

  kept(): void {
    if (this.#rules.journal!.isKept(this.#commit)) this.#letIn();
  }

  /** What was stored of a session before is enough to go on with; a new one must be stored. */
  failed(): void {
    if (this.#entry!.session.log?.isSafe) return this.#letIn();
    const { sessions, clock } = this.#rules;
    const { session } = this.#leave();
    session.detach();
    sessions.end(session, clock.now());
    this.#doorway.refused(reasonCodes.quotaExceeded, 'the session cannot be stored now');
  }

  /** The connection is over before its CONNACK: the session, if there is one, is left again. */
  abandon(): void {
    if (this.#entry === undefined) return;
    const { sessions, clock } = this.#rules;
    const { session } = this.#leave();
    sessions.leave(session, undefined, clock.now());
  }

  /** Who comes back to a session needs no more than there is, and takes what waits. */
  #checkMemory(clientId: string): void {
    const { memory, clock, sessions } = this.#rules;
    if (!memory.isReached(clock.now()) || sessions.has(clientId)) return;
    throw new ProtocolError(reasonCodes.quotaExceeded, 'the limit of memory is reached');
  }

  #hasRoom(clientId: string): boolean {
    const { sessions, settings } = this.#rules;
    const { clientsMax } = settings.limits;
    return clientsMax <= 0 || sessions.count < clientsMax || sessions.has(clientId);
  }

  #open(connect: Connect, connack: Connack): Entry {
    const { clock, sessions, gatekeeper, listener } = this.#rules;
    const { agreement } = this;
    const { version, cleanStart } = connect;
    const { userName } = this.#introduction;
    const { name, mountPoint } = listener;
    const will = this.#will && keptWill(this.#will);
    const { clientId, keepAliveSeconds, sessionExpirySeconds } = agreement;
    const { peer, credentials } = this.#doorway;
    const { account } = this.authentication;
    const identity = { clientId, userName, peer, credentials, account };
    const { session, present } = sessions.open(
      {
        access: { client: identity, gatekeeper, listenerName: name, mountPoint, isKnown: true },
        cleanStart,
        expirySeconds: sessionExpirySeconds,
        will,
        connection: this.#doorway,
      },
      clock.now(),
    );
    return {
      client: { ...identity, version, cleanStart, keepAliveSeconds, sessionPresent: present },
      session,
      connack: { ...connack, sessionPresent: present },
      will,
    };
  }

  #letIn(): void {
    this.#doorway.entered(this.#leave());
  }

  #leave(): Entry {
    const entry = this.#entry!;
    this.#entry = undefined;
    this.#rules.journal?.unwatch(this);
    return entry;
  }
}

function mountedWill(will: Will, { mountPoint }: ListenerRules): Will {
  if (mountPoint === undefined) return will;
  const topic = mountPoint + will.topic;
  const fault = mountedFault(topic);
  if (fault === undefined) return { ...will, topic };
  throw new ProtocolError(reasonCodes.topicNameInvalid, `will: topic name of ${fault}`);
}
