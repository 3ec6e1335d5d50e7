/** A broker on a port of this machine, for tests of the client commands, and what runs them. */

import { EventEmitter, once } from 'node:events';
import { Broker, type BrokerOptions } from '../../src/broker/broker.ts';
import type { Command } from '../../src/cli/command.ts';
import { pub } from '../../src/cli/pub.ts';
import { sub } from '../../src/cli/sub.ts';
import { type TestIo, testIo } from '../../src/cli/test-io.ts';
import { NodeHost } from '../../src/server/node-host.ts';
import type { Listener } from '../../src/transport/listen-sockets.ts';
import { listenTcp } from '../../src/transport/tcp.ts';
import { TestGatekeeper } from './test-gatekeeper.ts';

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandBroker {
  readonly port: number;
  readonly #host: NodeHost;
  readonly #broker: Broker;
  readonly #listener: Listener;
  /** Has an event of the name of each filter that somebody subscribes to. */
  readonly #subscriptions: EventEmitter;
  #names = 0;

  private constructor(
    host: NodeHost,
    broker: Broker,
    { listener, subscriptions }: { listener: Listener; subscriptions: EventEmitter },
  ) {
    this.#host = host;
    this.#broker = broker;
    this.#listener = listener;
    this.#subscriptions = subscriptions;
    this.port = listener.port;
  }

  static async start(
    gatekeeper: BrokerOptions['gatekeeper'] = new TestGatekeeper(),
    port = 0,
  ): Promise<CommandBroker> {
    const host = new NodeHost();
    const subscriptions = new EventEmitter();
    const observer = {
      subscribed: (_client: string, filter: string) => subscriptions.emit(filter),
    };
    const broker = new Broker({ host, gatekeeper, observer, systemTopicSeconds: 0 });
    host.start((now) => broker.wake(now));
    const listener = await listenTcp(broker.listener().accept, { host: '127.0.0.1', port });
    return new CommandBroker(host, broker, { listener, subscriptions });
  }

  async stop(): Promise<void> {
    this.#broker.shutDown();
    await this.#listener.close();
    this.#host.stop();
  }

  get flags(): string[] {
    return ['-h', '127.0.0.1', '-p', String(this.port)];
  }

  /** Runs a command to its end. */
  async run(command: Command, args: readonly string[], input = ''): Promise<Ended> {
    const io = testIo();
    io.io.stdin.push(input);
    io.io.stdin.push(null);
    return this.#ended(io, command.run([...this.flags, ...args], io.io));
  }

  /** Starts sub with -d, and waits until it has subscribed. */
  async subscribe(args: readonly string[]): Promise<{ io: TestIo; ended: Promise<Ended> }> {
    const io = testIo();
    const ended = this.#ended(io, sub.run([...this.flags, '-d', ...args], io.io));
    await io.stdout.until(/^Subscribed/m);
    return { io, ended };
  }

  /** What sub prints of what pub publishes, on a topic of their own. */
  async exchange(pubArgs: readonly string[], subArgs: readonly string[], input = '') {
    const topic = `exchange/${this.#names++}`;
    const io = testIo();
    const subscribed = once(this.#subscriptions, topic);
    const ended = this.#ended(io, sub.run([...this.flags, '-t', topic, ...subArgs], io.io));
    await subscribed;
    const published = await this.run(pub, ['-t', topic, ...pubArgs], input);
    const { exitCode, stdout, stderr } = await ended;
    return { topic, exitCode, stdout, stderr: stderr + published.stderr, told: published.stdout };
  }

  async #ended(io: TestIo, running: Promise<number>): Promise<Ended> {
    const exitCode = await running;
    return { exitCode, stdout: io.stdout.text, stderr: io.stderr.text };
  }
}
