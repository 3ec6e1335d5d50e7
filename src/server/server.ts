/** Makes a running broker of a configuration, and another configuration of a running broker. */

import { Nobody } from '../auth/nobody.ts';
import { PasswordChecks } from '../auth/password-checks.ts';
import { Broker } from '../broker/broker.ts';
import type { ControlHandler } from '../broker/control.ts';
import type { Gatekeeper, Observer } from '../broker/ports.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { Message } from '../session/message.ts';
import type { AccessConfig, Config } from './config.ts';
import { answerControl, nameOfSource } from './control-api.ts';
import { Endpoint, throwFirst } from './endpoint.ts';
import type { KeyLog } from './key-log.ts';
import type { Log } from './log.ts';
import { MaterialWatch } from './material-watch.ts';
import { loadMaterials, MaterialError, type Materials } from './materials.ts';
import { NodeHost } from './node-host.ts';
import { logObserver } from './observer.ts';
import { Plugins } from './plugins.ts';
import { configAfterReload, type ReloadedConfig } from './reload.ts';
import type { ServerState } from './server-state.ts';
import { settingsOf } from './settings-of.ts';
import { StartError } from './start-error.ts';
import type { ListedSubscription } from './subscription-tree.ts';
import { version } from './version.ts';

/** A broker that listens; disposing of it stops it. */
export interface RunningServer extends AsyncDisposable {
  /** Where it listens, in the order of the configuration; a listener may have two addresses. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];

  /** All subscriptions, of clients that are away as well. */
  subscriptions(): Iterable<ListedSubscription>;

  /**
   * Reads all that another configuration with the same listeners names, and changes nothing yet.
   *
   * @throws MaterialError or ReloadError when it cannot be used
   */
  prepare(config: Config): PreparedReload;

  /** Takes no more connections, says goodbye to the clients and waits until they have gone. */
  stop(): Promise<void>;
}

/** A configuration that is in order, with all that it names; disposing of it lets go of it. */
export interface PreparedReload extends Disposable {
  /** It counts from now on. Clients that may not be there any more are disconnected. */
  take(): Promise<void>;
}

export interface ServerOptions {
  /** Is given the session keys of TLS. */
  readonly keyLog?: Pick<KeyLog, 'write'> | undefined;
}

/**
 * Starts a broker and opens its ports.
 *
 * @throws MaterialError when a file that a listener needs cannot be used
 * @throws StartError when state, a plugin or a port cannot be opened; nothing is left running then
 */
export async function startServer(
  config: Config,
  log: Log,
  { keyLog }: ServerOptions = {},
): Promise<RunningServer> {
  using unfinished = new DisposableStack();
  const watch = unfinished.use(new MaterialWatch(config));
  const materials = loadMaterials(config);
  const host = new NodeHost();
  const observer: Observer = logObserver(log, config.general);
  const now = () => host.clock.now();
  const plugins = await Plugins.load(config, { log, observer, now });
  const state = await stateOf(config, log, host);
  const parts = { config, materials, watch, log, host, observer, plugins, state, keyLog };
  const server = new Server(parts);
  try {
    await server.open();
  } catch (error) {
    await server.stop();
    throw error;
  }
  unfinished.move();
  return server;
}

/** A database is loaded where there is something to keep. */
async function stateOf(
  { state }: Config,
  log: Log,
  host: NodeHost,
): Promise<ServerState | undefined> {
  if (state === undefined) return undefined;
  const { openState } = await import('./server-state.ts');
  return openState(state, log, host);
}

interface ServerParts {
  readonly config: Config;
  readonly materials: Materials;
  readonly watch: MaterialWatch;
  readonly log: Log;
  readonly host: NodeHost;
  /** Its methods are replaced when the log changes. */
  readonly observer: Observer;
  readonly plugins: Plugins;
  readonly state: ServerState | undefined;
  readonly keyLog: ServerOptions['keyLog'];
}

class Server implements RunningServer {
  readonly #parts: ServerParts;
  readonly #broker: Broker;
  readonly #endpoints: readonly Endpoint[];
  #config: Config;
  #watch: MaterialWatch;
  #isStopping = false;

