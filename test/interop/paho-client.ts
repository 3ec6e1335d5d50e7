/** Paho, the Python library, as a foreign client: many clients in one Python process. */

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { PublishProperties } from '../../src/packet/publish.ts';
import type { ProtocolVersion, QoS } from '../../src/packet/version.ts';
import {
  Arrivals,
  type ForeignClient,
  type ForeignConnectOptions,
  type ForeignLibrary,
  type ForeignMessage,
  type ForeignPublishOptions,
  ForeignRefusal,
  type ForeignSubscribeOptions,
} from './foreign-client.ts';

const script = fileURLToPath(new URL('paho-clients.py', import.meta.url));

// Debian's own Python has Debian's packages; another that comes first in the path may not.
const interpreters = ['/usr/bin/python3', 'python3'];

/** The Python that has Paho, if there is one. */
export function findPahoPython(): string | undefined {
  const question = ['-c', 'import paho.mqtt.subscribeoptions'];
  return interpreters.find((python) => spawnSync(python, question).status === 0);
}

/** What paho-clients.py tells. */
type PahoEvent = { readonly client: string } & (
  | {
      readonly event: 'connected';
      readonly reasonCode: number;
      readonly sessionPresent: boolean;
      readonly properties: PahoProperties;
    }
  | { readonly event: 'disconnected'; readonly reasonCode: number | null }
  | {
      readonly event: 'message';
      readonly topic: string;
      readonly payload: string;
      readonly qos: QoS;
      readonly retain: boolean;
      readonly properties: PahoProperties;
    }
  | { readonly event: 'sent'; readonly command: number; readonly mid: number }
  | { readonly event: 'acknowledged'; readonly mid: number; readonly reasonCode?: number }
  | { readonly event: 'pingresp' }
);

type PahoProperties = Readonly<Record<string, unknown>>;

type Tell = (client: string, action: string, details?: object) => void;

/** One Python process; disposing of it kills it with all its clients. */
export class Paho implements ForeignLibrary, AsyncDisposable {
  readonly name = 'Paho for Python';
  readonly readsBareReasons = false;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #clients = new Map<string, PahoClient>();

