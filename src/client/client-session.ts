/** What a client keeps of a session, through any number of connections. (MQTT 5.0 section 4.1) */

import { reasonCodes } from '../packet/reason-codes.ts';
import type { Clock } from '../session/clock.ts';
import { Incoming } from '../session/incoming.ts';
import type { Message } from '../session/message.ts';
import { Outgoing } from '../session/outgoing.ts';
import type { Outlet } from '../session/outlet.ts';
import { ClientError } from './client-error.ts';
import type { ClientLimits } from './limits.ts';
import type { OutboxLog } from './outbox-log.ts';
import { type Outcome, type Publication, Publications } from './publications.ts';

// The most that can be open at a time, whatever Receive Maximum the server was told. One that sends
// more might be disconnected with 0x93, but Mosquitto does so too: 2.0.11, told 20, had up to 646
// messages open. Its users want them; memory stays bounded, since nobody reads beyond a full inbox.
const packetIdMax = 0xffff;

export class ClientSession {
  readonly outgoing: Outgoing;
  /** What a restart needs; undefined where nothing outlives the program. */
  readonly log: OutboxLog | undefined;
  readonly #publications = new Publications();
  readonly #clock: Clock;
  // Ids that may have been left open in a session which the server has lost: see `doubt`.
  readonly #doubtful = new Set<number>();
  #incoming: Incoming;

  /** @param log has what the session was before */
  constructor(limits: ClientLimits, clock: Clock, log?: OutboxLog) {
    this.#clock = clock;
    this.log = log;
    this.#incoming = new Incoming(log, log?.openIds);
    const shelf = log?.shelf();
    // What is there already has its place, should the queue have been longer once.
    const more = limits.queuedMessagesMax > 0 ? (shelf?.waitingCount ?? 0) : 0;
    this.outgoing = new Outgoing(
      {
        inflightMessagesMax: limits.inflightMessagesMax,
        messagesMax: limits.queuedMessagesMax + more,
        bytesMax: 0,
        queueQos0: limits.queueQos0,
      },
      this.#publications,
      { keeper: log, shelf },
    );
    log?.listen(this.outgoing);
  }

  get incoming(): Incoming {
    return this.#incoming;
  }

  /** Whether a publisher waits to hear from the server. */
  get awaitsAnswers(): boolean {
    return this.#publications.count > 0;
  }

  /** The server knows the session: what it has not acknowledged goes out again. */
  resume(outlet: Outlet, { receiveMax, now }: { receiveMax: number; now: number }): void {
    this.#incoming.resume(packetIdMax);
    this.outgoing.resume(outlet, receiveMax, now);
  }

  /** The server does not know it: this side forgets it too, before `resume`. [MQTT-3.2.2-5] */
  forget(now: number): void {
    this.log?.closeAll();
    this.#incoming = new Incoming(this.log);
    this.#doubtful.clear();
    const publications = this.#publications.messages();
    const left = new Set<Message>();
    const lost: Message[] = [];
    for (const delivery of [
      ...(this.log?.takeShelved(this.outgoing.shelf) ?? []),
      ...this.outgoing.abandon(),
    ]) {
      const { message, qos, state, wasSent } = delivery;
      // What was never sent belongs to any session, and [MQTT-4.3.2-1]: once more is allowed at
      // QoS 1, and at QoS 2 is not.
      const isAgain = state !== 'released' && (qos < 2 || !wasSent);
      if (isAgain) this.#again(message, now);
      else this.log?.forget(delivery);
      if (state === 'released') continue;
      left.add(message);
      if (!isAgain) lost.push(message);
    }
    for (const message of lost) this.#publications.fail(message, sessionLost(message));
    for (const message of publications) {
      // PUBREC has come: the server has taken it.
      if (!left.has(message)) this.#publications.succeed(message, reasonCodes.success);
    }
  }

  /** Awaits the end of the messages that are there from before the program began. */
  restore(outcomeOf: (message: Publication) => Outcome): void {
    for (const message of this.log?.messages() ?? []) {
      this.#publications.add(message, outcomeOf(message));
    }
  }

  /** The session that the server has may be another than this one, with ids of its own. */
  doubt(): void {
    for (const packetId of this.#incoming.openIds()) this.#doubtful.add(packetId);
  }

  /** A PUBLISH of QoS 2 has come for the first time: the id is not open from before. */
  dispelDoubt(packetId: number): void {
    if (this.#doubtful.size > 0 && this.#doubtful.delete(packetId))
      this.#incoming.release(packetId);
  }

  #again(message: Message, now: number): void {
    this.outgoing.deliver(message, message.qos, message.retain, undefined, now);
  }

  suspend(): void {
    this.outgoing.suspend();
  }

  /** The session has ended with its connection: nothing more will be known of what it held. */
  end(cause: ClientError): void {
    this.outgoing.abandon();
    for (const message of this.#publications.messages()) this.#publications.fail(message, cause);
  }

  /**
   * Sends a message of QoS 0, or has it wait where it may.
   *
   * @throws ClientError when it can do neither
   */
  publishAtMostOnce(message: Message): void {
    this.#deliver(message);
    const fault = this.#publications.takeFault();
    if (fault !== undefined) throw fault;
  }

  /** Sends a message of QoS 1 or 2 as soon as that is possible, and tells how it ends. */
  publish(message: Publication, outcome: Outcome): void {
    this.#publications.add(message, outcome);
    this.#deliver(message);
  }

  #deliver(message: Message): void {
    const { qos, retain } = message;
    // A message that leaves at once need not ask for the time.
    const now = this.outgoing.isReadyFor(qos) ? 0 : this.#clock.now();
    this.outgoing.deliver(message, qos, retain, undefined, now);
  }
}

function sessionLost({ topic }: Message): ClientError {
  const text = `the server lost the session: whether a message to '${topic}' arrived is not known`;
  return new ClientError('session lost', text);
}
