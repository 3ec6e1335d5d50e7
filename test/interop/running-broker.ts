/** The real server in this process, on a port of its own, for foreign clients to connect to. */

import { parseConfig } from '../../src/server/config-file.ts';
import { Log } from '../../src/server/log.ts';
import { startServer } from '../../src/server/server.ts';
import type { BrokerPlace } from './foreign-client.ts';
import { TextLines } from './text-lines.ts';

export interface RunningBroker extends BrokerPlace, AsyncDisposable {
  /** Resolves when the log has this line, which begins with no time. */
  logged(line: string): Promise<void>;
  stop(): Promise<void>;
}

/** A listener for everybody; nothing is dropped however slow the machine. */
const openToAll = [
  'listener 1883 127.0.0.1',
  'allow_anonymous true',
  'max_queued_messages 0',
] as const;

/** The brokers that claims about a client library need. */
export interface ClaimBrokers {
  /** Lets everybody in. */
  open(): Promise<RunningBroker>;
  /** Lets nobody in. */
  closed(): Promise<RunningBroker>;
}

export const tcpBrokers: ClaimBrokers = {
  open: () => startBroker(),
  closed: () => startBroker(['listener 1883 127.0.0.1', 'allow_anonymous false']),
};

/** @param port of all its listeners, in the place of theirs; 0: one that is free */
export async function startBroker(
  configLines: readonly string[] = openToAll,
  port = 0,
): Promise<RunningBroker> {
  const lines = new TextLines();
  const text = [...configLines, ...loggedTypes.map((type) => `log_type ${type}`)].join('\n');
  const config = parseConfig(text, 'interop.conf');
  const listeners = config.listeners.map((listener) => ({ ...listener, port }));
  const log = new Log({ ...config.log, timestamp: false }, { stdout: lines, stderr: lines });
  const server = await startServer({ ...config, listeners }, log);
  const [{ host, port: listening }] = server.addresses;
  return {
    host,
    port: listening,
    logged: (line) => lines.seen(line),
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

const loggedTypes = ['error', 'warning', 'notice', 'subscribe'] as const;
