/** The way to the broker that the flags of pub and sub ask for. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { getCACertificates } from 'node:tls';
import { certificateFile, pem } from '../../test/harness/certificates.ts';
import { clientDraft, clientFlags, unservedClientFlags } from './client-flags.ts';
import { idleTlsWarning, routeOf } from './client-route.ts';
import { connectionFailure } from './connection-failure.ts';
import { readFlags } from './flags.ts';
import { openRoute, type Route } from './open-route.ts';
import { ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
after(() => rmSync(folder, { recursive: true }));

/** `@ca.crt` stands for the file of that name among the certificates for tests. */
function read(args: string) {
  const draft = clientDraft();
  const given = args
    .split(' ')
    .map((arg) => arg.replace(/^@(.*)$/, (_, name) => certificateFile(name)));
  readFlags(given, draft, { flags: clientFlags, unserved: unservedClientFlags });
  return draft;
}

function route(args: string): Route {
  return routeOf(read(args));
}

describe('the way to the broker', () => {
  for (const { args, to, isSecure } of [
    { args: '-h h', to: { host: 'h', port: 1883 }, isSecure: false },
    { args: '-p 99', to: { host: 'localhost', port: 99 }, isSecure: false },
    { args: '--cafile @ca.crt', to: { host: 'localhost', port: 8883 }, isSecure: true },
    { args: '--cafile @ca.crt -p 99', to: { host: 'localhost', port: 99 }, isSecure: true },
    { args: '--tls-use-os-certs', to: { host: 'localhost', port: 8883 }, isSecure: true },
    { args: '--psk ab --psk-identity x', to: { host: 'localhost', port: 8883 }, isSecure: true },
    { args: '-p 8883', to: { host: 'localhost', port: 8883 }, isSecure: true },
    { args: '-p 8883 --no-tls', to: { host: 'localhost', port: 8883 }, isSecure: false },
    { args: '--cafile nowhere --no-tls', to: { host: 'localhost', port: 1883 }, isSecure: false },
    { args: '-L mqtts://h/t', to: { host: 'h', port: 8883 }, isSecure: true },
    { args: '--unix /run/m', to: { path: '/run/m' }, isSecure: false },
    { args: '--unix /run/m --cafile @ca.crt', to: { path: '/run/m' }, isSecure: true },
    { args: '-h /run/m -p 0', to: { path: '/run/m' }, isSecure: false },
  ]) {
    it(`${args} goes to ${Object.values(to).join(':')}${isSecure ? ' with TLS' : ''}`, () => {
      const found = route(args);
      assert.deepEqual([found.to, found.tls !== undefined, found.webSocket], [to, isSecure, false]);
    });
  }

  it('is WebSocket with --ws, ws:// and wss://', () => {
    assert.equal(route('--ws').webSocket, true);
    const plain = route('-L ws://h/t');
    assert.deepEqual(
      [plain.to, plain.webSocket, plain.tls],
      [{ host: 'h', port: 1883 }, true, undefined],
    );
    const { webSocket, tls } = route('-L wss://h/t');
    assert.deepEqual([webSocket, tls?.ca], [true, getCACertificates('system')]);
  });
});

describe('the way there', () => {
  it('goes through a proxy, from an address, and by SRV records', () => {
    const { proxy, bindAddress, usesSrv } = route('--proxy socks5h://p -A 127.0.0.2 -S -h h');
    assert.deepEqual([proxy?.host, bindAddress, usesSrv], ['p', '127.0.0.2', true]);
  });

  for (const { args, fault } of [
    { args: '-S', fault: '-S and --unix cannot be used together.' },
    { args: '--proxy socks5h://p', fault: '--proxy and --unix cannot be used together.' },
    { args: '-A 127.0.0.2', fault: '-A and --unix cannot be used together.' },
  ]) {
    it(`does not lead to a Unix socket with ${args}`, () => {
      assert.throws(() => idleTlsWarning(read(`--unix /s ${args}`)), new UsageError(fault));
    });
  }

  for (const { args, says } of [
    { args: '-S -h nowhere.invalid', says: /There is no SRV record _mqtt\._tcp\.nowhere\.invalid/ },
    {
      args: '-S -h nowhere.invalid --tls-use-os-certs',
      says: /There is no SRV record _secure-mqtt\._tcp\.nowhere\.invalid/,
    },
    { args: '-A nowhere.invalid', says: /The name is not known: nowhere\.invalid\. Check -A/ },
    {
      args: '-A 192.0.2.1 -h 127.0.0.1',
      says: /This machine has no address 192\.0\.2\.1: check -A/,
    },
    {
      args: '--proxy socks5h://127.0.0.1:1',
      says: /No proxy listens at 127\.0\.0\.1 port 1: check --proxy/,
    },
  ]) {
    it(`that cannot be gone with ${args} is told`, async () => {
      const way = route(args);
      const { signal } = new AbortController();
      const error = await openRoute(way, () => assert.fail(), signal).catch((error) => error);
      const attempt = { route: way, version: 4, isConnected: false } as const;
      const failure = connectionFailure(error, attempt);
      assert.equal(failure.exitCode, 1);
      assert.match(failure.message, says);
    });
  }
});