  constructor(python: string) {
    this.#process = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const event: PahoEvent = JSON.parse(line);
      this.#clients.get(event.client)?.take(event);
    });
    this.#process.on('exit', () => {
      for (const client of this.#clients.values()) client.end(undefined);
    });
  }

  async connect(options: ForeignConnectOptions): Promise<ForeignClient> {
    if (this.#hasExited) throw new Error('paho-clients.py has ended: standard error says why');
    const key = String(this.#clients.size);
    const tell: Tell = (client, action, details) => {
      this.#process.stdin.write(`${JSON.stringify({ client, do: action, ...details })}\n`);
    };
    const client = new PahoClient(key, options.version, tell);
    this.#clients.set(key, client);
    await client.connect(options);
    return client;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  /** Ends the process without giving it a chance to say goodbye. */
  async kill(): Promise<void> {
    if (this.#hasExited) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  get #hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}

type Acknowledged = PromiseWithResolvers<number | undefined>;

class PahoClient implements ForeignClient {
  sessionPresent = false;
  assignedClientId: string | undefined;
  readonly #key: string;
  readonly #version: ProtocolVersion;
  readonly #tell: Tell;
  readonly #arrivals = new Arrivals();
  readonly #connected = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<number | undefined>();
  #ping = Promise.withResolvers<void>();
  #hasEnded = false;
  #commands = 0;
  /** By the number of the command: who waits for Paho's number of the packet. */
  readonly #sent = new Map<number, (mid: number) => void>();
  /** By Paho's number of the packet; the acknowledgement may be told before that number is. */
  readonly #acknowledged = new Map<number, Acknowledged>();

  constructor(key: string, version: ProtocolVersion, tell: Tell) {
    this.#key = key;
    this.#version = version;
    this.#tell = tell;
  }

  get ended(): Promise<number | undefined> {
    return this.#ended.promise;
  }

  async connect(options: ForeignConnectOptions): Promise<void> {
    const { host, port, version, clientId, cleanStart = true, keepAliveSeconds = 60 } = options;
    const { webSocket, will, properties } = options;
    this.#tell(this.#key, 'connect', {
      ...{ host, port, version, clientId, cleanStart, keepAlive: keepAliveSeconds },
      transport: webSocket === undefined ? 'tcp' : 'websockets',
      caFile: webSocket?.caFile,
      properties: forPaho(properties),
      will: will && {
        ...will,
        payload: hex(will.payload),
        properties: forPaho(will.properties),
      },
    });
    await this.#connected.promise;
  }

  async subscribe(filter: string, options: ForeignSubscribeOptions = {}): Promise<number> {
    const { qos = 0, noLocal = false, retainAsPublished = false, retainHandling = 0 } = options;
    const { subscriptionIdentifier } = options;
    const code = await this.#exchange('subscribe', {
      ...{ filter, qos },
      options: this.#version === 5 ? { noLocal, retainAsPublished, retainHandling } : null,
      properties: forPaho({ subscriptionIdentifier }),
    });
    return code!;
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#exchange('unsubscribe', { filter });
  }

  async publish(
    topic: string,
    payload: string | Uint8Array,
    { qos = 0, retain = false, properties }: ForeignPublishOptions = {},
  ): Promise<void> {
    await this.#exchange('publish', {
      ...{ topic, payload: hex(payload), qos, retain },
      properties: properties ? forPaho(properties) : null,
    });
  }

  next(): Promise<ForeignMessage> {
    return this.#arrivals.next();
  }

  pingAnswered(): Promise<void> {
    return this.#ping.promise;
  }

  async disconnect(): Promise<void> {
    this.#tell(this.#key, 'disconnect');
    await this.ended;
  }

  async vanish(): Promise<void> {
    this.#tell(this.#key, 'vanish');
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.disconnect();
  }

  end(reasonCode: number | undefined): void {
    this.#hasEnded = true;
    this.#connected.reject(new Error('the connection ended before a CONNACK'));
    this.#arrivals.end();
    this.#ended.resolve(reasonCode);
  }

  take(event: PahoEvent): void {
    switch (event.event) {
      case 'connected':
        this.#takeConnected(event);
        break;
      case 'disconnected':
        this.end(event.reasonCode ?? undefined);
        break;
      case 'message': {
        const { topic, payload, qos, retain } = event;
        const properties = fromPaho(event.properties);
        this.#arrivals.add({ topic, payload: bytes(payload), qos, retain, properties });
        break;
      }
      case 'sent':
        this.#sent.get(event.command)?.(event.mid);
        this.#sent.delete(event.command);
        break;
      case 'acknowledged':
        this.#acknowledgement(event.mid).resolve(event.reasonCode);
        break;
      case 'pingresp':
        this.#ping.resolve();
        this.#ping = Promise.withResolvers();
        break;
      default:
        event satisfies never;
    }
  }

  #takeConnected({
    reasonCode,
    sessionPresent,
    properties,
  }: PahoEvent & { event: 'connected' }): void {
    this.sessionPresent = sessionPresent;
    this.assignedClientId = properties.AssignedClientIdentifier as string | undefined;
    if (reasonCode === 0) this.#connected.resolve();
    else this.#connected.reject(new ForeignRefusal(reasonCode));
  }

  /** Has Paho send a packet, and waits for what answers it. */
  async #exchange(action: string, details: object): Promise<number | undefined> {
    const command = this.#commands++;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#sent.set(command, resolve);
    this.#tell(this.#key, action, { command, ...details });
    const mid = await promise;
    const reasonCode = await this.#acknowledgement(mid).promise;
    this.#acknowledged.delete(mid);
    return reasonCode;
  }

  #acknowledgement(mid: number): Acknowledged {
    const known = this.#acknowledged.get(mid);
    if (known !== undefined) return known;
    const awaited: Acknowledged = Promise.withResolvers();
    this.#acknowledged.set(mid, awaited);
    return awaited;
  }
}

/** Names that are not only written with another first letter. */
const pahoNames: Readonly<Record<string, string>> = {
  userProperties: 'UserProperty',
  subscriptionIdentifiers: 'SubscriptionIdentifier',
};

function forPaho(properties: object = {}): PahoProperties {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        pahoNames[name] ?? name[0].toUpperCase() + name.slice(1),
        value instanceof Uint8Array ? hex(value) : value,
      ]),
  );
}

function fromPaho(properties: PahoProperties): PublishProperties {
  const names = new Map(Object.entries(pahoNames).map(([ours, theirs]) => [theirs, ours]));
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      names.get(name) ?? name[0].toLowerCase() + name.slice(1),
      name === 'CorrelationData' ? bytes(value as string) : value,
    ]),
  );
}

function hex(payload: string | Uint8Array): string {
  return Buffer.from(payload).toString('hex');
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
