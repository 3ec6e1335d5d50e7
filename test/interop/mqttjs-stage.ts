/** Where a program runs twice, with MQTT.js and with our adapter, and tells what it sees. */

import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import mqttJs from 'mqtt';
import { createBroker, type EmbeddedBroker, type Hooks } from '../../src/broker.ts';
import * as adapter from '../../src/mqttjs.ts';

/** What both packages are. */
export type Library = Pick<typeof adapter, 'connect' | 'connectAsync'>;
export type Client = adapter.MqttClient;

/** What a program is given. */
export interface Scene {
  readonly mqtt: Library;
  readonly url: string;
  readonly port: number;
  readonly broker: EmbeddedBroker;
  /** Tells something that must be the same with both. */
  tell(...words: unknown[]): void;
  /** Tells of these events of a client, as they come. */
  watch(client: Client, ...names: (keyof adapter.MqttClientEvents)[]): void;
  /** Another broker takes the place of the first. */
  restart(): Promise<void>;
}

export type Program = (scene: Scene) => Promise<void>;

const libraries: Readonly<Record<string, Library>> = {
  'MQTT.js': mqttJs as unknown as Library,
  'pantala/mqttjs': adapter,
};

/** Both tell the same. @returns that */
export async function sameWithBoth(program: Program, hooks: Hooks = {}): Promise<string[]> {
  const plays = Object.values(libraries).map((mqtt) => play(program, mqtt, hooks));
  const [theirs, ours] = await Promise.all(plays);
  assert.deepEqual(ours, theirs);
  return ours;
}

async function play(program: Program, mqtt: Library, hooks: Hooks): Promise<string[]> {
  const lines: string[] = [];
  const tell = (...words: unknown[]) => void lines.push(words.map(wordOf).join(' '));
  const scene = {
    broker: createBroker({ hooks, allowAnonymous: true }),
    mqtt,
    tell,
    port: 0,
    url: '',
    watch(client: Client, ...names: (keyof adapter.MqttClientEvents)[]) {
      for (const name of names) {
        (client as EventEmitter).on(name, (...args: unknown[]) => tell(name, ...args.map(shown)));
      }
    },
    async restart() {
      await scene.broker.close();
      scene.broker = createBroker({ hooks, allowAnonymous: true });
      await scene.broker.listen({ port: scene.port });
    },
  };
  try {
    const { port } = await scene.broker.listen({ port: 0 });
    Object.assign(scene, { port, url: `mqtt://127.0.0.1:${port}` });
    await program(scene);
  } finally {
    await scene.broker.close();
  }
  return lines;
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}

/** What of an event is the same each time. */
function shown(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString();
  if (value instanceof Error) return (value as { code?: unknown }).code ?? value.message;
  if (typeof value !== 'object' || value === null) return value;
  const packet = value as Readonly<Record<string, unknown>>;
  const { cmd, qos, retain, dup, returnCode, reasonCode, properties } = packet;
  // MQTT.js has those three in every packet.
  const own = cmd === 'publish' ? { qos, retain, dup } : { returnCode, reasonCode };
  return { cmd, ...own, properties };
}