describe('the flags for TLS', () => {
  it('say whom to trust', () => {
    assert.deepEqual(route('--cafile @ca.crt').tls?.ca, [pem('ca.crt').trimEnd()]);
    assert.deepEqual(route('-p 8883').tls?.ca, getCACertificates('system'));
    assert.deepEqual(route('-p 8883 --cafile @ca.crt').tls?.ca, [pem('ca.crt').trimEnd()]);
    assert.deepEqual(route('-L mqtts://h/t --cafile @ca.crt').tls?.ca, [
      pem('ca.crt').trimEnd(),
      ...getCACertificates('system'),
    ]);
  });

  it('take from a folder what openssl rehash has prepared', { skip: isWindows() }, () => {
    copyFileSync(certificateFile('ca.crt'), join(folder, 'ca.crt'));
    copyFileSync(certificateFile('ca-twin.crt'), join(folder, 'other.crt'));
    symlinkSync('ca.crt', join(folder, '0123abcd.0'));
    assert.deepEqual(route(`--capath ${folder}`).tls?.ca, [pem('ca.crt').trimEnd()]);
  });

  it('say who the client is', () => {
    const own = route('--cafile @ca.crt --cert @client.crt --key @client.key --keyform pem').tls;
    assert.deepEqual([own?.cert, own?.key], [pem('client.crt'), pem('client.key')]);
  });

  it('take a pre-shared key with an odd number of digits for one with a zero before it', () => {
    for (const [digits, key] of [
      ['aBCdef', 'abcdef'],
      ['abc', '0abc'],
      ['00abcd', '00abcd'],
    ]) {
      const { psk } = route(`--psk ${digits} --psk-identity me`).tls!;
      assert.deepEqual(psk, { identity: 'me', key: Buffer.from(key, 'hex') });
    }
  });

  it('say how to speak it', () => {
    const given =
      '--insecure --tls-alpn mqtt --tls-version TLSv1.3 --ciphers TLS_AES_128_GCM_SHA256';
    const { unverified, alpn, minVersion, ciphers } = route(`--cafile @ca.crt ${given}`).tls!;
    assert.deepEqual(
      [unverified, alpn, minVersion, ciphers],
      [true, 'mqtt', 'TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
    );
    assert.equal(route('--cafile @ca.crt').tls?.minVersion, 'TLSv1.2');
  });

  it('have the keys of the connection kept, for nobody else to read', () => {
    const file = join(folder, 'keys');
    const { keylog } = route(`--cafile @ca.crt --tls-keylog ${file}`).tls!;
    keylog!(Buffer.from('one\n'));
    keylog!(Buffer.from('two\n'));
    assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n');
    if (!isWindows()) assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  for (const { args, fault } of [
    {
      args: '--cert a',
      fault: 'Both certfile and keyfile must be provided if one of them is set.',
    },
    { args: '--key a', fault: 'Both certfile and keyfile must be provided if one of them is set.' },
    { args: '--keyform pem', fault: 'If keyform is set, keyfile must be also specified.' },
    {
      args: '--psk ab --cafile a',
      fault: 'Only one of --psk or --cafile/--capath may be used at once.',
    },
    { args: '--psk ab', fault: '--psk-identity required if --psk used.' },
  ]) {
    it(`${args} is refused`, () => {
      assert.throws(
        () => route(args),
        (error) => error instanceof UsageError && error.message === fault,
      );
    });
  }

  const missing = 'Error: Problem setting TLS options: File not found.';
  const wrong = 'Error: Problem setting TLS options, check the options are valid.';
  const unusable = 'Unable to connect (A TLS error occurred.).';
  const own = '--cafile @ca.crt --cert @client.crt --key';
  for (const { args, fault, remedy } of [
    { args: '--cafile nowhere', fault: missing, remedy: /^--cafile 'nowhere': there is no such/ },
    { args: `${own} nowhere`, fault: missing, remedy: /^--key 'nowhere'/ },
    { args: '--cafile @client.key', fault: unusable, remedy: /holds no certificate/ },
    { args: '--capath nowhere', fault: unusable, remedy: /openssl rehash/ },
    { args: `${own} @server.key`, fault: unusable, remedy: /is not the key that/ },
    { args: `${own} @locked.key`, fault: unusable, remedy: /locked with a passphrase/ },
    { args: `${own} @ca.crt`, fault: unusable, remedy: /holds no private key/ },
    { args: '--cafile @ca.crt --ciphers x', fault: unusable, remedy: /None of --ciphers/ },
    { args: '--cafile @ca.crt --tls-version tlsv1.1', fault: wrong, remedy: /not 'tlsv1\.1'/ },
    {
      args: `${own} @client.key --keyform der`,
      fault: "Error: Problem setting key form, it must be one of 'pem' or 'engine'.",
      remedy: /in PEM/,
    },
    {
      args: '--psk secret --psk-identity me',
      fault: 'Error: Problem setting TLS-PSK options.',
      remedy: /^(?!.*secret).*hexadecimal/,
    },
    {
      args: `--cafile @ca.crt --tls-keylog ${join(folder, 'nowhere', 'keys')}`,
      fault: unusable,
      remedy: /cannot be written/,
    },
  ]) {
    it(`${args.replace(folder, '')} cannot be used, and says why`, () => {
      assert.throws(
        () => route(args),
        (error) => {
          assert.ok(error instanceof ToolFailure, String(error));
          const [first, second, ...others] = error.message.split('\n');
          assert.deepEqual([error.exitCode, first, others], [1, fault, []]);
          assert.match(second, remedy);
          return true;
        },
      );
    });
  }

  it('are warned of where nothing asks for TLS itself', () => {
    assert.match(idleTlsWarning(read('--insecure'))!, /^Warning: --insecure does nothing/);
    assert.match(idleTlsWarning(read('--cert a --key b'))!, /--cert does nothing/);
    assert.equal(idleTlsWarning(read('-h h')), undefined);
    assert.equal(idleTlsWarning(read('--insecure --cafile a')), undefined);
    assert.equal(idleTlsWarning(read('--insecure --no-tls')), undefined);
  });
});

function isWindows(): boolean {
  return process.platform === 'win32';
}
