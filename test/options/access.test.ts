/** Tests what the options of access and of plugins do, as clients notice it. */

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { hashPassword, passwordHashText } from '../../src/auth/password-hash.ts';
import { reasonCodes } from '../../src/packet/reason-codes.ts';
import { itDiffers, itNeedsRestart, itShows } from './option-test.ts';
import { open, type Served, serve } from './served.ts';
import { TestFolder } from './test-folder.ts';
import type { ConnectFields } from './wire-client.ts';

const folder = new TestFolder();
after(() => folder[Symbol.dispose]());

const { success, notAuthorized, unspecifiedError } = reasonCodes;
const closed = ['listener PORT 127.0.0.1'] as const;

async function answer(served: Served, fields: ConnectFields = {}, port = served.port) {
  return (await served.connack(fields, port))?.reasonCode;
}

/** What the identifier begins with that a client without one is given. */
async function assignedPrefix(served: Served, port?: number) {
  const connack = await served.connack({ clientId: '' }, port);
  return connack?.properties?.assignedClientIdentifier?.slice(0, 5);
}

const hash = passwordHashText(
  await hashPassword(new TextEncoder().encode('open sesame'), { type: 'sha512' }),
);
const passwords = folder.write('passwords', `ali:${hash}`);
const acl = folder.write(
  'acl',
  ...['topic readwrite public', 'topic write letterbox'],
  ...['user writer', 'topic readwrite #'],
);

itDiffers('acl_file', 'what it does not allow is denied, to publishers and to readers', {
  beside: open,
  line: `acl_file ${acl}`,
  without: [success, success, ['p', 'l', 'w']],
  with: [success, notAuthorized, ['p']],
  async see(served) {
    const client = await served.client();
    await client.subscribe('#');
    const codes = [
      await client.publish('public', 'p', { qos: 1 }),
      await client.publish('private', 'l', { qos: 1 }),
    ];
    const writer = await served.client('writer', { userName: 'writer' });
    await writer.publish('secret', 'w');
    return [...codes, await client.payloads()];
  },
});

itDiffers('allow_anonymous', 'a client without a user name is let in', {
  beside: closed,
  line: 'allow_anonymous true',
  without: notAuthorized,
  with: success,
  see: answer,
});

itDiffers('allow_zero_length_clientid', 'false: a client has to have an identifier', {
  line: 'allow_zero_length_clientid false',
  without: success,
  with: unspecifiedError,
  see: (served) => answer(served, { clientId: '' }),
});

itDiffers('auto_id_prefix', 'identifiers that are assigned begin with it', {
  line: 'auto_id_prefix ours-',
  without: 'auto-',
  with: 'ours-',
  see: assignedPrefix,
});

itDiffers('password_file', 'its users come in with their passwords', {
  beside: closed,
  line: `password_file ${passwords}`,
  without: [notAuthorized, notAuthorized],
  with: [success, notAuthorized],
  see: async (served) => [
    await answer(served, { userName: 'ali', password: 'open sesame' }),
    await answer(served, { userName: 'ali', password: 'open barley' }),
  ],
});

itDiffers('listener_allow_anonymous', 'counts more than allow_anonymous, on its listener', {
  beside: ['allow_anonymous true', 'listener PORT2 127.0.0.1', ...closed],
  line: 'listener_allow_anonymous false',
  without: [success, success],
  with: [notAuthorized, success],
  see: async (served) => [await answer(served), await answer(served, {}, served.ports[1])],
});

itDiffers('listener_auto_id_prefix', 'counts more than auto_id_prefix, on its listener', {
  beside: ['auto_id_prefix ours-', 'allow_anonymous true', 'listener PORT2 127.0.0.1', ...closed],
  line: 'listener_auto_id_prefix mine-',
  without: ['ours-', 'ours-'],
  with: ['mine-', 'ours-'],
  see: async (served) => [
    await assignedPrefix(served),
    await assignedPrefix(served, served.ports[1]),
  ],
});

