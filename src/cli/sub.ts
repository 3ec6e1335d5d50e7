/** `pantala sub`: subscribes and prints what arrives, in the place of mosquitto_sub(1). */

import { setTimeout as sleep } from 'node:timers/promises';
import { ClientError } from '../client/client-error.ts';
import type { ReceivedMessage } from '../client/inbox.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { filterFault, matches } from '../topic/topic-filter.ts';
import { textAsBytes } from './byte-text.ts';
import type { Command, Io } from './command.ts';
import { GatheredOutput } from './gathered-output.ts';
import type { MessageFormat } from './message-format.ts';
import { MessageRate } from './message-rate.ts';
import { timeoutSignals } from './print-flags.ts';
import { type SubDraft, subDraft, subFlags } from './sub-flags.ts';
import { subSections } from './sub-help.ts';
import { openPrinting } from './sub-printing.ts';
import { ToolClient } from './tool-client.ts';
import { toolCommand } from './tool-command.ts';
import { clientFailure, exitCodes, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

export const sub: Command = toolCommand({
  name: 'sub',
  summary: 'Subscribes, and prints the messages that arrive.',
  usage: '[-h HOST] [-p PORT] {-t FILTER | -U FILTER}... [OPTION]...',
  inPlaceOf: 'mosquitto_sub',
  flags: subFlags,
  sections: subSections,
  draft: subDraft,
  run,
});

async function run(draft: SubDraft, io: Io): Promise<number> {
  check(draft);
  const unread = new AbortController();
  const output = new GatheredOutput(io.stdout, unread);
  const timeout = timeoutSignals(draft);
  const signal = AbortSignal.any([io.signal, unread.signal, ...timeout]);
  using printing = await openPrinting(draft, io);
  const { complain, textOf } = printing;
  const print = printing.tell ?? ((line: string) => output.write(textAsBytes(`${line}\n`)));
  using tool = new ToolClient(draft, print, { tellsSubscribed: !draft.quiet });
  const subscriber = new Subscriber(tool, { draft, output, textOf, complain, signal });
  try {
    const wasConnected = await subscriber.run();
    if (!wasConnected && io.signal.aborted) return exitCodes.interrupted;
  } finally {
    output.flush();
  }
  if (!timeout.some(({ aborted }) => aborted)) return 0;
  complain('Timed out');
  return exitCodes.timedOut;
}

/** @throws UsageError when the flags do not go together */
function check({ topics, filtersOut, unsubscribed, ...draft }: SubDraft): void {
  if (topics.length === 0 && unsubscribed.length === 0) {
    throw new UsageError('You must specify a topic to subscribe to (-t) or unsubscribe from (-U).');
  }
  for (const [what, filters] of [
    ['subscription', topics],
    ['filter', filtersOut],
    ['unsubscribe', unsubscribed],
  ] as const) {
    const wrong = filters.find((filter) => filterFault(filter) !== undefined);
    if (wrong === undefined) continue;
    throw new UsageError(
      `Invalid ${what} topic '${wrong}', are all '+' and '#' wildcards correct?`,
    );
  }
  if (draft.skipsRetained && draft.retainedOnly) {
    throw new UsageError("Combining '-R' and '--retained-only' makes no sense.");
  }
}

// Mosquitto's pause before it connects again.
const reconnectMilliseconds = 1000;

interface SubscriberOptions {
  readonly draft: SubDraft;
  readonly output: GatheredOutput;
  readonly textOf: MessageFormat;
  readonly complain: (line: string) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Subscribes and prints, through as many connections as it takes. */
class Subscriber {
  readonly #tool: ToolClient;
  readonly #options: SubscriberOptions;
  readonly #removals: Promise<unknown>[] = [];
  #count = 0;

  constructor(tool: ToolClient, options: SubscriberOptions) {
    this.#tool = tool;
    this.#options = options;
  }

  /**
   * @returns false when the signal came before there was a connection
   * @throws ToolFailure when there is no connection to begin with
   */
  async run(): Promise<boolean> {
    const { signal } = this.#options;
    if (!(await this.#tool.connect(signal))) return false;
    for (;;) {
      if (await this.#useConnection()) return true;
      if (!(await this.#reconnect())) return true;
    }
  }

  /** @returns true when there is nothing more to do; false when the connection was lost */
  async #useConnection(): Promise<boolean> {
    const { client } = this.#tool;
    const { draft, signal } = this.#options;
    const isMqtt5 = draft.version === 5;
    const leave = () =>
      void client.disconnect({
        // As mosquitto_sub does: whoever is interrupted leaves its will.
        reasonCode: isMqtt5 ? reasonCodes.disconnectWithWill : reasonCodes.normalDisconnection,
        properties: draft.properties.disconnect,
      });
    signal.addEventListener('abort', leave, { once: true });
    try {
      if (await this.#subscribe()) await this.#printMessages();
      await Promise.all(this.#removals);
      await client.disconnect({ properties: draft.properties.disconnect });
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      if (isLoss(error)) return false;
      if (error instanceof ClientError) throw clientFailure(error, draft.version);
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** @returns whether there is anything to wait for */
  async #subscribe(): Promise<boolean> {
    const { client } = this.#tool;
    const { draft, complain } = this.#options;
    const { topics, qos, retainAsPublished, retainHandling, unsubscribed, properties } = draft;
    const options = { qos, retainAsPublished, retainHandling, properties: properties.subscribe };
    // Whether it is taken is nobody's concern.
    const unsubscribe = (filter: string) =>
      client.unsubscribe(filter, properties.unsubscribe).catch(unlessRefused);
    const subscribing = topics.length === 0 ? [] : [client.subscribe(topics, options)];
    const answers = Promise.all([...subscribing, ...unsubscribed.map(unsubscribe)]);
    if ((await answers.catch(unlessRefused)) !== undefined) return !draft.exitsAfterSubscribe;
    complain('All subscription requests were denied.');
    return false;
  }

  async #printMessages(): Promise<void> {
    const { draft, output, signal } = this.#options;
    using rate = draft.countsRate ? new MessageRate((line) => output.write(line)) : undefined;
    for await (const message of this.#tool.client.messages()) {
      if (signal.aborted) return;
      if (rate !== undefined) rate.count();
      else if (this.#take(message) === 'last') return;
      if (output.isBlocked) await output.drained();
    }
  }

  #take(message: ReceivedMessage): 'last' | 'more' {
    const { draft, output, textOf } = this.#options;
    const { topic, retain } = message;
    if (draft.retainedOnly && !retain) return 'last';
    if (draft.filtersOut.some((filter) => matches(filter, topic))) return 'more';
    if (retain && draft.removesRetained) this.#removeRetained(topic);
    if (retain && draft.skipsRetained) return 'more';
    if (draft.printedShare < 100 && Math.random() * 100 >= draft.printedShare) return 'more';
    output.write(textOf(message));
    this.#count++;
    return this.#count === draft.count ? 'last' : 'more';
  }

  #removeRetained(topic: string): void {
    const removal = this.#tool.client.publish(topic, '', { qos: 1, retain: true });
    this.#removals.push(removal.catch(() => undefined));
  }

  /** @returns false when the signal came first */
  async #reconnect(): Promise<boolean> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      await sleep(reconnectMilliseconds, undefined, { signal }).catch(() => undefined);
      try {
        return await this.#tool.connect(signal);
      } catch (error) {
        if (!(error instanceof ToolFailure) || !isPassing(error)) throw error;
      }
    }
    return false;
  }
}

/** @throws the error when it is about anything but a refusal of the broker's */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof ClientError) || error.failure !== 'refused') throw error;
}

const losses: readonly string[] = [
  'connection lost',
  'disconnected by server',
  'keep-alive timeout',
  'not connected',
];

function isLoss(error: unknown): boolean {
  return error instanceof ClientError && losses.includes(error.failure);
}

/** A broker that is not there yet may come; one that refuses does so for a reason. */
function isPassing({ exitCode }: ToolFailure): boolean {
  return exitCode === exitCodes.other || exitCode === exitCodes.connectionLost;
}
