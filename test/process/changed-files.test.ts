/** Files that change while a server runs count by themselves, whichever way they are replaced. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { WrittenText } from '../../src/cli/test-io.ts';
import { parseConfig } from '../../src/server/config-file.ts';
import { Log } from '../../src/server/log.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { certificateFile } from '../harness/certificates.ts';
import { Folder, until } from './serving.ts';
import { SocketClient } from './socket-client.ts';

const limit = { timeout: 60_000 };

/** A server with TLS whose files are in `directory`, and what it has logged. */
async function start(directory: string) {
  const lines = [
    'listener 8883 127.0.0.1',
    `certfile ${directory}/tls.crt`,
    `keyfile ${directory}/tls.key`,
    `acl_file ${directory}/acl`,
    'allow_anonymous true',
    'connection_messages false',
  ];
  const config = parseConfig(lines.join('\n'), 'pantala.conf');
  const listeners = config.listeners.map((each) => ({ ...each, port: 0 }));
  const written = new WrittenText();
  const log = new Log(config.log, { stdout: written, stderr: written });
  return { server: await startServer({ ...config, listeners }, log), written };
}

/** The pairs of certificate and key that the tests have. */
type Pair = 'server' | 'client';

function copyPair(pair: Pair, directory: string): void {
  copyFileSync(certificateFile(`${pair}.crt`), `${directory}/tls.crt`);
  copyFileSync(certificateFile(`${pair}.key`), `${directory}/tls.key`);
}

async function commonName({ addresses: [{ port }] }: RunningServer): Promise<string> {
  const tls = { rejectUnauthorized: false };
  using client = await SocketClient.enter({ port, tls, clientId: 'looks' });
  return String((client.socket as TLSSocket).getPeerCertificate().subject.CN);
}

const readAgain = /Files of access and encryption were read again/;

async function untilNameIs(server: RunningServer, name: string): Promise<void> {
  let found = '';
  while (found !== name) found = await commonName(server);
}

/** Each puts the pair of `client` in the place of that of `server`. */
const ways: Readonly<
  Record<string, { prepare(directory: string): void; replace(directory: string): void }>
> = {
  'written in place': {
    prepare: (directory) => copyPair('server', directory),
    replace: (directory) => copyPair('client', directory),
  },
  'renamed over them': {
    prepare: (directory) => copyPair('server', directory),
    replace: (directory) => {
      const aside = `${directory}/aside`;
      mkdirSync(aside);
      copyPair('client', aside);
      for (const name of ['tls.crt', 'tls.key']) {
        renameSync(`${aside}/${name}`, `${directory}/${name}`);
      }
    },
  },
  'behind a link that leads elsewhere, as those of Kubernetes': {
    prepare: (directory) => {
      for (const [pair, version] of [
        ['server', '..1'],
        ['client', '..2'],
      ] as const) {
        mkdirSync(`${directory}/${version}`);
        copyPair(pair, `${directory}/${version}`);
      }
      symlinkSync('..1', `${directory}/..data`);
      for (const name of ['tls.crt', 'tls.key']) {
        symlinkSync(`..data/${name}`, `${directory}/${name}`);
      }
    },
    replace: (directory) => {
      symlinkSync('..2', `${directory}/..data_tmp`);
      renameSync(`${directory}/..data_tmp`, `${directory}/..data`);
    },
  },
};

describe('a certificate and its key', limit, () => {
  for (const [way, { prepare, replace }] of Object.entries(ways)) {
    it(`are read again when new ones are ${way}`, async () => {
      using folder = new Folder();
      prepare(folder.path);
      writeFileSync(folder.file('acl'), 'topic readwrite #');
      const { server, written } = await start(folder.path);
      await using _server = server;
      using there = await SocketClient.enter({
        port: server.addresses[0].port,
        tls: { rejectUnauthorized: false },
        clientId: 'there',
      });
      assert.equal(await commonName(server), 'localhost');
      replace(folder.path);
      await untilNameIs(server, 'device-1');
      await written.until(readAgain);
      assert.doesNotMatch(written.text, /Error:/);
      assert.equal(await there.publish('t', 'x'), 0x10, 'no one has subscribed; it is let through');
    });
  }

  it('may come one long after the other: until both are there, the old ones count', async () => {
    using folder = new Folder();
    copyPair('server', folder.path);
    writeFileSync(folder.file('acl'), 'topic readwrite #');
    const { server, written } = await start(folder.path);
    await using _server = server;
    copyFileSync(certificateFile('client.crt'), folder.file('tls.crt'));
    await written.until(/A changed file cannot be used; what was read before still counts/);
    assert.match(written.text, /key does not belong to the certificate/);
    assert.equal(await commonName(server), 'localhost');
    copyFileSync(certificateFile('client.key'), folder.file('tls.key'));
    await untilNameIs(server, 'device-1');
    assert.match(written.text, readAgain);
  });

  it('are missed at no time: what changes while they are read is read again', async () => {
    using folder = new Folder();
    copyPair('server', folder.path);
    writeFileSync(folder.file('acl'), 'topic readwrite #');
    const starting = start(folder.path);
    // The files have been read, and the port is not open yet.
    copyPair('client', folder.path);
    const { server } = await starting;
    await using _server = server;
    await untilNameIs(server, 'device-1');
  });

  it('are those of a reload, once it has been taken', async () => {
    using folder = new Folder();
    copyPair('server', folder.path);
    writeFileSync(folder.file('acl'), 'topic readwrite #');
    const { server, written } = await start(folder.path);
    await using _server = server;
    const other = folder.file('other');
    mkdirSync(other);
    copyPair('server', other);
    const lines = [
      'listener 1 127.0.0.1',
      `certfile ${other}/tls.crt`,
      `keyfile ${other}/tls.key`,
      'allow_anonymous true',
    ];
    const config = parseConfig(lines.join('\n'), 'other.conf');
    const listeners = config.listeners.map((each) => ({ ...each, port: 0 }));
    using prepared = server.prepare({ ...config, listeners });
    // In the time between, too.
    copyPair('client', other);
    await prepared.take();
    await untilNameIs(server, 'device-1');
    await written.until(readAgain);
  });
});

describe('an ACL that has changed', limit, () => {
  it('counts at once for those who are connected, and a faulty one not at all', async () => {
    using folder = new Folder();
    copyPair('server', folder.path);
    const acl = folder.file('acl');
    writeFileSync(acl, 'topic readwrite a\ntopic readwrite c');
    const { server, written } = await start(folder.path);
    await using _server = server;
    const { port } = server.addresses[0];
    const tls = { rejectUnauthorized: false };
    using client = await SocketClient.enter({ port, tls, clientId: 'c' });
    assert.equal(await client.subscribe('+'), 1);
    assert.equal(await client.publish('a', 'first'), 0);
    writeFileSync(acl, 'topic sometimes a b');
    await written.until(/what was read before still counts/);
    assert.match(written.text, new RegExp(`Error found at ${acl}:1\\. `));
    assert.equal(await client.publish('a', 'second'), 0);
    writeFileSync(acl, 'topic write a\ntopic readwrite b');
    await written.until(readAgain);
    // Where a message of this topic goes was known, and is asked anew.
    assert.equal(await client.publish('a', 'not to be read'), 0x10);
    assert.equal(await client.publish('c', 'not to be written'), 0x87);
    assert.equal(await client.publish('b', 'fourth'), 0);
    await until(() => client.taken.length === 3);
    assert.deepEqual(client.taken, ['first', 'second', 'fourth']);
  });
});
