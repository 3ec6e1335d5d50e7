/** Which server is next. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Servers } from './connect-options.ts';
import { ServerList } from './server-list.ts';

const two = ['mqtt://a', 'mqtt://b'];

async function next(list: ServerList): Promise<string> {
  const { href } = await list.next();
  list.skip();
  return href;
}

function listOf(servers: Servers | (() => Servers | Promise<Servers>)): ServerList {
  return new ServerList(servers, {});
}

describe('a list of servers', () => {
  const written: Readonly<Record<string, string>> = {
    localhost: 'mqtt://localhost',
    'localhost:1884': 'mqtt://localhost:1884',
    'WSS://host/mqtt?x=1': 'wss://host/mqtt?x=1',
    'mqtt+unix:///run/m.sock': 'mqtt+unix:///run/m.sock',
    '[::1]:1883': 'mqtt://[::1]:1883',
  };
  for (const [text, href] of Object.entries(written)) {
    it(`takes '${text}' for ${href}`, async () => assert.equal(await next(listOf(text)), href));
  }

  it('takes URLs, and says what is none', async () => {
    assert.equal(await next(listOf(new URL('mqtts://x'))), 'mqtts://x');
    await assert.rejects(listOf('host:99999').next(), /no URL of a server: write mqtt:/);
    await assert.rejects(listOf([]).next(), TypeError);
  });

  it('stays with a server until that is skipped, and comes back to the first', async () => {
    const list = listOf(two);
    assert.equal((await list.next()).href, 'mqtt://a');
    assert.equal((await list.next()).href, 'mqtt://a');
    list.skip();
    const hrefs = [await next(list), await next(list), await next(list)];
    assert.deepEqual(hrefs, ['mqtt://b', 'mqtt://a', 'mqtt://b']);
    assert.equal(list.count, 2);
  });

  it('asks a function each time', async () => {
    let asked = 0;
    const list = listOf(async () => `mqtt://host-${++asked}`);
    assert.deepEqual([await next(list), await next(list)], ['mqtt://host-1', 'mqtt://host-2']);
  });

  it('has one name stand for several servers, where it is looked up', async () => {
    const locate = async ({ hostname }: URL) => two.map((url) => new URL(`${url}.${hostname}`));
    const list = new ServerList('mqtt+srv://x', { locate });
    assert.deepEqual([await next(list), await next(list)], ['mqtt://a.x', 'mqtt://b.x']);
    assert.equal(list.count, 2);
  });

  it('goes elsewhere for one attempt, by the protocol of the server that said so', async () => {
    const list = listOf('wss://a');
    await list.next();
    assert.ok(list.detour('other:8884'));
    assert.equal((await list.next()).href, 'wss://other:8884/');
    assert.equal((await list.next()).href, 'wss://a/');
  });

  it('goes elsewhere for good, to several in turn', async () => {
    const list = listOf(two);
    await list.next();
    assert.ok(list.move('c:1 [2001:db8::1] '));
    const hrefs = [await next(list), await next(list), await next(list)];
    assert.deepEqual(hrefs, ['mqtt://c:1', 'mqtt://[2001:db8::1]', 'mqtt://c:1']);
  });

  it('does not go where no server can be', async () => {
    const list = listOf('mqtt://a');
    await list.next();
    assert.equal(list.move(' '), false);
    assert.equal(list.detour(':::'), false);
    assert.equal((await list.next()).href, 'mqtt://a');
  });

  it('follows five in a row, and again once a server has let its client in', async () => {
    const list = listOf('mqtt://a');
    await list.next();
    for (let times = 0; times < 5; times++) assert.ok(list.detour('b'));
    assert.equal(list.detour('b'), false);
    assert.equal(list.move('b'), false);
    list.arrived();
    assert.ok(list.move('b'));
  });
});
