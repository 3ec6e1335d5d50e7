/** The files that Debian's Mosquitto brings along, as they lie on the disk. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'node:test';
import { parseAclFile } from '../../src/auth/acl-file.ts';
import { parsePasswordFile } from '../../src/auth/password-file.ts';
import { parsePskFile } from '../../src/auth/psk-file.ts';
import { ConfigError } from '../../src/server/config.ts';
import { parseConfig } from '../../src/server/config-file.ts';
import { main, running, Serving, until } from '../process/serving.ts';
import { missingTools } from './mosquitto-tools.ts';
import { claimOptions } from './stage.ts';

const installed = '/etc/mosquitto/mosquitto.conf';
const examples = '/usr/share/doc/mosquitto/examples';
const example = `${examples}/mosquitto.conf`;

const missingFiles = [installed, example].every((path) => existsSync(path))
  ? undefined
  : "Debian's configuration files are not there: apt-get install mosquitto";

/** Port 1883 and the folders that the files name, for one broker alone and empty. */
const ownMachine = [
  'ip link set lo up',
  ...['/run', '/var/lib/mosquitto', '/var/log/mosquitto'].map(
    (folder) => `mount -t tmpfs tmpfs ${folder}`,
  ),
  'mkdir /run/mosquitto',
  'chown mosquitto: /run/mosquitto /var/lib/mosquitto /var/log/mosquitto',
].join(' && ');
const inOwnMachine = ['unshare', '--net', '--mount', 'sh', '-c', `${ownMachine} && exec "$@"`];

function missingMachine(): string | undefined {
  const [program, ...args] = [...inOwnMachine, 'sh', 'true'];
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return undefined;
  const why = error?.message ?? stderr.trim();
  return `a network and folders of its own take root, unshare, ip and user mosquitto: ${why}`;
}

const missing = missingFiles ?? missingTools() ?? missingMachine();
if (missing !== undefined) it("Debian's mosquitto.conf, unchanged,", { skip: missing });
else describe("Debian's mosquitto.conf, unchanged,", claimOptions, startsUnchanged);

function startsUnchanged(): void {
  it('starts a broker where Debian wants it, as Debian wants it', async () => {
    await using broker = serve(installed);
    const inside = (path: string) => `/proc/${broker.pid}/root${path}`;
    const log = inside('/var/log/mosquitto/mosquitto.log');
    await until(() => existsSync(log) && running.test(readFileSync(log, 'utf8')));

    assert.equal(readFileSync(inside('/run/mosquitto/mosquitto.pid'), 'utf8'), `${broker.pid}`);
    const { uid } = statSync('/proc/self/root/var/lib/mosquitto');
    const status = readFileSync(`/proc/${broker.pid}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\t${uid}\t${uid}\t${uid}\t${uid}$`, 'm'));

    carries(broker, 'localhost');
    const logged = readFileSync(log, 'utf8');
    assert.match(logged, /^\d{10}: Config loaded from \/etc\/mosquitto\/mosquitto\.conf\.$/m);
    assert.match(logged, /^\d{10}: New client connected from \S+ as auto-\S+ \(p4, c1, k60\)\.$/m);
    assert.ok(statSync(inside('/var/lib/mosquitto/pantala.mdb')).size > 0);

    broker.signal('SIGTERM');
    assert.equal(await broker.ended, 0);
    assert.equal(broker.stderr.text, '');
  });

  it('starts a broker from the example file, for this machine alone', async () => {
    await using broker = serve(example);
    await broker.stderr.until(running);
    for (const host of ['localhost', '127.0.0.1', '::1']) carries(broker, host);
    const { stdout } = spawnSync(enter, [...entering(broker), 'ss', '-Hltn'], {
      encoding: 'utf8',
    });
    const places = stdout.match(/\S+:1883/g)?.toSorted();
    assert.deepEqual(places, ['127.0.0.1:1883', '[::1]:1883']);
    broker.signal('SIGTERM');
    assert.equal(await broker.ended, 0);
  });
}

function serve(file: string): Serving {
  const command = [...inOwnMachine, 'sh', process.execPath, main];
  return new Serving(['-c', file], { command });
}

const enter = 'nsenter';

/** Its arguments that lead to the network of the broker. */
function entering(broker: Serving): readonly string[] {
  return ['-t', String(broker.pid), '--net'];
}

/** Publishes a retained message with one of Mosquitto's tools, and gets it with the other. */
function carries(broker: Serving, host: string): void {
  const run = (tool: string, ...args: readonly string[]) => {
    const all = [...entering(broker), tool, '-h', host, '-t', `to/${host}`, ...args];
    const { status, stdout, stderr } = spawnSync(enter, all, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  run('mosquitto_pub', '-m', 'hello', '-q', '1', '-r');
  assert.equal(run('mosquitto_sub', '-C', '1', '-W', '10'), 'hello\n');
}

describe("Debian's example files", { skip: missingFiles }, () => {
  it('of users, rules and keys are read', () => {
    const read = (name: string) => readFileSync(`${examples}/${name}`, 'utf8');
    const passwords = parsePasswordFile(read('pwfile.example'));
    const rules = parseAclFile(read('aclfile.example'));
    const psk = parsePskFile(read('pskfile.example'));
    assert.deepEqual([passwords.faults, rules.faults, psk.faults], [[], [], []]);
    assert.deepEqual([...passwords.users.keys()], ['roger', 'sub_client', 'pub_client']);
    assert.deepEqual([...psk.keys.keys()], ['id', 'easy']);
    const nobody = { clientId: 'c', userName: undefined, peer: '' };
    const roger = { ...nobody, userName: 'roger' };
    assert.ok(rules.allows(roger, 'write', 'foo/bar'));
    assert.ok(!rules.allows(roger, 'read', '$SYS/broker/version'));
    assert.ok(rules.allows(nobody, 'read', '$SYS/broker/version'));
  });

  it('name no option that is unknown when it is uncommented', () => {
    const options = readFileSync(example, 'utf8').match(/^#[a-z][a-z0-9_.]*( .*)?$/gm) ?? [];
    assert.ok(options.length > 80, String(options.length));
    const outcomes = options.map((line) => outcomeOf(line.slice(1)));
    assert.deepEqual(
      outcomes.filter((outcome) => !known.test(outcome)),
      // Mosquitto refuses this value of its own example, too.
      ["max_packet_size 0: 'max_packet_size' must be >= 20."],
    );
  });
});

/** What may be said of an option that is uncommented; many stand there without a value. */
const known =
  /^(\S+): (accepted|Empty '\1( port)?' value in configuration\.)|^(\S+) .*: accepted$|: Option '(bridge_\w+|connection|address|topic|cleansession|idle_timeout|keepalive_interval|local_clientid|notifications|notification_topic|remote_\w+|restart_timeout|round_robin|start_type|threshold|try_private)' is not served/;

function outcomeOf(line: string): string {
  try {
    // Some need a listener; with two lines the second is not the one that is looked at.
    parseConfig(`listener 1883\n${line}`, 'mosquitto.conf');
    return `${line}: accepted`;
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return `${line}: ${error.faults.map(({ message }) => message).join(' ')}`;
  }
}
