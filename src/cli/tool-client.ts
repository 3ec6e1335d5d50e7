/** The client of a tool: on Node's sockets and clock, told about as Mosquitto's tools do. */

import { Client, type ClientOptions } from '../client/client.ts';
import { TimerHost } from '../server/timer-host.ts';
import type { ClientDraft } from './client-flags.ts';
import { clientOptions } from './client-options.ts';
import { openRoute, routeOf } from './client-route.ts';
import { receivedLines, sentLines } from './packet-trace.ts';
import { clientFailure, type ToolFailure } from './tool-failure.ts';

/** Where to write what `-d` tells. */
export type Print = (line: string) => void;

export class ToolClient implements Disposable {
  readonly client: Client;
  readonly #draft: ClientDraft;
  readonly #host = new TimerHost();

  /**
   * @param limits what the tool wants other than the flags
   * @throws UsageError when the flags do not go together
   */
  constructor(draft: ClientDraft, print: Print, limits: ClientOptions['limits'] = {}) {
    const options = clientOptions(draft);
    const tell = (lines: readonly string[]) => {
      for (const line of lines) print(line);
    };
    this.#draft = draft;
    this.client = new Client({
      ...options,
      host: this.#host,
      limits: { ...options.limits, ...limits },
      observer: draft.debug
        ? {
            packetSent: (packet) => tell(sentLines(this.client.clientId, packet)),
            packetReceived: (packet) => tell(receivedLines(this.client.clientId, packet)),
          }
        : {},
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
    const leave = () => void client.disconnect();
    try {
      await client.connect((accept) => {
        const opening = openRoute(route, accept, signal);
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

  [Symbol.dispose](): void {
    this.#host.stop();
  }
}
