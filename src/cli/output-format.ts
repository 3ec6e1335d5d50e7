/** `--output`: the formats in which `pantala sub` prints messages. */

import type { ReceivedMessage } from '../client/inbox.ts';
import { bytesAsHex, textAsBytes } from './byte-text.ts';
import { type JsonText, jsonObject, jsonString, parseJson, printJson } from './json-text.ts';
import type { MessageFormat } from './message-format.ts';
import { base64, dumpHeading, hexDump } from './output-bytes.ts';
import { messageLine, messageWithJson, safeJson } from './output-message.ts';
import { prettyJson, type Style } from './output-style.ts';
import { decodeText, textValue } from './output-value.ts';
import { UndecodableError } from './undecodable-error.ts';

export interface OutputOptions {
  /** JSON on many lines. */
  readonly pretty: boolean;
  /** The topic stands before the payload. */
  readonly verbose: boolean;
  readonly style: Style;
  /** Is told what cannot be decoded. */
  readonly complain: (line: string) => void;
}

/** Prints a message, but not its end of line; undefined: there is nothing to print. */
type Output = (message: ReceivedMessage, options: OutputOptions) => string | undefined;

type Decode = (payload: Uint8Array) => JsonText;

/** What each is for, for the help, and how it is loaded: only what prints costs time to start. */
const outputs: Readonly<Record<string, readonly [help: string, load: () => Promise<Output>]>> = {
  json: ['messages with topic and properties, JSON for people to read', async () => readable],
  ndjson: ['the same for programs, a line of JSON for each message', async () => line],
  hex: ['the bytes of the payload, as xxd(1) shows them, below the topic', async () => dump],
  base64: ['the payload on a line', async () => encoded],
  cbor: [
    'the payload decoded from CBOR into JSON',
    async () => decoded('CBOR', (await import('./output-cbor.ts')).decodeCbor),
  ],
  msgpack: [
    'the payload decoded from MessagePack into JSON',
    async () => decoded('MessagePack', (await import('./output-msgpack.ts')).decodeMessagePack),
  ],
  sparkplug: [
    'the payload decoded from Sparkplug B into JSON',
    async () => sparkplug((await import('./output-sparkplug.ts')).decodeSparkplug),
  ],
};

export const outputNames: readonly string[] = Object.keys(outputs);

export const outputHelp: readonly (readonly [string, string])[] = Object.entries(outputs).map(
  ([name, [help]]) => [name, help],
);

/** @param name one of `outputNames` */
export async function outputFormat(name: string, options: OutputOptions): Promise<MessageFormat> {
  const output = await outputs[name][1]();
  return (message) => {
    try {
      return output(message, options) ?? '';
    } catch (error) {
      // What is too long for a string, after all the escapes.
      if (!(error instanceof RangeError)) throw error;
      options.complain(`Error: A message on topic ${shown(message)} is too large to print.`);
      return '';
    }
  };
}

const readable: Output = (message, { style }) => {
  const isJson = parseJson(message.payload) !== undefined;
  return prettyJson(isJson ? messageWithJson(message) : messageLine(message), style);
};

const line: Output = (message) => messageLine(message);

const dump: Output = ({ topic, payload }, { style }) => {
  const heading = dumpHeading(topic, payload.length, style);
  return payload.length === 0 ? heading : `${heading}\n${hexDump(payload, style)}`;
};

const encoded: Output = (message, options) => {
  return behindTopic(message, options, () => base64(message.payload));
};

function decoded(encoding: string, decode: Decode): Output {
  return (message, options) => {
    return behindTopic(message, options, () => {
      const json = safeJson(printJson(decodedOrHex(message, encoding, { decode, ...options })));
      return options.pretty ? prettyJson(json, options.style) : json;
    });
  };
}

/** What a host says of its state is text or JSON, also in Sparkplug. */
function sparkplug(decode: Decode): Output {
  const state = /^(?:spBv1\.0\/)?STATE\//;
  const payloadOutput = decoded('Sparkplug B', decode);
  const stateOutput = decoded('the state of a host', (payload) => {
    return parseJson(payload) ?? textValue(decodeText(payload));
  });
  return (message, options) => {
    return (state.test(message.topic) ? stateOutput : payloadOutput)(message, options);
  };
}

/** As without --output, an empty payload is printed as nothing, or as `(null)` behind its topic. */
function behindTopic(
  { topic, payload }: ReceivedMessage,
  { verbose, style }: OutputOptions,
  text: () => string,
): string | undefined {
  const start = verbose ? `${style('topic', textAsBytes(topic))} ` : '';
  if (payload.length > 0) return start + text();
  return verbose ? `${start}(null)` : undefined;
}

/** What cannot be decoded becomes an object, so that a program goes on reading JSON. */
function decodedOrHex(
  message: ReceivedMessage,
  encoding: string,
  { decode, complain }: Pick<OutputOptions, 'complain'> & { readonly decode: Decode },
): JsonText {
  try {
    return decode(message.payload);
  } catch (error) {
    if (!(error instanceof UndecodableError)) throw error;
    complain(
      `Error: Message payload on topic ${shown(message)} is not ${encoding}: ${error.message}.`,
    );
    return jsonObject([['payload_hex', jsonString(bytesAsHex(message.payload))]]);
  }
}

/** The topic, without what a terminal could take for a command. */
function shown({ topic }: ReceivedMessage): string {
  return topic.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