itDiffers('use_username_as_clientid', 'the user name is the client identifier', {
  line: 'use_username_as_clientid true',
  without: 'as c (',
  with: 'as ali (',
  async see(served) {
    const { length } = served.logText;
    await served.client('c', { userName: 'ali' });
    return /as \S+ \(/.exec(served.logText.slice(length))?.[0];
  },
});

// Guests come in, by whatever name they are to have; nobody may publish to `taken`.
const gate = folder.write(
  'gate.mjs',
  'export const createHooks = ({ guest = "guest" }, broker) => ({',
  '  authenticate: ({ userName }) => (userName === guest ? "allow" : "defer"),',
  '  authorize: ({ topic }) => (topic === "taken" ? "deny" : "allow"),',
  '  reload: () => broker.log("reloaded"),',
  '});',
);
const guest = { userName: 'guest' };

const ways: Readonly<Record<string, { lines: readonly string[]; withoutIt: readonly string[] }>> = {
  plugin: { lines: [...closed, `plugin ${gate}`], withoutIt: closed },
  plugin_load: {
    lines: [`plugin_load gate ${gate}`, ...closed, 'plugin_use gate'],
    withoutIt: closed,
  },
};

for (const [option, { lines, withoutIt }] of Object.entries(ways)) {
  itShows(option, 'its hooks are asked', async () => {
    await using without = await serve(...withoutIt);
    assert.equal(await answer(without, guest), notAuthorized);
    await using served = await serve(...lines);
    assert.deepEqual([await answer(served, guest), await answer(served)], [success, notAuthorized]);
  });
  itNeedsRestart(option, () => asksForRestart('plugin', withoutIt, lines));
}

itShows('plugin_use', 'asks the plugin on its listener alone', async () => {
  await using served = await serve(
    `plugin_load gate ${gate}`,
    ...['listener PORT2 127.0.0.1', ...closed, 'plugin_use gate'],
  );
  const codes = [await answer(served, guest), await answer(served, guest, served.ports[1])];
  assert.deepEqual(codes, [success, notAuthorized]);
});
itNeedsRestart('plugin_use', () =>
  asksForRestart(
    'plugin',
    [`plugin_load gate ${gate}`, ...closed],
    [`plugin_load gate ${gate}`, ...closed, 'plugin_use gate'],
  ),
);

itShows('global_plugin', 'asks the plugin on every listener', async () => {
  const listeners = [...closed, 'allow_anonymous false', 'listener PORT2 127.0.0.1'];
  const perListener = ['per_listener_settings true', `global_plugin ${gate}`, ...listeners];
  await using served = await serve(...perListener);
  const codes = [await answer(served, guest), await answer(served, guest, served.ports[1])];
  assert.deepEqual(codes, [success, success]);
});
itNeedsRestart('global_plugin', () =>
  asksForRestart('plugin', closed, [`global_plugin ${gate}`, ...closed]),
);

itShows('plugin_opt_*', 'tells the plugin above it something', async () => {
  await using served = await serve(...closed, `plugin ${gate}`, 'plugin_opt_guest stranger');
  assert.equal(await answer(served, { userName: 'stranger' }), success);
  assert.equal(await answer(served, guest), notAuthorized);
});
itNeedsRestart('plugin_opt_*', () => {
  const lines = [...closed, `plugin ${gate}`];
  return asksForRestart('plugin_opt_guest', lines, [...lines, 'plugin_opt_guest stranger']);
});

const denies = 'auth_plugin_deny_special_chars';
itShows(denies, 'the plugin is not asked about + and #, unless it is false', async () => {
  const publishes = async (...lines: string[]) => {
    await using served = await serve(...closed, `plugin ${gate}`, ...lines);
    const client = await served.client('a+b', guest);
    await client.subscribe('t');
    return await client.publish('t', 'x', { qos: 1 });
  };
  assert.equal(await publishes(), notAuthorized);
  assert.equal(await publishes(`${denies} false`), success);
});
itNeedsRestart(denies, () => {
  const lines = [...closed, `plugin ${gate}`];
  return asksForRestart(denies, lines, [...lines, `${denies} false`]);
});

itShows('plugin', 'is told of a reload', async () => {
  const lines = [...closed, `plugin ${gate}`];
  await using served = await serve(...lines);
  await served.reload(...lines);
  assert.match(served.logText, /gate\.mjs: reloaded\n/);
  assert.doesNotMatch(served.logText, /takes a restart/);
});

/** What a reload says of the one listener; nothing else is another afterwards. */
async function asksForRestart(name: string, before: readonly string[], after: readonly string[]) {
  await using served = await serve(...before);
  const code = await answer(served, guest);
  await served.reload(...after);
  const told = served.logText.match(/Warning: '.*' .*has changed, which takes a restart\./g);
  const place = `of listener 127.0.0.1:${served.port}`;
  assert.deepEqual(told, [`Warning: '${name}' ${place} has changed, which takes a restart.`]);
  assert.equal(await answer(served, guest), code);
}

const included = folder.folder('included');
itDiffers('include_dir', 'what stands in its files counts', {
  beside: closed,
  line: `include_dir ${included}`,
  without: notAuthorized,
  with: success,
  see: answer,
});
folder.write('included/all.conf', 'allow_anonymous true');
folder.write('included/passed-over.txt', 'allow_anonymous false');
