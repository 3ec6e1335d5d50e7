/** `pantala pub`: publishes messages, in the place of mosquitto_pub(1). */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import { ClientError } from '../client/client-error.ts';
import type { PublishProperties } from '../packet/publish.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { nameFault } from '../topic/topic-filter.ts';
import type { Command, Io } from './command.ts';
import { lineBatches } from './input-lines.ts';
import { type PayloadSource, payloadOf } from './payload-source.ts';
import { type PubDraft, pubDraft, pubFlags } from './pub-flags.ts';
import { ToolClient } from './tool-client.ts';
import { toolCommand } from './tool-command.ts';
import { exitCodes, reasonWords, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

export const pub: Command = toolCommand({
  name: 'pub',
  summary: 'Publishes messages.',
  usage: '[-h HOST] [-p PORT] -t TOPIC {-m PAYLOAD | -f FILE | -l | -n | -s} [OPTION]...',
  inPlaceOf: 'mosquitto_pub',
  flags: pubFlags,
  draft: pubDraft,
  diesOfSignals: true,
  run,
});

async function run(draft: PubDraft, io: Io): Promise<number> {
  const { topic, source, properties } = publicationOf(draft);
  const payload = source.type === 'lines' ? undefined : await payloadOf(source, io);
  const print = (line: string) => void io.stdout.write(`${line}\n`);
  const { topicAlias, ...own } = properties;
  const limits = { topicAliasesMax: topicAlias === undefined ? 0 : 1 };
  using tool = new ToolClient(draft, print, { limits });
  if (!(await tool.connect(io.signal))) return exitCodes.other;
  const publisher = new Publisher(tool.client, (line) => {
    if (!draft.quiet) io.stderr.write(`${line}\n`);
  });
  const publish = (bytes: Uint8Array) =>
    publisher.publish(topic, bytes, { qos: draft.qos, retain: draft.retain, properties: own });
  if (payload === undefined) await publishLines(tool.client, io, publish);
  else await publishRepeatedly(draft, io.signal, () => publish(payload));
  if (!tool.client.isConnected) throw await lossOf(tool);
  if (io.signal.aborted) await tool.leaveAsLost();
  else await tool.client.disconnect({ properties: draft.properties.disconnect });
  return 0;
}

async function lossOf(tool: ToolClient): Promise<ToolFailure> {
  const lost = new ToolFailure(exitCodes.connectionLost, 'Error: The connection was lost.');
  return (await tool.failure()) ?? lost;
}

interface Publication {
  readonly topic: string;
  readonly source: PayloadSource;
  readonly properties: PublishProperties;
}

/** @throws UsageError when the flags do not say what to publish, and where */
function publicationOf({ topics, source, properties }: PubDraft): Publication {
  const topic = topics.at(-1);
  if (topic === undefined || source === undefined) {
    throw new UsageError('Both topic and message must be supplied.');
  }
  if (nameFault(topic) !== undefined) {
    throw new UsageError(`Invalid publish topic '${topic}', does it contain '+' or '#'?`);
  }
  const given: PublishProperties = properties.publish ?? {};
  const { responseTopic } = given;
  if (responseTopic !== undefined && nameFault(responseTopic) !== undefined) {
    throw new UsageError(`Invalid response topic '${responseTopic}', does it contain '+' or '#'?`);
  }
  return { topic, source, properties: given };
}

async function publishRepeatedly(
  { repeatCount, repeatDelaySeconds }: PubDraft,
  signal: AbortSignal,
  publish: () => Promise<void>,
): Promise<void> {
  for (let count = 1; count <= repeatCount && !signal.aborted; count++) {
    await publish();
    if (count === repeatCount || repeatDelaySeconds === 0) continue;
    await sleep(repeatDelaySeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}

/** Until the input ends, the connection is lost, or the signal is aborted. */
async function publishLines(
  client: Client,
  { stdin, signal }: Io,
  publish: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const stop = () => stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  client.closed.then(stop);
  try {
    for await (const lines of lineBatches(stdin)) await Promise.all(lines.map(publish));
  } catch (error) {
    if (!stdin.destroyed) throw error;
  }
}

/** Publishes, and warns of what the broker did not take; the tool goes on, as Mosquitto's does. */
class Publisher {
  readonly #client: Client;
  readonly #warn: (line: string) => void;
  #count = 0;

  constructor(client: Client, warn: (line: string) => void) {
    this.#client = client;
    this.#warn = warn;
  }

  async publish(
    topic: string,
    payload: Uint8Array,
    options: NonNullable<Parameters<Client['publish']>[2]>,
  ): Promise<void> {
    const number = ++this.#count;
    try {
      await this.#client.publish(topic, payload, options);
    } catch (error) {
      // That the connection is gone is told once, and by others.
      if (!this.#client.isConnected) return;
      if (!(error instanceof ClientError) || error.reasonCode === undefined) throw error;
      const { failure, reasonCode } = error;
      const isTooHigh = failure === 'not supported' && reasonCode === reasonCodes.qosNotSupported;
      this.#warn(
        isTooHigh
          ? 'Error: Message QoS not supported on broker, try a lower QoS.'
          : `Warning: Publish ${number} failed: ${reasonWords(reasonCode)}.`,
      );
    }
  }
}
