/** A broker without network, whose turns are ended, and measured, by who uses it. */

import { Anonymous } from '../../src/auth/anonymous.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { Limits } from '../../src/broker/limits.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import type { Link, LinkReceiver } from '../../src/session/link.ts';
import { ownMilliseconds } from './measure.ts';

export class MemoryBroker {
  readonly broker: Broker;
  readonly #accept: (link: Link) => LinkReceiver;
  #flushes: (() => void)[] = [];

  constructor(limits: Partial<Limits> = {}) {
    this.broker = new Broker({
      gatekeeper: Anonymous.allowed(),
      systemTopicSeconds: 0,
      limits,
      host: {
        clock: { now: () => performance.now() },
        atEndOfTurn: (flush) => this.#flushes.push(flush),
        wakeAt: () => {},
        randomId: () => 'bench',
      },
    });
    this.#accept = this.broker.listener().accept;
  }

  /** A client with its CONNACK. */
  async connect(clientId: string): Promise<MemoryClient> {
    const client = new MemoryClient(this.#accept);
    client.send({
      type: 'connect',
      version: 5,
      bridge: false,
      cleanStart: true,
      keepAliveSeconds: 0,
      clientId,
      will: undefined,
      userName: undefined,
      password: undefined,
    });
    return client;
  }

  /** @returns false when nothing waited for it */
  endTurn(): boolean {
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const flush of flushes) flush();
    return flushes.length > 0;
  }

  /**
   * Ends turns until there is nothing left to do, or so many are over.
   *
   * @returns the milliseconds of each, the longest first
   */
  turns(max = Number.POSITIVE_INFINITY): number[] {
    const turns: number[] = [];
    for (let goesOn = true; goesOn && turns.length < max; ) {
      const start = ownMilliseconds();
      goesOn = this.endTurn();
      turns.push(ownMilliseconds() - start);
    }
    return turns.sort((one, other) => other - one);
  }
}

/** Its end of the network takes everything at once. */
export class MemoryClient {
  readonly #receiver: LinkReceiver;
  receivedBytes = 0;

  constructor(accept: (link: Link) => LinkReceiver) {
    this.#receiver = accept({
      peer: 'bench',
      pendingBytes: 0,
      write: (bytes) => {
        this.receivedBytes += bytes.length;
        return true;
      },
      pause() {},
      resume() {},
      close() {},
      destroy() {},
    });
  }

  send(packet: Packet): void {
    this.sendBytes(encodePacket(packet, 5));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#receiver.receive(bytes);
  }
}
