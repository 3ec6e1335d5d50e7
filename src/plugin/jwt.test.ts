/** Tokens for passwords, with real keys and a real server that has them. */

import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { exportJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { HttpService, json, status } from '../../test/harness/http-service.ts';
import { outcomeOf } from '../../test/harness/outcome.ts';
import { TestBroker } from '../../test/harness/test-broker.ts';
import { Anonymous } from '../auth/anonymous.ts';
import type { Hooks } from './hooks.ts';
import { createHooks } from './jwt.ts';
import type { PluginOptions } from './plugin-options.ts';
import { withHooks } from './with-hooks.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-jwt-'));
after(() => rmSync(folder, { recursive: true }));

interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function ecKey(kid: string): TestKey {
  return { kid, alg: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
}

const [first, second, foreign] = [ecKey('first'), ecKey('second'), ecKey('foreign')];
const rsa: TestKey = {
  kid: 'rsa',
  alg: 'RS256',
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const edwards: TestKey = { kid: 'ed', alg: 'EdDSA', ...generateKeyPairSync('ed25519') };

async function keySet(...keys: readonly TestKey[]): Promise<object> {
  const jwks = keys.map(async ({ kid, alg, publicKey }) => ({
    ...(await exportJWK(publicKey)),
    kid,
    alg,
    use: 'sig',
  }));
  return { keys: await Promise.all(jwks) };
}

let files = 0;

async function keyFile(...keys: readonly TestKey[]): Promise<string> {
  const path = join(folder, `${++files}.json`);
  writeFileSync(path, JSON.stringify(await keySet(...keys)));
  return path;
}

interface TokenOptions {
  readonly key?: TestKey;
  /** Null: never. */
  readonly expires?: string | number | null;
  readonly header?: object;
}

function token(
  payload: JWTPayload = { sub: 'ann' },
  { key = first, expires = '1h', header = {} }: TokenOptions = {},
): Promise<string> {
  const { kid, alg, privateKey } = key;
  const jwt = new SignJWT(payload).setProtectedHeader({ alg, kid, ...header });
  return (expires === null ? jwt : jwt.setExpirationTime(expires)).sign(privateKey);
}

const logged: string[] = [];
const broker = { publish() {}, log: (text: string) => logged.push(text) };

async function answerTo(
  password: string | undefined,
  options: PluginOptions | Hooks,
  over: { userName?: string | undefined; isVouchedFor?: boolean } = {},
): Promise<unknown> {
  const isHooks = typeof options.authenticate === 'function';
  const hooks = isHooks ? (options as Hooks) : await createHooks(options as PluginOptions, broker);
  return await hooks.authenticate!({
    clientId: 'c',
    userName: 'ann',
    peer: 'p',
    version: 5,
    isVouchedFor: false,
    password: password === undefined ? undefined : Buffer.from(password),
    ...over,
  });
}

async function reasonFor(...args: Parameters<typeof answerTo>): Promise<string> {
  const answer = (await answerTo(...args)) as { type: string; reason: string };
  assert.equal(answer.type, 'deny', JSON.stringify(answer));
  return answer.reason;
}

async function assertAllowed(...args: Parameters<typeof answerTo>): Promise<void> {
  const answer = (await answerTo(...args)) as { type: string };
  assert.equal(answer.type, 'allow', JSON.stringify(answer));
}

describe('a token', () => {
  for (const key of [first, rsa, edwards]) {
    it(`that is signed with ${key.alg} lets in`, async () => {
      const jwks_file = await keyFile(first, rsa, edwards);
      await assertAllowed(await token({ sub: 'ann' }, { key }), { jwks_file });
    });
  }

  it('may be signed with a secret', async () => {
    const secret = randomBytes(32).toString('hex');
    const secret_file = join(folder, 'secret');
    writeFileSync(secret_file, `${secret}\n`);
    const jwt = new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' });
    const signed = await jwt.setExpirationTime('1h').sign(Buffer.from(secret));
    await assertAllowed(signed, { secret_file });
    const other = await jwt.sign(randomBytes(32));
    assert.match(await reasonFor(other, { secret_file }), /signature of the token is not valid/);
  });

  it('counts no longer than it is valid', async () => {
    const answer = await answerTo(await token({ sub: 'ann' }, { expires: '60s' }), {
      jwks_file: await keyFile(first),
      clock_tolerance: '5',
    });
    const { validSeconds } = answer as { validSeconds: number };
    assert.ok(validSeconds > 60 && validSeconds <= 66, String(validSeconds));
  });

  const now = Math.floor(Date.now() / 1000);
  const refused: Readonly<Record<string, [() => Promise<string>, RegExp, PluginOptions?]>> = {
    'that has expired': [
      () => token({ sub: 'ann' }, { expires: now - 60 }),
      /the token has expired/,
    ],
    'that never expires': [() => token({ sub: 'ann' }, { expires: null }), /has no 'exp'/],
    'that is not valid yet': [() => token({ nbf: now + 600 }), /has not the right 'nbf'/],
    'of another key': [() => token({}, { key: { ...foreign, kid: 'first' } }), /signature/],
    'of a key that is not known': [
      () => token({}, { key: foreign }),
      /key of the token is not known/,
    ],
    'for somebody else': [() => token({ sub: 'bob' }), /user name is not the token's 'sub'/],
    'for nobody': [() => token({}), /user name is not the token's 'sub'/],
    'for another audience': [
      () => token({ sub: 'ann', aud: 'shop' }),
      /has not the right 'aud'/,
      { audience: 'mqtt, plant' },
    ],
    'from another issuer': [
      () => token({ sub: 'ann', iss: 'https://evil.example' }),
      /has not the right 'iss'/,
      { issuer: 'https://id.example' },
    ],
    'by an algorithm that is not allowed': [
      () => token({ sub: 'ann' }),
      /algorithm of the token is not allowed/,
      { algorithms: 'RS256' },
    ],
    'without a signature': [
      async () => new UnsecuredJWT({ sub: 'ann' }).setExpirationTime('1h').encode(),
      /not valid|not allowed/,
    ],
    'with rights that are none': [
      () => token({ sub: 'ann', acl: { publish: ['a/#/b'] } }),
      /the token's 'acl': .*no topic filter/,
    ],
    'that is cut short': [async () => (await token()).slice(0, -4), /signature|not valid/],
    'of three words': [async () => 'not.a.token', /not valid/],
  };
  for (const [what, [make, reason, options]] of Object.entries(refused)) {
    it(`${what} is refused, and the reason tells nothing of it`, async () => {
      const jwks_file = await keyFile(first, second);
      const text = await make();
      const said = await reasonFor(text, { jwks_file, ...options });
      assert.match(said, reason);
      assert.ok(!said.includes(text.slice(0, 20)) && !said.includes('bob'), said);
    });
  }

  it('is never believed when it calls the public key a secret', async () => {
    const jwks_file = await keyFile(rsa);
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
    const jwt = new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256', kid: 'rsa' });
    const forged = await jwt.setExpirationTime('1h').sign(Buffer.from(pem));
    assert.match(await reasonFor(forged, { jwks_file }), /algorithm of the token is not allowed/);
  });

  it('must name its key where several would do', async () => {
    const jwks_file = await keyFile(first, second);
    const unnamed = await token({ sub: 'ann' }, { header: { kid: undefined } });
    assert.match(await reasonFor(unnamed, { jwks_file }), /must say which key/);
  });

  it('may go with any user name, if that is configured, and with none', async () => {
    const jwks_file = await keyFile(first);
    await assertAllowed(await token(), { jwks_file, user_claim: 'none' }, { userName: 'x' });
    await assertAllowed(await token(), { jwks_file }, { userName: undefined });
    await assertAllowed(
      await token({ login: 'x' }),
      { jwks_file, user_claim: 'login' },
      { userName: 'x' },
    );
  });

  it('may be without an expiry, if that is configured', async () => {
    const jwks_file = await keyFile(first);
    const endless = await token({ sub: 'ann' }, { expires: null });
    await assertAllowed(endless, { jwks_file, require_expiry: 'false' });
  });
});

describe('what is no token', () => {
  it('is left to others: no password, another password, a client that is vouched for', async () => {
    const options = { jwks_file: await keyFile(first) };
    assert.equal(await answerTo(undefined, options), 'defer');
    assert.equal(await answerTo('correct horse', options), 'defer');
    assert.equal(await answerTo(await token(), options, { isVouchedFor: true }), 'defer');
  });
});

describe('the rights in a token', () => {
  it('decide what its client may do', async () => {
    const hooks = await createHooks({ jwks_file: await keyFile(first) }, broker);
    const gatekeeper = withHooks([{ name: 'jwt', hooks }], { gatekeeper: Anonymous.refused() });
    const test = new TestBroker({ gatekeeper });
    const acl = { publish: ['out/%c'], subscribe: ['in/#'] };
    const client = test.open();
    const password = Buffer.from(await token({ sub: 'ann', acl }));
    await client.connect('dev', { userName: 'ann', password });
    const seen: string[] = [];
    while (seen.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      await test.settle();
      seen.push(...outcomeOf(client));
    }
    assert.deepEqual(seen, ['connack 00']);
    await client.publish('out/dev', 'x', { qos: 1 });
    await client.publish('out/other', 'x', { qos: 1 });
    assert.deepEqual(outcomeOf(client), ['puback 10', 'puback 87']);
    const codes = async (filter: string) =>
      ((await client.subscribe(filter)) as { reasonCodes: readonly number[] }).reasonCodes;
    assert.deepEqual([await codes('in/+'), await codes('#')], [[0], [0x87]]);
  });

  it('are the business of others where the token has none', async () => {
    const hooks = await createHooks({ jwks_file: await keyFile(first) }, broker);
    const client = { clientId: 'c', userName: 'ann', peer: 'p', grant: undefined };
    assert.equal(hooks.authorize!({ access: 'receive', client, topic: 'a' }), 'defer');
  });
});

describe('keys in a file', () => {
  it('are read again for a key that was not there, but not all the time', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const jwks_file = await keyFile(first);
    const hooks = await createHooks({ jwks_file, refresh_seconds: '1' }, broker);
    const later = await token({ sub: 'ann' }, { key: second });
    writeFileSync(jwks_file, JSON.stringify(await keySet(second)));
    utimesSync(jwks_file, new Date(), new Date(Date.now() + 10_000));
    assert.match(await reasonFor(later, hooks), /not known/);
    t.mock.timers.tick(1100);
    await assertAllowed(later, hooks);
  });

  it('are read again on a reload', async () => {
    const jwks_file = await keyFile(first);
    const hooks = await createHooks({ jwks_file }, broker);
    writeFileSync(jwks_file, JSON.stringify(await keySet(second)));
    await hooks.reload!();
    await assertAllowed(await token({ sub: 'ann' }, { key: second }), hooks);
    assert.match(await reasonFor(await token(), hooks), /not known/);
  });

  it('stay when the file is broken at a reload', async () => {
    const jwks_file = await keyFile(first);
    const hooks = await createHooks({ jwks_file }, broker);
    writeFileSync(jwks_file, '{');
    await assert.rejects(async () => await hooks.reload!(), /is no JSON Web Key Set/);
    await assertAllowed(await token(), hooks);
  });
});

describe('keys behind a URL', () => {
  it('are fetched once for many tokens', async () => {
    await using service = await HttpService.start(json(await keySet(first)));
    const hooks = await createHooks({ jwks_url: `${service.url}/keys` }, broker);
    const text = await token();
    await Promise.all([assertAllowed(text, hooks), assertAllowed(text, hooks)]);
    await assertAllowed(text, hooks);
    assert.deepEqual(
      service.requests.map(({ path }) => path),
      ['/keys'],
    );
  });

  it('are fetched anew for an unknown key, but not for each of many', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    await using service = await HttpService.start(json(await keySet(first)));
    const hooks = await createHooks({ jwks_url: service.url, refresh_seconds: '1' }, broker);
    await assertAllowed(await token(), hooks);
    const forged = await token({ sub: 'ann' }, { key: second });
    for (let i = 0; i < 5; i++) assert.match(await reasonFor(forged, hooks), /not known/);
    assert.equal(service.requests.length, 1);
    service.answer = json(await keySet(second));
    t.mock.timers.tick(1100);
    await assertAllowed(forged, hooks);
    assert.equal(service.requests.length, 2);
  });

  const broken: Readonly<Record<string, Parameters<typeof HttpService.start>[0]>> = {
    'says 500': status(500),
    'sends no keys': json({ error: 'x' }),
    'sends more than anybody needs': (response) => response.end('x'.repeat(2_000_000)),
    'sends nothing': () => {},
    'leads elsewhere': (response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  };
  for (const [what, answer] of Object.entries(broken)) {
    it(`cannot be had while the server ${what}: nobody comes in, and it is asked once`, async () => {
      await using service = await HttpService.start(answer);
      const hooks = await createHooks({ jwks_url: service.url, timeout_seconds: '0.3' }, broker);
      logged.length = 0;
      const text = await token();
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(await answerTo(text, hooks), {
          type: 'deny',
          reasonCode: 0x88,
          reason: 'the keys for tokens are not to be had now',
        });
      }
      assert.equal(service.requests.length, 1);
      assert.equal(logged.length, 1);
      assert.match(logged[0], /^keys for tokens cannot be had: /);
    });
  }
});

describe('the options', () => {
  const secretFile = join(folder, 'short');
  writeFileSync(secretFile, 'short');
  const wrong: Readonly<Record<string, [PluginOptions, RegExp]>> = {
    'without keys': [{}, /one of plugin_opt_jwks_file, plugin_opt_jwks_url and/],
    'with keys twice': [{ jwks_file: 'a', jwks_url: 'https://a.example' }, /one of/],
    'with a file that is not there': [{ jwks_file: '/no/such' }, /cannot be read \(ENOENT\)/],
    'with a short secret': [{ secret_file: secretFile }, /less than 32 bytes/],
    'with no URL': [{ jwks_url: 'keys.json' }, /no URL: begin with/],
    'with a password in the URL': [
      { jwks_url: 'https://u:hunter2@a.example' },
      /has a user or a password in it/,
    ],
    'with no signature': [
      { jwks_url: 'https://a.example', algorithms: 'none' },
      /plugin_opt_algorithms has 'none'/,
    ],
    'with a secret algorithm for public keys': [
      { jwks_url: 'https://a.example', algorithms: 'ES256, HS256' },
      /plugin_opt_algorithms has 'HS256'/,
    ],
    'with an option that is not there': [
      { jwks_url: 'https://a.example', audiences: 'x' },
      /plugin_opt_audiences is not known/,
    ],
    'with a tolerance that is too much': [
      { jwks_url: 'https://a.example', clock_tolerance: '86400' },
      /give a number from 0 to 600/,
    ],
  };
  for (const [what, [options, message]] of Object.entries(wrong)) {
    it(`${what} are refused`, async () => {
      const error = await createHooks(options, broker).then(
        () => assert.fail('they were taken'),
        (reason: Error) => reason,
      );
      assert.equal(error.name, 'PluginOptionError');
      assert.match(error.message, message);
      assert.ok(!error.message.includes('hunter2'));
    });
  }
});
