/** Configurations as people have them for Mosquitto: what becomes of each, with clients at it. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connectAsync } from 'mqtt';
import { main } from '../../src/cli/main.ts';
import { testIo } from '../../src/cli/test-io.ts';
import { ConfigError } from '../../src/server/config.ts';
import { loadConfig, parseConfig } from '../../src/server/config-file.ts';
import { CertificateFolder, missingOpenssl } from '../harness/certificate-folder.ts';
import { freePort } from '../interop/debian-mosquitto.ts';
import { OurTool } from '../interop/our-tools.ts';
import { ServedConfiguration } from '../interop/served-configuration.ts';
import { claimOptions } from '../interop/stage.ts';

const missing = missingOpenssl();
if (missing !== undefined) it('migrated configurations', { skip: missing });
else describe('a migrated configuration', claimOptions, suite);

function suite(): void {
  let folder: CertificateFolder;
  let configurations = 0;

  before(async () => {
    folder = new CertificateFolder();
    folder.authority('ca');
    folder.certificate('server', {
      by: 'ca',
      subject: '/CN=localhost',
      extensions: ['subjectAltName=DNS:localhost'],
    });
    folder.certificate('sensor', { by: 'ca' });
    for (const [file, user] of Object.entries({ passwd: 'ann', others: 'bob' })) {
      const args = ['passwd', '-b', '-c', folder.file(file), user, 'secret'];
      assert.equal(await main(args, testIo().io), 0);
    }
  });

  after(() => folder[Symbol.dispose]());

  /** Starts what `text` says: `#1`, `#2`… are free ports, `@` the folder with the files. */
  async function serve(text: string, more: Readonly<Record<string, string>> = {}) {
    const ports: string[] = [];
    for (const name of new Set(text.match(/#\d/g))) {
      ports.push(String(await freePort('127.0.0.1')));
      text = text.replaceAll(name, ports.at(-1)!);
    }
    const placed = (line: string) => line.replaceAll('@', folder.path);
    for (const [name, content] of Object.entries(more)) {
      mkdirSync(dirname(folder.file(name)), { recursive: true });
      writeFileSync(folder.file(name), placed(content));
    }
    const file = folder.write(`${configurations++}.conf`, placed(text));
    return { broker: await ServedConfiguration.start(file), file, ports };
  }

  async function publish(port: string, ...flags: readonly string[]): Promise<number | null> {
    const way = ['-h', 'localhost', '-p', port, '-V', '5', '-t', 'a/b', '-m', 'x', '-q', '1'];
    return (await new OurTool('pub', [...way, ...flags], '').outcome).exitCode;
  }

  const ann = ['-u', 'ann', '-P', 'secret'];
  const bob = ['-u', 'bob', '-P', 'secret'];
  const notAuthorized = 0x87;

  it('of a home automation, with a listener for WebSockets and a log on stdout, works', async () => {
    const { broker, ports } = await serve(`
      protocol mqtt
      log_dest stderr
      log_type error
      log_type warning
      log_type notice
      log_type information
      persistence true
      persistence_location @/data/
      allow_anonymous false
      password_file @/passwd

      listener #1
      protocol mqtt

      listener #2
      protocol websockets
    `);
    await using _broker = broker;
    assert.equal(await publish(ports[0], ...ann), 0, broker.log);
    assert.equal(await publish(ports[0]), notAuthorized);
    const login = { username: 'ann', password: 'secret', reconnectPeriod: 0 };
    const client = await connectAsync(`ws://localhost:${ports[1]}`, login);
    await client.endAsync();
  });

  it("of Docker's image of 2.1, with Mosquitto's own plugins, is served by our parts", async () => {
    const { broker, ports } = await serve(
      `
      listener #1
      plugin /usr/lib/mosquitto_password_file.so
      plugin_opt_password_file @/passwd
      plugin /usr/lib/mosquitto_acl_file.so
      plugin_opt_acl_file @/acl
      persistence_location @/sqlite/
      plugin /usr/lib/mosquitto_persist_sqlite.so
      `,
      { acl: 'user ann\ntopic write a/#\n' },
    );
    await using _broker = broker;
    assert.equal(await publish(ports[0], ...ann), 0, broker.log);
    assert.equal(await publish(ports[0], ...bob), notAuthorized);
    assert.match(broker.log, /State is kept in .*\/sqlite\/pantala\.mdb/);
  });

  it('with plugins that listeners use by name works', async () => {
    const { broker, ports } = await serve(`
      plugin_load users /usr/lib/mosquitto_password_file.so
      plugin_opt_password_file @/passwd
      listener #1
      listener_allow_anonymous false
      plugin_use users
      listener #2
      listener_allow_anonymous true
    `);
    await using _broker = broker;
    assert.equal(await publish(ports[0], ...ann), 0, broker.log);
    assert.equal(await publish(ports[0]), notAuthorized);
    assert.equal(await publish(ports[1]), 0);
  });

  it("of a bridge to radios, with Mosquitto's file of state beside it, works and leaves that alone", async () => {
    const theirs = '\u0000µ\u0000mosquitto db and more';
    const { broker, file, ports } = await serve(`
      persistence true
      persistence_file mosquitto.db
      persistence_location @/radio/
      autosave_interval 1800
      listener #1
      allow_anonymous true
    `);
    await broker[Symbol.asyncDispose]();
    assert.match(broker.log, /State is kept in .*\/radio\/mosquitto\.db/);
    writeFileSync(folder.file('radio/mosquitto.db'), Buffer.from(theirs, 'latin1'));
    await using again = await ServedConfiguration.start(file);
    assert.match(again.log, /mosquitto\.db is Mosquitto's file of state.*pantala\.mdb instead/);
    assert.equal(await publish(ports[0]), 0);
    assert.equal(folder.read('radio/mosquitto.db'), theirs.replace('µ', '\ufffd'));
  });

  it('with TLS, WebSockets, and users of their own for each listener works', async () => {
    const { broker, ports } = await serve(`
      per_listener_settings true

      listener #1 localhost
      password_file @/passwd

      listener #2
      protocol websockets
      certfile @/server.crt
      keyfile @/server.key
      password_file @/others

      listener #3
      cafile @/ca.crt
      certfile @/server.crt
      keyfile @/server.key
      allow_anonymous true
    `);
    await using _broker = broker;
    assert.equal(await publish(ports[0], ...ann), 0, broker.log);
    assert.equal(await publish(ports[0], ...bob), notAuthorized);
    const trusting = ['--cafile', folder.file('ca.crt')];
    assert.equal(await publish(ports[1], '--ws', ...trusting, ...bob), 0);
    assert.equal(await publish(ports[1], '--ws', ...trusting, ...ann), notAuthorized);
    assert.equal(await publish(ports[2], ...trusting), 0);
  });

  it('of Windows, with its line endings and paths in quotes, works', async () => {
    const lines = [
      'listener #1',
      'password_file "@/with a space/passwd"',
      'allow_anonymous false',
      'log_timestamp_format %Y-%m-%dT%H:%M:%S',
      '',
    ];
    const users = { 'with a space/passwd': folder.read('passwd').replaceAll('\n', '\r\n') };
    const { broker, ports } = await serve(lines.join('\r\n'), users);
    await using _broker = broker;
    assert.equal(await publish(ports[0], ...ann), 0, broker.log);
    assert.match(broker.log, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: pantala version/m);
  });

  it('in pieces of a folder works, in the order of their names', async () => {
    const port = await freePort('127.0.0.1');
    const pieces = {
      'conf.d/10-listener.conf': `listener ${port}\n`,
      'conf.d/20-access.conf': 'allow_anonymous true\nmax_inflight_messages 5\n',
      'conf.d/README': 'This is no configuration.\n',
    };
    const { broker } = await serve('include_dir @/conf.d', pieces);
    await using _broker = broker;
    assert.equal(await publish(String(port)), 0, broker.log);
    const at = broker.log.indexOf('10-listener.conf');
    assert.ok(at > 0 && broker.log.indexOf('20-access.conf') > at, broker.log);
  });

  it('with pre-shared keys and certificates as user names works', async () => {
    const { broker, ports } = await serve(
      `
      psk_file @/keys
      acl_file @/names
      listener #1
      psk_hint broker
      use_identity_as_username true
      listener #2
      cafile @/ca.crt
      certfile @/server.crt
      keyfile @/server.key
      require_certificate true
      use_identity_as_username true
      `,
      { keys: 'device:abcdef12\n', names: 'user device\ntopic a/#\nuser sensor\ntopic a/#\n' },
    );
    await using _broker = broker;
    assert.equal(await publish(ports[0], '--psk', 'abcdef12', '--psk-identity', 'device'), 0);
    const own = ['--cert', folder.file('sensor.crt'), '--key', folder.file('sensor.key')];
    const trusting = ['--cafile', folder.file('ca.crt')];
    assert.equal(await publish(ports[1], ...trusting, ...own), 0, broker.log);
    assert.equal(await publish(ports[1], ...trusting), 7);
    for (const user of ['device', 'sensor']) assert.match(broker.log, new RegExp(`u'${user}'`));
  });

  it('with a bridge, a plugin in C or dynamic security is refused by name, all at once', () => {
    const text = [
      'listener 1883',
      'plugin /usr/lib/mosquitto_dynamic_security.so',
      'plugin_opt_config_file /etc/mosquitto/dynamic-security.json',
      'auth_plugin /mosquitto/go-auth.so',
      'auth_opt_backends files, jwt',
      'connection cloud',
      'address broker.example:8883',
      'topic # out 1 home/ site/',
      'bridge_cafile /etc/ssl/certs/ca-certificates.crt',
    ];
    assert.throws(
      () => parseConfig(text.join('\n'), 'mosquitto.conf'),
      (error) => {
        assert.ok(error instanceof ConfigError);
        const [dynamic, own, ...bridge] = error.faults.filter(
          ({ line }) => ![3, 5].includes(line!),
        );
        assert.match(dynamic.remedy, /Dynamic security is not served yet. Use 'password_file'/);
        assert.match(own.remedy, /C libraries cannot be loaded: write it in TypeScript/);
        assert.deepEqual(
          bridge.map(({ line }) => line),
          [6, 7, 8, 9],
        );
        for (const { remedy } of bridge) assert.match(remedy, /Bridges are not served yet/);
        return true;
      },
    );
  });

  it('is named with its faults when it is a folder, or not there', () => {
    for (const [path, message] of [
      [folder.path, /is a directory/],
      [folder.file('nothing.conf'), /Unable to open config file/],
    ] as const) {
      assert.throws(() => loadConfig(path), message);
    }
  });
}