  constructor(parts: ServerParts) {
    const { config, materials, log, host, observer, plugins, state, keyLog } = parts;
    const { general } = config;
    this.#parts = parts;
    this.#config = config;
    this.#watch = parts.watch;
    const checks = new PasswordChecks();
    this.#endpoints = config.listeners.map(
      (listener, i) =>
        new Endpoint({
          config: listener,
          material: materials.listeners[i],
          log,
          checks,
          keyLog,
          hooked: (gatekeeper) => plugins.before(gatekeeper, listener.access.plugins),
          general: () => this.#config.general,
        }),
    );
    this.#broker = new Broker({
      host,
      // Of what clients of listeners have left that are configured no more; nobody comes in by it.
      gatekeeper: new Nobody(),
      gatekeeperFor: (name) => this.#gatekeeperOf(name),
      observer,
      ...(state && { storage: state.storage }),
      ...settingsOf(general),
      version: `pantala version ${version}`,
    });
    for (const endpoint of this.#endpoints) endpoint.join(this.#broker);
    this.#answerControl();
    plugins.publishWith((message) => this.#broker.publish(message));
    host.start((now) => this.#broker.wake(now));
    state?.report(this.#broker.recalled!);
    log.publishWith((topic, line) => {
      // Not at once: the line tells of something that the broker is in the middle of.
      queueMicrotask(() => this.#publish(topic, line));
    });
    this.#tellOf(materials);
  }

  get addresses(): RunningServer['addresses'] {
    return this.#endpoints.flatMap(({ addresses }) => addresses);
  }

  async open(): Promise<void> {
    const isLocal = this.#config.localOnly;
    const endpoints = this.#endpoints;
    const places = await Promise.all(endpoints.map((endpoint) => endpoint.places({ isLocal })));
    // All in one go: who finds one of the ports open takes it that the others are open, too.
    throwFirst(await Promise.allSettled(endpoints.map((each, i) => each.open(places[i]))));
    if (this.addresses.length === 0) {
      throw new StartError('Unable to start any listening sockets: this machine has no network.');
    }
    this.#watch.tell(() => this.#refresh());
  }

  prepare(config: Config): PreparedReload {
    const after = configAfterReload(this.#config, config);
    using unfinished = new DisposableStack();
    const watch = unfinished.use(new MaterialWatch(after.config));
    const materials = loadMaterials(after.config);
    unfinished.move();
    return {
      take: () => this.#reload(after, materials, watch),
      [Symbol.dispose]: () => {
        if (this.#watch !== watch) watch[Symbol.dispose]();
      },
    };
  }

  async #reload(
    { config, restarts }: ReloadedConfig,
    materials: Materials,
    watch: MaterialWatch,
  ): Promise<void> {
    const { listeners } = config;
    await Promise.all(this.#endpoints.map((endpoint, i) => endpoint.load(listeners[i])));
    if (this.#isStopping) return;
    const { log, observer, plugins } = this.#parts;
    for (const what of restarts) {
      log.write('warning', `Warning: ${what} has changed, which takes a restart.`);
    }
    this.#config = config;
    this.#broker.change(settingsOf(config.general));
    this.#answerControl();
    changeObserver(observer, logObserver(log, config.general));
    this.#take(materials);
    this.#watch[Symbol.dispose]();
    this.#watch = watch;
    watch.tell(() => this.#refresh());
    await plugins.reload();
    // They may decide otherwise now.
    this.#broker.accessChanged();
  }

  *subscriptions(): Generator<ListedSubscription, void> {
    for (const { subscriber, filter, qos } of this.#broker.subscriptions()) {
      yield { clientId: subscriber.clientId, filter, qos };
    }
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#watch[Symbol.dispose]();
    const { host, state, plugins } = this.#parts;
    const closed = Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
    const stored = Promise.withResolvers<void>();
    this.#broker.shutDown(stored.resolve);
    await Promise.all([this.#seeOff(closed), stored.promise.then(() => state?.close())]);
    await plugins.close();
    host.stop();
  }

  /** Waits for connections to close, but no longer than it takes to read a goodbye. */
  async #seeOff(closed: Promise<unknown>): Promise<void> {
    const destroyAll = () => {
      for (const endpoint of this.#endpoints) endpoint.destroyAll();
    };
    const timer = setTimeout(destroyAll, goodbyeMilliseconds);
    await closed;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** For a listener that is configured no more, the rules that all have in common, if there are. */
  #gatekeeperOf(name: string): Gatekeeper | undefined {
    const endpoint = this.#endpoints.find((each) => each.name === name);
    if (endpoint !== undefined) return endpoint.gatekeeper;
    const [first, ...others] = this.#config.listeners.map(({ access }) => access);
    const areAlike = others.every((access) => haveSameRules(access, first));
    return areAlike ? this.#endpoints[0]?.gatekeeper : undefined;
  }

  #answerControl(): void {
    const { listeners, general } = this.#config;
    const { log } = this.#parts;
    const handler: ControlHandler = (question, source) => {
      const told = (command: string) =>
        log.write('information', `Broker: ${nameOfSource(source)} | ${command}`);
      const { topic, text } = answerControl(question, { listeners, version }, told);
      // Not at once: the broker is in the middle of the question.
      queueMicrotask(() => this.#publish(topic, text));
    };
    this.#broker.answerControl(general.enableControlApi ? handler : undefined);
  }

  #publish(topic: string, text: string): void {
    this.#broker.publish(new Message(topic, new TextEncoder().encode(text)));
  }

  /** Goes by these from now on, and sends away whoever may not be there any more. */
  #take(materials: Materials): void {
    this.#endpoints.forEach((endpoint, i) => {
      endpoint.change(this.#config.listeners[i], materials.listeners[i]);
    });
    this.#broker.accessChanged();
    this.#broker.disconnectWhere(
      (client, name) => {
        const endpoint = this.#endpoints.find((each) => each.name === name);
        return endpoint !== undefined && !endpoint.stillAdmits(client);
      },
      reasonCodes.notAuthorized,
      'access was withdrawn',
    );
    this.#tellOf(materials);
  }

  #tellOf({ notes }: Materials): void {
    for (const { type, text } of notes) this.#parts.log.write(type, text);
  }

  /** A file has changed: reads all of them again, if they are in order. */
  #refresh(): void {
    const { log } = this.#parts;
    try {
      this.#take(loadMaterials(this.#config));
      log.write('notice', 'Files of access and encryption were read again, as one has changed.');
    } catch (error) {
      if (!(error instanceof MaterialError)) throw error;
      for (const line of error.message.split('\n')) log.write('error', line);
      log.write(
        'error',
        'Error: A changed file cannot be used; what was read before still counts.',
      );
    }
  }
}

/** Of what clients may do; who may come in is another matter. */
function haveSameRules(one: AccessConfig, other: AccessConfig): boolean {
  return (
    one.aclFile === other.aclFile &&
    one.plugins.length === other.plugins.length &&
    one.plugins.every((plugin, i) => plugin === other.plugins[i])
  );
}

// Clients that are frozen, handshakes that go no further, files on their way to a slow reader.
const goodbyeMilliseconds = 2000;

function changeObserver(observer: Observer, events: Observer): void {
  for (const name of Object.keys(observer)) delete observer[name as keyof Observer];
  Object.assign(observer, events);
}
