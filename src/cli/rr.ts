/** `pantala rr`: publishes a request and prints the response, in the place of mosquitto_rr(1). */

import { ClientError } from '../client/client-error.ts';
import type { ReceivedMessage } from '../client/inbox.ts';
import type { PublishProperties } from '../packet/publish.ts';
import { nameFault } from '../topic/topic-filter.ts';
import { textAsBytes } from './byte-text.ts';
import type { Command, Io } from './command.ts';
import { GatheredOutput } from './gathered-output.ts';
import { latencyText } from './latency-text.ts';
import { payloadOf } from './payload-source.ts';
import { timeoutSignals } from './print-flags.ts';
import { printedMessage } from './printed-message.ts';
import { type RrDraft, rrDraft, rrFlags } from './rr-flags.ts';
import { formatSection } from './sub-help.ts';
import { ToolClient } from './tool-client.ts';
import { toolCommand } from './tool-command.ts';
import { clientFailure, exitCodes, reasonWords, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

export const rr: Command = toolCommand({
  name: 'rr',
  summary: 'Publishes a request, and prints the response.',
  usage: '[-h HOST] [-p PORT] -t TOPIC -e TOPIC {-m PAYLOAD | -f FILE | -n | -s} [OPTION]...',
  inPlaceOf: 'mosquitto_rr',
  flags: rrFlags,
  sections: [formatSection],
  draft: rrDraft,
  diesOfSignals: true,
  run,
});

async function run(draft: RrDraft, io: Io): Promise<number> {
  const request = await requestOf(draft, io);
  const complain = (line: string) => {
    if (!draft.quiet) io.stderr.write(`${line}\n`);
  };
  const unread = new AbortController();
  const output = new GatheredOutput(io.stdout, unread);
  const print = (line: string) => output.write(textAsBytes(`${line}\n`));
  const textOf = printedMessage(draft, complain);
  const timeout = timeoutSignals(draft);
  const signal = AbortSignal.any([io.signal, unread.signal, ...timeout]);
  using tool = new ToolClient(draft, print);
  try {
    const response = await exchange(tool, request, {
      draft,
      complain,
      print: (message) => output.write(textOf(message)),
      signal,
    });
    if (response !== undefined && draft.measuresLatency) {
      print(`Latency: ${latencyText(response.nanoseconds)}`);
    }
  } finally {
    output.flush();
  }
  if (!timeout.some(({ aborted }) => aborted)) return 0;
  complain('Timed out');
  return exitCodes.timedOut;
}

interface Request {
  readonly topic: string;
  readonly responseTopic: string;
  readonly payload: Uint8Array;
  readonly properties: PublishProperties;
}

/** @throws UsageError when the flags do not say what to ask, and where; ToolFailure */
async function requestOf(draft: RrDraft, io: Io): Promise<Request> {
  const { topics, responseTopic, source, properties, version } = draft;
  const topic = topics.at(-1);
  if (topic === undefined || responseTopic === undefined || source === undefined) {
    throw new UsageError('All of topic, message, and response topic must be supplied.');
  }
  for (const [what, name] of [
    ['publish', topic],
    ['response', responseTopic],
  ] as const) {
    if (nameFault(name) === undefined) continue;
    throw new UsageError(`Invalid ${what} topic '${name}', does it contain '+' or '#'?`);
  }
  const given: PublishProperties = properties.publish ?? {};
  if (given.responseTopic !== undefined) {
    const fault = 'Error in PUBLISH properties: Duplicate response topic.';
    throw new ToolFailure(exitCodes.other, `${fault}\nGive it with -e, and not with -D.`);
  }
  if (source.type === 'lines') throw new Error('no flag of rr asks for lines');
  return {
    topic,
    responseTopic,
    payload: await payloadOf(source, io),
    properties: version === 5 ? { ...given, responseTopic } : {},
  };
}

interface Response {
  readonly message: ReceivedMessage;
  readonly nanoseconds: bigint;
}

interface ExchangeOptions {
  readonly draft: RrDraft;
  readonly complain: (line: string) => void;
  readonly print: (message: ReceivedMessage) => void;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/**
 * @returns undefined when there was none: the broker denied the subscription, or the signal came
 * @throws ToolFailure
 */
async function exchange(
  tool: ToolClient,
  request: Request,
  { draft, complain, print, signal }: ExchangeOptions,
): Promise<Response | undefined> {
  if (!(await tool.connect(signal))) return undefined;
  const leave = () => void tool.leaveAsLost();
  signal.addEventListener('abort', leave, { once: true });
  try {
    if (!(await subscribe(tool, request, { draft, complain }))) return undefined;
    const response = await ask(tool, request, draft);
    if (response !== undefined) print(response.message);
    return response;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error instanceof ClientError ? clientFailure(error, draft.version) : error;
  } finally {
    signal.removeEventListener('abort', leave);
    if (!signal.aborted) await tool.client.disconnect({ properties: draft.properties.disconnect });
  }
}

/** @returns false when the broker has denied it */
async function subscribe(
  { client }: ToolClient,
  { responseTopic }: Request,
  { draft, complain }: Pick<ExchangeOptions, 'draft' | 'complain'>,
): Promise<boolean> {
  const { qos, retainAsPublished, retainHandling, properties } = draft;
  const options = { qos, retainAsPublished, retainHandling, properties: properties.subscribe };
  try {
    await client.subscribe(responseTopic, options);
    return true;
  } catch (error) {
    if (!(error instanceof ClientError) || error.failure !== 'refused') throw error;
    complain(reasonWords(error.reasonCode!));
    return false;
  }
}

async function ask(
  { client }: ToolClient,
  { topic, payload, properties }: Request,
  { qos, skipsRetained }: RrDraft,
): Promise<Response | undefined> {
  const askedAt = process.hrtime.bigint();
  const first = async (): Promise<Response | undefined> => {
    for await (const message of client.messages()) {
      if (message.retain && skipsRetained) continue;
      return { message, nanoseconds: process.hrtime.bigint() - askedAt };
    }
    return undefined;
  };
  const response = first();
  const published = client.publish(topic, payload, { qos, properties }).catch((error) => {
    if (!(error instanceof ClientError) || error.failure !== 'refused') throw error;
    const words = reasonWords(error.reasonCode!);
    throw new ToolFailure(error.reasonCode!, `Error: Publish failed: ${words}.`);
  });
  return await Promise.race([response, published.then(() => response)]);
}
