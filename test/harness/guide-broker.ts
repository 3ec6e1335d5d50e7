/** A broker in all the places that docs/client.md connects to, and a house that publishes to it. */

import { join } from 'node:path';
import { connect } from '../../src/client.ts';
import { parseConfig } from '../../src/server/config-file.ts';
import { Log } from '../../src/server/log.ts';
import { startServer } from '../../src/server/server.ts';
import { TextLines } from '../interop/text-lines.ts';
import { certificateFile } from './certificates.ts';
import { oldDoor, redirectingDoor, scramDoor } from './guide-doors.ts';

export interface GuideBroker extends AsyncDisposable {
  readonly port: number;
  /** The text with the places of this broker in it. */
  placed(text: string): string;
}

/** @param folder for the Unix socket */
export async function startGuideBroker(folder: string): Promise<GuideBroker> {
  const socket = join(folder, 'broker.sock');
  const lines = [
    'allow_anonymous true',
    'listener 1883 127.0.0.1',
    'listener 8883 127.0.0.1',
    `certfile ${certificateFile('server.crt')}`,
    `keyfile ${certificateFile('server.key')}`,
    'listener 8080 127.0.0.1',
    'protocol websockets',
    `listener 0 ${socket}`,
  ];
  const config = parseConfig(lines.join('\n'), 'guide.conf');
  const listeners = config.listeners.map((listener) => ({ ...listener, port: 0 }));
  const output = new TextLines();
  const log = new Log({ ...config.log, timestamp: false }, { stdout: output, stderr: output });
  const server = await startServer({ ...config, listeners }, log);
  const [tcp, tls, webSocket] = server.addresses.map(({ port }) => port);
  const stop = await startHouse(tcp);
  const scram = await scramDoor();
  const [old, redirecting] = await Promise.all([oldDoor(tcp), redirectingDoor(tcp)]);
  return {
    port: tcp,
    placed: (text) =>
      text
        .replaceAll('mqtt://localhost:1884', 'mqtt://127.0.0.1:1')
        .replaceAll('mqtt://localhost:1885', `mqtt://127.0.0.1:${redirecting.port}`)
        .replaceAll('mqtt://localhost:1887', `mqtt://127.0.0.1:${scram.port}`)
        .replaceAll('mqtt://localhost:1886', `mqtt://127.0.0.1:${old.port}`)
        .replaceAll(/mqtt:\/\/localhost(?!:)/g, `mqtt://127.0.0.1:${tcp}`)
        .replaceAll('mqtts://localhost', `mqtts://localhost:${tls}`)
        .replaceAll('ws://localhost:8080', `ws://127.0.0.1:${webSocket}`)
        .replaceAll('/run/mosquitto.sock', socket)
        .replaceAll('hostname="localhost"', `hostname="127.0.0.1", port=${tcp}`)
        .replaceAll('connect("localhost")', `connect("127.0.0.1", ${tcp})`),
    async [Symbol.asyncDispose]() {
      await stop();
      await scram[Symbol.asyncDispose]();
      await old[Symbol.asyncDispose]();
      await redirecting[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

/** What subscribers in the documents wait for. */
async function startHouse(port: number): Promise<() => Promise<void>> {
  const client = await connect(`mqtt://127.0.0.1:${port}`);
  const timer = setInterval(() => {
    void client.publish('home/kitchen/temperature', '25.5');
    void client.publish('home/door', 'open');
  }, 100);
  return async () => {
    clearInterval(timer);
    await client.disconnect();
  };
}
