/** Questions to a real HTTP server, and answers of all kinds. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Answer, HttpService, json, status } from '../../test/harness/http-service.ts';
import type { AuthorizeRequest, Hooks } from './hooks.ts';
import { createHooks } from './http.ts';
import type { PluginOptions } from './plugin-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-http-'));
after(() => rmSync(folder, { recursive: true }));

const logged: string[] = [];
const broker = { publish() {}, log: (text: string) => logged.push(text) };

const login = {
  clientId: 'c',
  userName: 'ann',
  peer: '192.0.2.1:1',
  version: 5,
  password: Buffer.from('hunter2'),
  isVouchedFor: false,
} as const;
const client = { clientId: 'c', userName: 'ann', peer: '192.0.2.1:1' };

function publishTo(topic: string): AuthorizeRequest {
  const message = {
    payload: new Uint8Array(),
    qos: 1,
    retain: true,
    properties: undefined,
  } as const;
  return { access: 'publish', client, topic, ...message, isWill: false };
}

const allow = json({ result: 'allow' });

async function hooksFor(
  { url }: HttpService,
  options: PluginOptions = {},
): Promise<Required<Hooks>> {
  const urls = { auth_url: `${url}/auth`, acl_url: `${url}/acl` };
  return (await createHooks({ ...urls, ...options }, broker)) as Required<Hooks>;
}

describe('the question about a client', () => {
  it('says who it is, as JSON', async () => {
    await using service = await HttpService.start(allow);
    const hooks = await hooksFor(service);
    const credentials = { cipher: 'x', identity: 'sensor', subject: 'CN=sensor' };
    await hooks.authenticate({ ...login, credentials });
    const [{ path, headers, body }] = service.requests;
    assert.equal(path, '/auth');
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(body), {
      ...client,
      identity: 'sensor',
      subject: 'CN=sensor',
      password: 'hunter2',
    });
  });

  it('has a password that is no text in base64', async () => {
    await using service = await HttpService.start(allow);
    const hooks = await hooksFor(service);
    await hooks.authenticate({ ...login, password: Uint8Array.of(0xff, 0) });
    assert.equal(JSON.parse(service.requests[0].body).passwordBase64, '/wA=');
  });

  it('carries the header that is in a file, read again on a reload', async () => {
    await using service = await HttpService.start(allow);
    const authorization_file = join(folder, 'header');
    writeFileSync(authorization_file, 'Bearer one\n');
    const hooks = await hooksFor(service, { authorization_file });
    await hooks.authenticate(login);
    writeFileSync(authorization_file, 'Bearer two\n');
    await hooks.reload();
    await hooks.authenticate(login);
    const headers = service.requests.map((request) => request.headers.authorization);
    assert.deepEqual(headers, ['Bearer one', 'Bearer two']);
  });

  it('is not asked about one that its transport vouches for', async () => {
    await using service = await HttpService.start(status(500));
    const hooks = await hooksFor(service);
    const answer = await hooks.authenticate({ ...login, password: undefined, isVouchedFor: true });
    assert.equal(answer, 'defer');
    assert.equal(service.requests.length, 0);
  });
});

describe('the answer', () => {
  const answers: Readonly<Record<string, [Answer, unknown]>> = {
    'of 200 and nothing more': [status(200), allowed()],
    'of 204': [status(204), allowed()],
    'that allows': [allow, allowed()],
    'that allows for some time': [json({ result: 'allow', validSeconds: 60 }), allowed(60)],
    'that denies': [json({ result: 'deny', reason: 'gone' }), { type: 'deny', reason: 'gone' }],
    'that leaves it to others': [json({ result: 'defer' }), 'defer'],
    'of 401': [status(401), { type: 'deny', reason: undefined }],
    'of 403': [json({ result: 'allow' }, 403), { type: 'deny', reason: undefined }],
  };
  for (const [what, [answer, decision]] of Object.entries(answers)) {
    it(`${what} is understood`, async () => {
      await using service = await HttpService.start(answer);
      const hooks = await hooksFor(service);
      assert.deepEqual(await hooks.authenticate(login), decision);
    });
  }

  const broken: Readonly<Record<string, [Answer, RegExp]>> = {
    'of 500': [status(500), /status 500/],
    'of 404': [status(404), /status 404/],
    'that leads elsewhere': [
      (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      /redirect/,
    ],
    'that is no JSON': [(response) => response.end('<html>'), /JSON|Unexpected/],
    'without a result': [json({ ok: true }), /no "result"/],
    'that is null': [json(null), /no "result"/],
    'with a time that is none': [json({ result: 'allow', validSeconds: -1 }), /validSeconds/],
    'without end': [(response) => response.end('x'.repeat(100_000)), /more than 65536 bytes/],
    'that never comes': [() => {}, /no answer in time/],
    'that breaks off': [(response) => response.socket!.destroy(), /\w/],
  };
  for (const [what, [answer, cause]] of Object.entries(broken)) {
    it(`${what} lets nobody in and nothing through, and is told without secrets`, async () => {
      await using service = await HttpService.start(answer);
      const hooks = await hooksFor(service, { timeout_seconds: '0.3' });
      logged.length = 0;
      const decision = (await hooks.authenticate(login)) as { reasonCode: number };
      assert.equal(decision.reasonCode, 0x88);
      const refusal = (await hooks.authorize(publishTo('a'))) as { reasonCode: number };
      assert.equal(refusal.reasonCode, 0x83);
      assert.equal(logged.length, 1, 'the second time is too soon to tell');
      assert.match(logged[0], cause);
      assert.ok(logged[0].startsWith(`${service.url}/auth gave no answer: `), logged[0]);
      assert.ok(!logged[0].includes('hunter2'));
    });
  }

  it('of a server that is not there lets nobody in', async () => {
    const service = await HttpService.start(allow);
    const hooks = await hooksFor(service);
    await service[Symbol.asyncDispose]();
    logged.length = 0;
    const { reasonCode } = (await hooks.authenticate(login)) as { reasonCode: number };
    assert.equal(reasonCode, 0x88);
    assert.match(logged[0], /ECONNREFUSED/);
  });

  it('may give rights, so that nobody has to ask about each message', async () => {
    const acl = { publish: ['out/%c'], subscribe: ['in/#'] };
    await using service = await HttpService.start(json({ result: 'allow', acl }));
    const hooks = await hooksFor(service);
    const { grant } = (await hooks.authenticate(login)) as { grant: unknown };
    const decide = (topic: string) =>
      hooks.authorize({ ...publishTo(topic), client: { ...client, grant } });
    assert.deepEqual([decide('out/c'), decide('out/d')], ['allow', 'deny']);
    const receive = { access: 'receive', client: { ...client, grant }, topic: 'in/x' } as const;
    assert.equal(hooks.authorize(receive), 'allow');
    assert.equal(service.requests.length, 1);
  });
});

describe('the question about a message or a subscription', () => {
  it('says what, and of whom', async () => {
    await using service = await HttpService.start(allow);
    const hooks = await hooksFor(service);
    assert.equal(await hooks.authorize(publishTo('a/b')), 'allow');
    const subscribe = {
      access: 'subscribe',
      client,
      topic: 'a/#',
      group: undefined,
      qos: 0,
    } as const;
    assert.equal(await hooks.authorize(subscribe), 'allow');
    assert.deepEqual(
      service.requests.map(({ path, body }) => [path, JSON.parse(body)]),
      [
        ['/acl', { ...client, access: 'publish', topic: 'a/b', qos: 1, retain: true }],
        ['/acl', { ...client, access: 'subscribe', topic: 'a/#', qos: 0 }],
      ],
    );
  });

  it('is not asked before each delivery', async () => {
    await using service = await HttpService.start(status(500));
    const hooks = await hooksFor(service);
    assert.equal(hooks.authorize({ access: 'receive', client, topic: 'a' }), 'defer');
  });

  it('is asked once while the answer is good, and at once answered then', async () => {
    await using service = await HttpService.start(json({ result: 'deny', reason: 'no' }));
    const hooks = await hooksFor(service);
    const both = await Promise.all([
      hooks.authorize(publishTo('a')),
      hooks.authorize(publishTo('a')),
    ]);
    assert.deepEqual(both, [
      { type: 'deny', reason: 'no' },
      { type: 'deny', reason: 'no' },
    ]);
    assert.deepEqual(hooks.authorize(publishTo('a')), { type: 'deny', reason: 'no' });
    assert.equal(service.requests.length, 1);
    await hooks.reload();
    await hooks.authorize(publishTo('a'));
    assert.equal(service.requests.length, 2);
  });

  it('is asked again after a reload, though an answer of before is still under way', async () => {
    const waiting: (() => void)[] = [];
    const arrivals = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using service = await HttpService.start((response) => {
      const result = waiting.length === 0 ? 'allow' : 'deny';
      waiting.push(() => response.end(JSON.stringify({ result })));
      arrivals[waiting.length - 1].resolve();
    });
    const hooks = await hooksFor(service);
    const before = hooks.authorize(publishTo('a'));
    await arrivals[0].promise;
    await hooks.reload();
    const after = hooks.authorize(publishTo('a'));
    await arrivals[1].promise;
    for (const answer of waiting.toReversed()) answer();
    const denial = { type: 'deny', reason: undefined };
    assert.deepEqual([await before, await after], ['allow', denial]);
    assert.deepEqual(hooks.authorize(publishTo('a')), denial);
  });

  it('is asked each time where nothing is to be remembered', async () => {
    await using service = await HttpService.start(allow);
    const hooks = await hooksFor(service, { cache_seconds: '0' });
    for (let i = 0; i < 3; i++) await hooks.authorize(publishTo('a'));
    assert.equal(service.requests.length, 3);
  });

  it('forgets the oldest answers when there are too many', async () => {
    await using service = await HttpService.start(allow);
    const hooks = await hooksFor(service, { cache_entries: '2' });
    for (const topic of ['a', 'b', 'c', 'c', 'b', 'a']) await hooks.authorize(publishTo(topic));
    assert.equal(service.requests.length, 4);
  });

  it('does not remember that there was no answer', async () => {
    await using service = await HttpService.start(status(500));
    const hooks = await hooksFor(service);
    await hooks.authorize(publishTo('a'));
    service.answer = allow;
    assert.equal(await hooks.authorize(publishTo('a')), 'allow');
  });
});

describe('many questions', () => {
  it('are asked a few at a time, over connections that stay open', async () => {
    const waiting: (() => void)[] = [];
    await using service = await HttpService.start((response) => {
      waiting.push(() => response.end('{"result":"allow"}'));
      if (waiting.length >= 2) for (const answer of waiting.splice(0)) setImmediate(answer);
    });
    const hooks = await hooksFor(service, { concurrency: '2' });
    const topics = Array.from({ length: 20 }, (_, i) => `t${i}`);
    const decisions = await Promise.all(topics.map((topic) => hooks.authorize(publishTo(topic))));
    assert.ok(decisions.every((decision) => decision === 'allow'));
    assert.equal(service.openCountMax, 2);
    assert.ok(service.connectionCount <= 4, `${service.connectionCount} connections`);
  });
});

describe('the options', () => {
  const wrong: Readonly<Record<string, [PluginOptions, RegExp]>> = {
    'without a URL': [{}, /plugin_opt_auth_url or plugin_opt_acl_url/],
    'with another kind of URL': [{ auth_url: 'file:///etc/passwd' }, /begin with http/],
    'with an option that is not there': [
      { auth_url: 'http://a', fail: 'open' },
      /fail is not known/,
    ],
    'with a timeout beyond the deadline': [{ auth_url: 'http://a', timeout_seconds: '60' }, /to 9/],
    'with a header that is not there': [
      { auth_url: 'http://a', authorization_file: '/no/such' },
      /cannot be read \(ENOENT\)/,
    ],
  };
  for (const [what, [options, message]] of Object.entries(wrong)) {
    it(`${what} are refused`, async () => {
      await assert.rejects(createHooks(options, broker), { name: 'PluginOptionError', message });
    });
  }

  it('without a URL for clients leave them to others', async () => {
    const hooks = await createHooks({ acl_url: 'http://127.0.0.1:1' }, broker);
    assert.equal(hooks.authenticate, undefined);
  });
});

function allowed(validSeconds?: number): object {
  return { type: 'allow', validSeconds, grant: undefined };
}
