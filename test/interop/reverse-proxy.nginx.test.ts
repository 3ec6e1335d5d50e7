/** nginx in front of our WebSocket port, as its own documentation sets it up. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort } from './debian-mosquitto.ts';
import { mqttJs } from './mqttjs-client.ts';
import type { RunningBroker } from './running-broker.ts';
import { startWebSocketBroker } from './websocket-broker.ts';

// Debian puts it where only root looks.
const program = ['nginx', '/usr/sbin/nginx'].find((path) => spawnSync(path, ['-v']).status === 0);

/** A broker that is reached by way of nginx, with all that nginx writes in a folder of its own. */
async function startBehindNginx(broker: RunningBroker): Promise<RunningBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'pantala-nginx-'));
  const port = await freePort(broker.host);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const configuration = `
    pid ${folder}/pid;
    events {}
    http {
      access_log off;
      ${places.map((place) => `${place}_temp_path ${folder}/${place};`).join(' ')}
      server {
        listen ${broker.host}:${port};
        location /mqtt-here {
          proxy_pass http://${broker.host}:${broker.port};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection "upgrade";
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }
        location / {
          proxy_pass http://${broker.host}:${broker.port};
        }
      }
    }`;
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration);
  const options = ['-p', folder, '-c', file, '-e', join(folder, 'error.log'), '-g', 'daemon off;'];
  const nginx = spawn(program!, options, { stdio: ['ignore', 'ignore', 'inherit'] });
  const closed = once(nginx, 'close');
  const stop = async () => {
    nginx.kill();
    await closed;
    await broker.stop();
    rmSync(folder, { recursive: true });
  };
  while (nginx.exitCode === null && !(await isListening(port, broker.host)));
  return { ...broker, port, stop, [Symbol.asyncDispose]: stop };
}

async function isListening(port: number, host: string): Promise<boolean> {
  const socket = connect(port, host);
  const connected = once(socket, 'connect');
  const isOpen = await connected.then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}

describe('the broker behind nginx', { timeout: 30_000 }, () => {
  if (program === undefined) {
    it('speaks MQTT over WebSocket', {
      skip: 'nginx is not installed: apt-get install nginx-light',
    });
    return;
  }

  it('speaks MQTT over WebSocket with a client in front of it', async () => {
    await using broker = await startBehindNginx(await startWebSocketBroker());
    const { host, port, webSocket } = broker;
    const place = { host, port, webSocket, version: 5, path: '/mqtt-here' } as const;
    await using client = await mqttJs.connect({ ...place, clientId: 'behind' });
    await client.subscribe('a', { qos: 2 });
    const payload = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * i) >> 3);
    await client.publish('a', payload, { qos: 2 });
    assert.deepEqual((await client.next()).payload, payload);
  });

  it('serves its files to a browser in front of it, and no others', async () => {
    const broker = await startWebSocketBroker({ httpDir: import.meta.dirname });
    await using proxied = await startBehindNginx(broker);
    const home = `http://${proxied.host}:${proxied.port}`;
    const served = await fetch(`${home}/stage.ts`);
    assert.match(await served.text(), /export class Stage/);
    assert.equal((await fetch(`${home}/.hidden`)).status, 404);
  });
});
