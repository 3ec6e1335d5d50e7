/**
 * `enable_control_api`: clients ask the broker by a message to `$CONTROL/broker/v1`, and it answers
 * on `$CONTROL/broker/v1/response`, both in JSON, as Mosquitto 2.1 does:
 *
 *     {"commands":[{"command":"listListeners","correlationData":"1"}]}
 *     {"responses":[{"command":"listListeners","data":{"listeners":[…]},"correlationData":"1"}]}
 */

import type { MessageSource } from '../session/message.ts';
import type { ListenerConfig, PluginConfig } from './config.ts';
import { isEncrypted } from './encryption.ts';

/** What can be asked for. */
export interface ControlFacts {
  readonly listeners: readonly ListenerConfig[];
  readonly version: string;
}

/** One question, as it is answered. */
interface Reply {
  readonly command: string;
  readonly error?: string;
  readonly data?: object;
  readonly correlationData?: string;
}

const endpoint = '$CONTROL/broker/v1';

/**
 * @param told what the log should say of a command
 * @returns the topic and the text of the answer
 */
export function answerControl(
  question: { readonly topic: string; readonly payload: Uint8Array },
  facts: ControlFacts,
  told: (command: string) => void,
): { readonly topic: string; readonly text: string } {
  const { topic, payload } = question;
  const answer =
    topic === endpoint
      ? { responses: repliesTo(new TextDecoder().decode(payload), facts, told) }
      : { error: 'endpoint not available' };
  return { topic: `${topic}/response`, text: JSON.stringify(answer) };
}

/** How the log names who has asked. */
export function nameOfSource(source: MessageSource | undefined): string {
  return `${source?.clientId ?? ''}/${source?.userName ?? '(null)'}`;
}

function repliesTo(text: string, facts: ControlFacts, told: (command: string) => void): Reply[] {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return [fault('Payload not valid JSON')];
  }
  const commands = fieldOf(request, 'commands');
  if (!Array.isArray(commands)) return [fault('Invalid/missing commands')];
  return commands.map((command) => replyTo(command, facts, told));
}

function fault(error: string): Reply {
  return { command: 'Unknown command', error };
}

function replyTo(asked: unknown, facts: ControlFacts, told: (command: string) => void): Reply {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) {
    return fault('Command not an object');
  }
  const command = fieldOf(asked, 'command');
  if (typeof command !== 'string') return fault('Missing command');
  const correlationData = fieldOf(asked, 'correlationData');
  if (correlationData !== undefined && typeof correlationData !== 'string') {
    return { command, error: 'Invalid correlationData data type.' };
  }
  const correlation = correlationData === undefined ? undefined : { correlationData };
  const known = commandNames.find((name) => name.toLowerCase() === command.toLowerCase());
  if (known === undefined) return { command, error: 'Unknown command', ...correlation };
  told(known);
  return { command: known, data: commandTable[known](facts), ...correlation };
}

const commandTable = {
  listListeners: ({ listeners }: ControlFacts) => ({ listeners: listeners.map(listenerFacts) }),
  listPlugins: ({ listeners, version }: ControlFacts) => ({
    plugins: [...pluginsOf(listeners)].map(({ path }) => ({
      name: path,
      version,
      'control-endpoints': [],
    })),
  }),
} as const;

const commandNames = Object.keys(commandTable) as (keyof typeof commandTable)[];

function listenerFacts(listener: ListenerConfig) {
  const { port, host, socketPath, protocol } = listener;
  return {
    port,
    protocol: protocol === 'websockets' ? 'mqtt+websockets' : 'mqtt',
    ...(host !== undefined && { 'bind-address': host }),
    ...(socketPath !== undefined && { 'socket-path': socketPath }),
    tls: isEncrypted(listener),
  };
}

function pluginsOf(listeners: readonly ListenerConfig[]): Set<PluginConfig> {
  return new Set(listeners.flatMap(({ access }) => access.plugins));
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
