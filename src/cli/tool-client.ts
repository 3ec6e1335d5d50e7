/** The client of a tool: on Node's sockets and clock, told about as Mosquitto's tools do. */

import { setImmediate } from 'node:timers/promises';
import { Client, type ClientOptions } from '../client/client.ts';
import type { ClientObserver } from '../client/ports.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { TimerHost } from '../server/timer-host.ts';
import type { Accept, Link } from '../session/link.ts';
import type { ClientDraft } from './client-flags.ts';
import { clientOptions } from './client-options.ts';
import { routeOf } from './client-route.ts';
import { openRoute } from './open-route.ts';
import { PacketTrace } from './packet-trace.ts';
import { clientFailure, type ToolFailure } from './tool-failure.ts';

/** Where to write what `-d` tells. */
export type Print = (line: string) => void;

export interface ToolClientOptions {
  /** What the tool wants other than the flags. */
  readonly limits?: ClientOptions['limits'];
  /** With `-d`, what becomes of subscriptions is told too. */
  readonly tellsSubscribed?: boolean;
}

export class ToolClient implements Disposable {
  readonly client: Client;
  readonly #draft: ClientDraft;
  readonly #host = new TimerHost();
  #link: Link | undefined;

  /** @throws UsageError, ToolFailure when the flags do not go together */
  constructor(
    draft: ClientDraft,
    print: Print,
    { limits = {}, tellsSubscribed = false }: ToolClientOptions = {},
  ) {
    const options = clientOptions(draft);
    const trace = new PacketTrace({ print, tellsSubscribed });
    const observer: ClientObserver = {
      packetSent: (packet) => trace.sent(this.client.clientId, packet),
      packetReceived: (packet) => trace.received(this.client.clientId, packet),
    };
    this.#draft = draft;
    this.client = new Client({
      ...options,
      host: this.#host,
      limits: { ...options.limits, ...limits },
      observer: draft.debug ? observer : {},
    });
    this.#host.start((now) => this.client.wake(now));
  }

  /**
   * Reads the files of certificates anew each time, as they may have been renewed.
   *
   * @returns false when `signal` was aborted before there was a connection
   * @throws UsageError when the flags do not go together
   * @throws ToolFailure
   */
  async connect(signal: AbortSignal): Promise<boolean> {
    const { client } = this;
    const { version } = this.#draft;
    const route = routeOf(this.#draft);
    // Who has not said a word yet would not say when it is done with a goodbye.
    const leave = () => this.#link?.destroy();
    try {
      await client.connect((accept) => {
        const keep: Accept = (link) => {
          this.#link = link;
          return accept(link);
        };
        const opening = openRoute(route, keep, signal);
        signal.addEventListener('abort', leave);
        return opening;
      });
      return !signal.aborted;
    } catch (error) {
      if (signal.aborted) return false;
      const { connectionFailure } = await import('./connection-failure.ts');
      throw connectionFailure(error, { route, version, isConnected: false });
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Why the present connection ended; undefined when this side ended it. */
  async failure(): Promise<ToolFailure | undefined> {
    const error = await this.client.closed;
    return error && clientFailure(error, this.#draft.version);
  }

  /** Ends the connection so that the broker publishes the will; what is on its way still leaves. */
  async leaveAsLost(): Promise<void> {
    const { client } = this;
    if (this.#draft.version === 5) {
      const { disconnect: properties } = this.#draft.properties;
      return client.disconnect({ reasonCode: reasonCodes.disconnectWithWill, properties });
    }
    // By then the packets of this turn have been handed over.
    await setImmediate();
    this.#link?.close();
    await client.closed;
  }

  [Symbol.dispose](): void {
    this.#host.stop();
  }
}
