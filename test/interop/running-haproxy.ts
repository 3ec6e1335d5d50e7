/** HAProxy as a process, with certificates of its own. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenSockets } from '../../src/transport/listen-sockets.ts';

/** Why tests with it cannot run, if they cannot. */
export function missingHaproxy(): string | undefined {
  const missing = ['haproxy', 'openssl'].find((program) => spawnSync(program, ['-v']).error);
  return missing && `${missing} is not installed: apt-get install ${missing}`;
}

export interface HaproxyLines {
  /** What its line `bind` says behind the address. */
  readonly bind?: string;
  /** What its line `server` says behind the address. */
  readonly server: string;
}

/** Where HAProxy finds its files; disposing of it takes them away. */
export class HaproxyFolder implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'pantala-haproxy-'));

  read(name: string): Buffer {
    return readFileSync(join(this.#directory, name));
  }

  /**
   * Makes an authority, a server called localhost, and a client called sensor: ca.pem, server.pem
   * with its key in it, client.pem and client.key.
   */
  makeCertificates(): void {
    const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'.split(' ');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
    this.#certify('ca', [...key, '-subj', '/CN=test authority']);
    this.#certify('server', [...key, ...signed, '-subj', '/CN=localhost']);
    this.#certify('client', [...key, ...signed, '-subj', '/O=Example/CN=sensor']);
    const both = Buffer.concat([this.read('server.key'), this.read('server.pem')]);
    writeFileSync(join(this.#directory, 'server.pem'), both);
  }

  /** Starts HAProxy with a port of its own that leads to `port`. */
  async start(port: number, { bind = '', server }: HaproxyLines): Promise<RunningHaproxy> {
    const own = await freePort();
    const file = join(this.#directory, `haproxy-${own}.cfg`);
    writeFileSync(
      file,
      [
        'defaults',
        '  mode tcp',
        '  timeout connect 5s',
        '  timeout client 1m',
        '  timeout server 1m',
        'frontend clients',
        `  bind 127.0.0.1:${own} ${bind}`,
        '  default_backend brokers',
        'backend brokers',
        `  server broker 127.0.0.1:${port} ${server}`,
        '',
      ].join('\n'),
    );
    const haproxy = spawn('haproxy', ['-db', '-f', file], { cwd: this.#directory });
    let stderr = '';
    haproxy.stderr.on('data', (text) => {
      stderr += text;
    });
    const ended = once(haproxy, 'exit');
    while (!(await isListening(own))) assert.equal(haproxy.exitCode, null, stderr);
    return {
      port: own,
      async [Symbol.asyncDispose]() {
        haproxy.kill('SIGKILL');
        await ended;
      },
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }

  #certify(name: string, args: readonly string[]): void {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    const options = { cwd: this.#directory };
    const { status, stderr } = spawnSync('openssl', ['req', '-x509', ...args, ...files], options);
    assert.equal(status, 0, String(stderr));
  }
}

export interface RunningHaproxy extends AsyncDisposable {
  readonly port: number;
}

async function freePort(): Promise<number> {
  const listener = await listenSockets(() => undefined, { port: 0, host: '127.0.0.1' });
  await listener.close();
  return listener.port;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}
