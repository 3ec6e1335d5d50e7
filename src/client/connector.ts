/** Keeps a client connected: which server, what CONNECT says, when to try again. */

import type { Connack } from '../packet/connack.ts';
import type { Will } from '../packet/connect.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { utf8Of } from '../packet/text.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import { whenAborted } from './abort.ts';
import { Backoff } from './backoff.ts';
import { ClientError } from './client-error.ts';
import type {
  ConnectionEvents,
  ConnectOptions,
  ReconnectOptions,
  Servers,
  WillOptions,
} from './connect-options.ts';
import type { Events } from './events.ts';
import type { ClientPlatform } from './ports.ts';
import { ServerList } from './server-list.ts';
import type { Introduction, SessionClient } from './session-client.ts';
import type { Timers } from './timers.ts';

const reconnectDefaults: ReconnectOptions = {
  initially: false,
  attemptsMax: Number.POSITIVE_INFINITY,
  firstDelayMilliseconds: 1000,
  delayMillisecondsMax: 60_000,
};

// So long a connection has to last before pauses are short again.
const lastingMilliseconds = 10_000;

const sessionSecondsDefault = 300;
// Where the session is to outlive the program: for a week.
const lastingSessionSecondsDefault = 604_800;
const keepAliveSecondsDefault = 60;
const receiveMaximumDefault = 100;

