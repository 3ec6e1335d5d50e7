/** A socket that a service manager or a system log listens to, in Python, as Node has none. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { WrittenText } from '../../src/cli/test-io.ts';

const python = '/usr/bin/python3';

/** Why there can be none, if so. */
export function missingPython(): string | undefined {
  if (process.platform === 'win32') return 'Windows has no datagram sockets of the Unix kind';
  return (
    spawnSync(python, ['--version']).error && 'python3 is not installed: apt-get install python3'
  );
}

// Prints each datagram as a line of JSON: its text, and the process that the kernel says sent it.
// Closes what comes with it, which is how systemd says that it has seen a barrier.
const listener = `
import array, json, os, socket, struct, sys
path = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind('\\0' + path[1:] if path[0] == '@' else path)
print('bound', flush=True)
while True:
    text, parts, _, _ = s.recvmsg(65536, 1024)
    pid = None
    for _, kind, value in parts:
        if kind == socket.SCM_CREDENTIALS: pid = struct.unpack('i', value[:4])[0]
        if kind == socket.SCM_RIGHTS:
            fds = array.array('i'); fds.frombytes(value)
            for fd in fds: os.close(fd)
    print(json.dumps({'text': text.decode(), 'pid': pid}), flush=True)
`;

export interface Datagram {
  readonly text: string;
  readonly pid: number;
}

export class Datagrams implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #output = new WrittenText();

  /** Listens at a path, or at an abstract name that begins with `@`. */
  static async at(path: string): Promise<Datagrams> {
    const datagrams = new Datagrams(path);
    await datagrams.#output.until(/^bound\n/);
    return datagrams;
  }

  private constructor(path: string) {
    this.#child = spawn(python, ['-c', listener, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout!.pipe(this.#output);
  }

  get all(): readonly Datagram[] {
    const lines = this.#output.text.split('\n').slice(1, -1);
    return lines.map((line) => JSON.parse(line) as Datagram);
  }

  /** Resolves once this has come, in the text of one or of several. */
  async until(pattern: RegExp): Promise<void> {
    await this.#output.until(new RegExp(`${pattern.source}.*\\n`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
