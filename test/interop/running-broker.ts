/** The real server in this process, on a port of its own, for foreign clients to connect to. */

import { Writable } from 'node:stream';
import { parseConfig } from '../../src/server/config-file.ts';
import { Log } from '../../src/server/log.ts';
import { startServer } from '../../src/server/server.ts';

export interface RunningBroker extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Resolves with the first log line that contains `text`, also one already written. */
  logged(text: string): Promise<string>;
  stop(): Promise<void>;
}

/** A listener for everybody; nothing is dropped however slow the machine. */
const openToAll = [
  'listener 1883 127.0.0.1',
  'allow_anonymous true',
  'max_queued_messages 0',
] as const;

/** Starts the broker that these lines of mosquitto.conf describe; the port is one that is free. */
export async function startBroker(
  configLines: readonly string[] = openToAll,
): Promise<RunningBroker> {
  const lines = new LogLines();
  const text = [...configLines, ...loggedTypes.map((type) => `log_type ${type}`)].join('\n');
  const config = parseConfig(text, 'interop.conf');
  const listeners = config.listeners.map((listener) => ({ ...listener, port: 0 }));
  const log = new Log({ ...config.log, timestamp: false }, { stdout: lines, stderr: lines });
  const server = await startServer({ ...config, listeners }, log);
  const [{ host, port }] = server.addresses;
  return {
    host,
    port,
    logged: (part) => lines.containing(part),
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

const loggedTypes = ['error', 'warning', 'notice', 'subscribe'] as const;

interface Wish {
  readonly part: string;
  resolve(line: string): void;
}

/** Takes what the log writes, and finds lines in it, past or future. */
class LogLines extends Writable {
  readonly #lines: string[] = [];
  #wishes: Wish[] = [];
  #unfinished = '';

  constructor() {
    super({ decodeStrings: false });
  }

  containing(part: string): Promise<string> {
    const written = this.#lines.find((line) => line.includes(part));
    if (written !== undefined) return Promise.resolve(written);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#wishes.push({ part, resolve });
    return promise;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    const lines = (this.#unfinished + chunk).split('\n');
    this.#unfinished = lines.pop() ?? '';
    for (const line of lines) this.#add(line);
    done();
  }

  #add(line: string): void {
    this.#lines.push(line);
    const granted = this.#wishes.filter(({ part }) => line.includes(part));
    this.#wishes = this.#wishes.filter((wish) => !granted.includes(wish));
    for (const { resolve } of granted) resolve(line);
  }
}
