/** Files of accounts and rules: what Debian's Mosquitto makes of them, and what we do. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { parseAclFile } from '../../src/auth/acl-file.ts';
import { parsePasswordFile } from '../../src/auth/password-file.ts';
import { isPasswordOf } from '../../src/auth/password-hash.ts';
import { main } from '../../src/cli/main.ts';
import { testIo } from '../../src/cli/test-io.ts';
import { missingMosquitto, startMosquitto } from './debian-mosquitto.ts';
import type { RunningBroker } from './running-broker.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
after(() => rmSync(folder, { recursive: true }));

const theirTool = 'mosquitto_passwd';

const options = { timeout: 60_000 } as const;

async function connect(
  { host, port }: RunningBroker,
  login: Pick<IClientOptions, 'clientId' | 'username' | 'password'>,
): Promise<MqttClient> {
  return await connectAsync({ host, port, protocolVersion: 5, reconnectPeriod: 0, ...login });
}

describe('a password file', options, () => {
  const missingTool = spawnSync(theirTool).error !== undefined;
  const skip = missingTool && `${theirTool} is not installed: apt-get install mosquitto`;

  it('of mosquitto_passwd is read', { skip }, async () => {
    const path = join(folder, 'theirs');
    writeFileSync(path, 'cid:pläin\n');
    const run = (...args: string[]) => assert.equal(spawnSync(theirTool, args).status, 0);
    run('-U', path);
    run('-b', path, 'ann', 'secret');
    run('-H', 'sha512', '-b', path, 'bob', 'päss wörd');
    const { users, faults } = parsePasswordFile(readFileSync(path, 'utf8'));
    assert.deepEqual(faults, []);
    const passwords = { cid: 'pläin', ann: 'secret', bob: 'päss wörd' };
    assert.deepEqual([...users.keys()].sort(), Object.keys(passwords).sort());
    for (const [user, password] of Object.entries(passwords)) {
      const hash = users.get(user)!;
      assert.equal(await isPasswordOf(hash, Buffer.from(password)), true, user);
      assert.equal(await isPasswordOf(hash, Buffer.from('other')), false, user);
    }
  });

  const missing = missingMosquitto();
  it('of pantala passwd lets users into Mosquitto', { skip: missing }, async () => {
    const path = join(folder, 'ours');
    writeFileSync(path, '', { mode: 0o600 });
    for (const [type, user] of [
      ['sha512-pbkdf2', 'ann'],
      ['sha512', 'bob'],
    ]) {
      const { io } = testIo();
      const args = ['passwd', '-H', type, '-b', path, user, `of ${user}`];
      assert.equal(await main(args, io), 0);
    }
    await using broker = await startMosquitto(['user root', `password_file ${path}`]);
    for (const user of ['ann', 'bob']) {
      const client = await connect(broker, { username: user, password: `of ${user}` });
      await client.endAsync();
      const wrong = connect(broker, { username: user, password: 'other' });
      await assert.rejects(wrong, { code: 0x87 });
    }
  });
});

const acl = `
topic read done
topic a/b
topic read open/#
topic deny open/safe/#

user ann
topic read done
topic home/#
topic deny home/safe
topic read $SYS/broker/version
topic write only/written
topic readwrite living room/+

pattern read tele/%c/#
pattern write cmd/%u/+
pattern deny tele/%c/secret
pattern read home/safe
pattern read only/%u
pattern deny only/written
pattern everybody

user bob
topic read done
topic deny tele/#
topic write tele/c2/x

user a+
topic read done
topic a/b
user admin
topic #
`;

const topics = [
  ...['a/b', 'open', 'open/x', 'open/safe', 'open/safe/x', 'home', 'home/safe', 'home/a/b'],
  ...['only/written', 'only/ann', 'only/bob', 'living room/lamp', 'living room', 'everybody'],
  ...['tele/c1', 'tele/c1/a/b', 'tele/c1/secret', 'tele/c2/x', 'cmd/ann/x', 'cmd/ann', 'cmd/bob/x'],
  ...['/home', 'home/', 'done'],
];

describe('an ACL file', options, () => {
  const missing = missingMosquitto();
  if (missing !== undefined) {
    it('decides as in Mosquitto', { skip: missing });
    return;
  }
  let broker: RunningBroker;
  before(async () => {
    const path = join(folder, 'acl');
    writeFileSync(path, acl, { mode: 0o600 });
    const lines = ['user root', 'allow_anonymous true', `acl_file ${path}`];
    broker = await startMosquitto(lines);
  });
  after(() => broker.stop());

  const clients = [
    { username: undefined, clientId: 'c1' },
    { username: 'ann', clientId: 'c1' },
    { username: 'bob', clientId: 'c2' },
    { username: 'a+', clientId: 'c2' },
    { username: 'ann', clientId: 'c#' },
    { username: undefined, clientId: '+' },
  ];
  for (const login of clients) {
    const { username = 'nobody', clientId } = login;
    it(`decides as in Mosquitto, for ${username} as ${clientId}`, async () => {
      const rules = parseAclFile(acl);
      const allowed = (wish: 'read' | 'write') => {
        const client = { clientId, userName: login.username, peer: '' };
        return topics.filter((topic) => rules.allows(client, wish, topic));
      };
      assert.deepEqual(await readable(broker, login), allowed('read'));
      assert.deepEqual(await writable(broker, login), allowed('write'));
    });
  }
});

type Login = Parameters<typeof connect>[1];

/** The topics of which Mosquitto brings messages to a client. */
async function readable(broker: RunningBroker, login: Login): Promise<string[]> {
  const client = await connect(broker, login);
  const admin = await connect(broker, { username: 'admin', clientId: 'admin' });
  const received: string[] = [];
  const done = Promise.withResolvers<void>();
  client.on('message', (topic) => {
    received.push(topic);
    if (topic === topics.at(-1)) done.resolve();
  });
  await client.subscribeAsync('#');
  for (const topic of topics) await admin.publishAsync(topic, 'x', { qos: 1 });
  await done.promise;
  await Promise.all([client.endAsync(), admin.endAsync()]);
  return received;
}

/** The topics to which Mosquitto lets a client publish. */
async function writable(broker: RunningBroker, login: Login): Promise<string[]> {
  const client = await connect(broker, login);
  const taken: string[] = [];
  for (const topic of topics) {
    await client.publishAsync(topic, 'x', { qos: 1 }).then(
      () => taken.push(topic),
      (error: { code?: number }) => assert.equal(error.code, 0x87),
    );
  }
  await client.endAsync();
  return taken;
}