export interface ConnectorOptions {
  readonly servers: Servers | (() => Servers | Promise<Servers>);
  readonly options: ConnectOptions;
  readonly session: SessionClient;
  readonly platform: ClientPlatform;
  readonly timers: Timers;
  readonly events: Events<ConnectionEvents>;
  /**
   * There is a connection.
   *
   * @param isSure the session is the one that this side knows: no attempt before may have begun
   *   another one, whose CONNACK was lost
   */
  readonly welcomed: (connack: Connack, isSure: boolean) => void;
}

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #reconnect: ReconnectOptions;
  readonly #backoff: Backoff;
  readonly #servers: ServerList;
  readonly #stopped = new AbortController();
  #version: ProtocolVersion;
  #server: URL | undefined;
  #lastFailure: ClientError | Error | undefined;

  constructor(options: ConnectorOptions) {
    const { reconnect = {}, version = 5 } = options.options;
    this.#options = options;
    this.#version = version;
    this.#reconnect = { ...reconnectDefaults, ...(reconnect === false ? {} : reconnect) };
    this.#backoff = new Backoff(this.#reconnect, options.platform.random);
    this.#servers = new ServerList(options.servers, options.platform);
  }

  /** Where the present or the last connection leads. */
  get server(): URL | undefined {
    return this.#server;
  }

  get isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /**
   * Makes the first connection.
   *
   * @throws ClientError, or what the transport says
   */
  async start(): Promise<void> {
    const { initially } = this.#reconnect;
    let failure = await this.#tryEach();
    while (failure !== undefined && initially && !this.#isFinal(failure)) {
      if (this.#backoff.failures >= this.#reconnect.attemptsMax) break;
      failure = await this.#tryAgain(failure);
    }
    if (failure !== undefined) throw failure;
  }

  /**
   * Connects again, as often as it takes.
   *
   * @returns why the client has no connection any more; undefined when it was stopped
   */
  async run(): Promise<Error | undefined> {
    const { session, events, platform } = this.#options;
    for (;;) {
      const since = platform.clock.now();
      const lost = await session.closed;
      events.emit('disconnected', { failure: lost });
      if (lost === undefined || this.isStopped) return undefined;
      if (this.#options.options.reconnect === false || isTakenOver(lost)) return lost;
      if (platform.clock.now() - since >= lastingMilliseconds) this.#backoff.reset();
      this.#follow(lost);
      let failure: Error | undefined = lost;
      while (failure !== undefined) {
        if (this.#backoff.failures >= this.#reconnect.attemptsMax) return failure;
        failure = await this.#tryAgain(failure);
        if (this.isStopped) return undefined;
      }
    }
  }

  /** No more attempts; the one that is being made is given up. */
  stop(reason?: unknown): void {
    this.#stopped.abort(reason);
  }

  async #tryAgain(failure: Error): Promise<Error | undefined> {
    const { events, timers } = this.#options;
    const delayMilliseconds = this.#backoff.next();
    const attempt = this.#backoff.failures;
    this.#lastFailure = failure;
    events.emit('reconnecting', { attempt, delayMilliseconds, failure });
    await timers.sleep(delayMilliseconds, this.#stopped.signal);
    return this.isStopped ? stoppedError() : this.#tryOne();
  }

  /** One attempt with each server. @returns the first server's failure when none was reached */
  async #tryEach(): Promise<Error | undefined> {
    const first = await this.#tryOne();
    for (let left = this.#servers.count - 1; left > 0 && first !== undefined; left--) {
      if (this.isStopped) return stoppedError();
      if ((await this.#tryOne()) === undefined) return undefined;
    }
    return first;
  }

  /** @returns why there is no connection; undefined when there is one */
  async #tryOne(): Promise<Error | undefined> {
    try {
      const server = await this.#unlessStopped(this.#servers.next());
      await this.#connect(server);
      return undefined;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error), { cause: error });
      if (this.#fallsBack(failure) || this.#follow(failure)) return this.#tryOne();
      this.#servers.skip();
      return failure;
    }
  }

  async #connect(server: URL): Promise<void> {
    const { session, platform, timers, events, welcomed } = this.#options;
    const introduction = await this.#unlessStopped(this.#introduction(server));
    const signal = this.#stopped.signal;
    const givenUp = new AbortController();
    const leave = () => {
      if (!session.isConnected) void session.disconnect(reasonCodes.normalDisconnection);
    };
    const off = [whenAborted(signal, () => givenUp.abort(signal.reason))];
    const { connectSeconds } = session.limits;
    const timeout = timers.timer(() => {
      const text = `${server.host} could not be reached within ${connectSeconds} seconds`;
      givenUp.abort(new ClientError('connect timeout', text));
    });
    timeout.set(connectSeconds * 1000);
    const isSure = !session.isDoubtful;
    try {
      const connack = await session.connect((accept) => {
        const opening = platform.open(server, accept, givenUp.signal);
        opening.then(
          () => timeout.clear(),
          () => {},
        );
        off.push(whenAborted(signal, leave));
        return opening;
      }, introduction);
      this.#servers.arrived();
      this.#server = server;
      const { version } = introduction;
      const { sessionPresent } = connack;
      welcomed(connack, isSure);
      events.emit('connected', { server, version, sessionPresent });
    } finally {
      timeout.clear();
      for (const end of off) end();
    }
  }

  /** What the user's own functions take their time for is not waited for once nobody wants it. */
  async #unlessStopped<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#stopped;
    const stopped = Promise.withResolvers<never>();
    const stop = () => stopped.reject(stoppedError());
    const off = whenAborted(signal, stop);
    try {
      if (signal.aborted) stop();
      return await Promise.race([promise, stopped.promise]);
    } finally {
      off();
    }
  }

  async #introduction(server: URL): Promise<Introduction> {
    const { options } = this.#options;
    const version = this.#version;
    const { keepAliveSeconds = keepAliveSecondsDefault, will, authentication } = options;
    const exchange = version === 5 ? authentication?.exchange() : undefined;
    const properties = {
      receiveMaximum: options.receiveMaximum ?? receiveMaximumDefault,
      sessionExpiryInterval: options.sessionExpirySeconds ?? sessionSecondsOf(options),
      ...options.properties,
      ...exchange?.properties,
    };
    return {
      version,
      keepAliveSeconds,
      will: will && willOf(will),
      ...(await this.#credentials(server)),
      properties: version === 5 ? properties : undefined,
      exchange,
    };
  }

  async #credentials(server: URL) {
    const { credentials } = this.#options.options;
    if (typeof credentials === 'function') {
      const failure = this.#lastFailure;
      return credentials({ number: this.#backoff.failures + 1, failure });
    }
    if (credentials !== undefined) return credentials;
    if (server.username === '') return {};
    const userName = decodeURIComponent(server.username);
    const password = server.password === '' ? undefined : decodeURIComponent(server.password);
    return { userName, password };
  }

  /** The server does not speak MQTT 5.0, and MQTT 3.1.1 will do. @returns whether to try again */
  #fallsBack(failure: Error): boolean {
    if (this.#options.options.version !== undefined || this.#version !== 5) return false;
    if (!(failure instanceof ClientError) || failure.failure !== 'refused') return false;
    if (failure.reasonCode !== reasonCodes.unsupportedProtocolVersion) return false;
    this.#version = 4;
    return true;
  }

  /** The server wants its client to go elsewhere. @returns whether to try there */
  #follow(failure: Error): boolean {
    if (!(failure instanceof ClientError) || !this.#options.options.followRedirects) return false;
    const { reasonCode, serverReference } = failure;
    if (serverReference === undefined) return false;
    if (reasonCode === reasonCodes.useAnotherServer) return this.#servers.detour(serverReference);
    if (reasonCode === reasonCodes.serverMoved) return this.#servers.move(serverReference);
    return false;
  }

  /** Whether trying again makes no sense, as long as there was no connection yet. */
  #isFinal(failure: Error): boolean {
    return this.isStopped || failure instanceof RangeError || failure instanceof TypeError;
  }
}

function sessionSecondsOf({ outbox }: ConnectOptions): number {
  return outbox?.store === undefined ? sessionSecondsDefault : lastingSessionSecondsDefault;
}

/** Another client has come under the same identifier: whoever comes back takes it away again. */
function isTakenOver({ reasonCode }: ClientError): boolean {
  return reasonCode === reasonCodes.sessionTakenOver;
}

function stoppedError(): ClientError {
  return new ClientError('disconnected', 'the client was stopped before it was connected');
}

function willOf({ topic, payload = '', qos = 0, retain = false, properties }: WillOptions): Will {
  const bytes = typeof payload === 'string' ? utf8Of(payload) : payload;
  return { topic, payload: bytes, qos, retain, properties };
}
