/** Requests and their responses, by Response Topic and Correlation Data. (MQTT 5.0 section 4.10) */

import { utf8Of } from '../packet/text.ts';
import type { QoS } from '../packet/version.ts';
import type { MessageProperties } from '../session/message.ts';
import { whenAborted } from './abort.ts';
import { ClientError } from './client-error.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { MqttClient } from './mqtt-client.ts';
import { randomDigits } from './random-digits.ts';
import type { Timers } from './timers.ts';

export interface RequestOptions {
  /** Milliseconds to wait for the response; 10,000. */
  readonly timeout?: number;
  /** Gives up waiting. */
  readonly signal?: AbortSignal | undefined;
  /** Of the request; 1. */
  readonly qos?: QoS;
  /** Of the request, other than Response Topic and Correlation Data. */
  readonly properties?: Omit<MessageProperties, 'responseTopic' | 'correlationData'> | undefined;
}

const timeoutDefault = 10_000;

/** Sees to it that responses can be read. */
export interface Expectant {
  expect(): void;
  unexpect(): void;
}

export class Requester {
  readonly #client: MqttClient;
  readonly #timers: Timers;
  readonly #expectant: Expectant;
  readonly #topic: string;
  readonly #pending = new Map<string, PromiseWithResolvers<IncomingMessage>>();
  #ready: Promise<unknown> | undefined;
  #count = 0;

  constructor(
    client: MqttClient,
    { timers, random, expectant }: { timers: Timers; random: () => number; expectant: Expectant },
  ) {
    const responseInformation = client.terms?.responseInformation;
    const own = `${client.clientId.replaceAll(/[+#/]/g, '_')}-${randomDigits(random)}${randomDigits(random)}`;
    this.#client = client;
    this.#timers = timers;
    this.#expectant = expectant;
    this.#topic = responseInformation ? `${responseInformation}/${own}` : `responses/${own}`;
  }

  async request(
    topic: string,
    payload: Uint8Array | string,
    { timeout = timeoutDefault, signal, qos = 1, properties }: RequestOptions,
  ): Promise<IncomingMessage> {
    if (this.#client.version !== undefined && this.#client.version < 5) {
      throw new ClientError('not supported', 'requests need MQTT 5.0, which the server refused');
    }
    signal?.throwIfAborted();
    const correlation = String(++this.#count);
    const response = Promise.withResolvers<IncomingMessage>();
    const { promise, reject } = response;
    const timer = this.#timers.timer(() => {
      const text = `no response to a request to '${topic}' within ${timeout} milliseconds`;
      reject(new ClientError('no response', text));
    });
    // A request that was not sent while somebody waited for its response is not sent any more.
    const over = new AbortController();
    timer.set(timeout);
    const off = whenAborted(signal, () => reject(signal?.reason));
    this.#pending.set(correlation, response);
    this.#expectant.expect();
    try {
      // The subscription comes before the request on the same connection; for its answer nobody has
      // to wait, but a refusal is the end of it.
      this.#subscribe().catch(reject);
      const correlationData = utf8Of(correlation);
      const own = { ...properties, responseTopic: this.#topic, correlationData };
      const options = { qos, properties: own, signal: over.signal };
      this.#client.publish(topic, payload, options).catch(reject);
      return await promise;
    } finally {
      timer.clear();
      off();
      this.#pending.delete(correlation);
      this.#expectant.unexpect();
      over.abort();
    }
  }

  /** The client ends: no response will come. */
  end(cause: ClientError): void {
    for (const { reject } of this.#pending.values()) reject(cause);
  }

  #subscribe(): Promise<unknown> {
    this.#ready ??= this.#client.subscribe(this.#topic, (response) => this.#take(response), {
      qos: 1,
    }).granted;
    // What was refused may be asked for again.
    this.#ready.catch(() => {
      this.#ready = undefined;
    });
    return this.#ready;
  }

  #take(response: IncomingMessage): void {
    const { correlationData } = response.properties ?? {};
    if (correlationData === undefined) return;
    this.#pending.get(new TextDecoder().decode(correlationData))?.resolve(response);
  }
}
