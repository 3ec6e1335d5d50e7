/** Tests what becomes of a running configuration when another one is read. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from './config.ts';
import { defaultConfig, parseConfig } from './config-file.ts';
import { configAfterReload } from './reload.ts';

const of = (...lines: readonly string[]): Config => parseConfig(lines.join('\n'), 'pantala.conf');

interface Case {
  readonly from?: readonly string[];
  readonly to: readonly string[];
  readonly restarts: readonly string[];
}

function check({ from = ['listener 1883'], to, restarts }: Case): Config {
  const after = configAfterReload(of(...from), of(...to));
  assert.deepEqual(after.restarts, restarts);
  return after.config;
}

describe('a reload', () => {
  it('takes what may change, of the broker and of a listener', () => {
    const to = ['listener 1883', 'max_qos 1', 'protocol websockets', 'max_keepalive 10'];
    const { listeners, general } = check({ to, restarts: [] });
    assert.equal(listeners[0].maxQos, 1);
    assert.equal(listeners[0].protocol, 'websockets');
    assert.equal(general.maxKeepalive, 10);
  });

  it('tells of what takes a restart, and goes on with what it has', () => {
    const { general, listeners, state } = check({
      to: [
        'pid_file /run/other.pid',
        'persistence true',
        'durability os',
        'listener 1883',
        'socket_domain ipv4',
      ],
      restarts: ["'durability'", "'persistence'", "'pid_file'", "'socket_domain' of listener 1883"],
    });
    assert.equal(general.pidFile, undefined);
    assert.equal(listeners[0].socketDomain, undefined);
    assert.equal(state, undefined);
  });

  it('tells of it again at the next reload, and not any more when it is taken back', () => {
    const first = of('listener 1883');
    const wanted = of('pid_file /run/other.pid', 'listener 1883');
    const { config } = configAfterReload(first, wanted);
    assert.deepEqual(configAfterReload(config, wanted).restarts, ["'pid_file'"]);
    assert.deepEqual(configAfterReload(config, first).restarts, []);
  });

  it('tells of state that goes elsewhere by the environment or a plugin', () => {
    const state = (directory: string) =>
      parseConfig('persistence true\nlistener 1883', 'pantala.conf', {
        env: { MOSQUITTO_PERSISTENCE_LOCATION: directory },
      });
    const { config, restarts } = configAfterReload(state('/a'), state('/b'));
    assert.deepEqual(restarts, ["'persistence'"]);
    assert.equal(config.state?.directory, '/a');
  });

  it('tells of plugins that are others, or are told something else', () => {
    const plugin = (path: string, option = 'x') => [
      'listener 1883',
      `plugin ${path}`,
      `plugin_opt_a ${option}`,
    ];
    const restarts = ["'plugin' of listener 1883"];
    const otherOption = ["'plugin_opt_a' of listener 1883"];
    check({ to: plugin('/a.ts'), restarts });
    check({ from: plugin('/a.ts'), to: plugin('/b.ts'), restarts });
    const { listeners } = check({
      from: plugin('/a.ts'),
      to: plugin('/a.ts', 'y'),
      restarts: otherOption,
    });
    assert.equal(listeners[0].access.plugins[0].options.a, 'x');
  });

  it('does not tell of plugins whose lines have only moved', () => {
    const plugin = ['listener 1883', 'plugin /a.ts', 'plugin_opt_a x', 'plugin_opt_b y'];
    const moved = ['# moved', 'listener 1883', 'plugin /a.ts', 'plugin_opt_b y', 'plugin_opt_a x'];
    const from = of(...plugin);
    const { config, restarts } = configAfterReload(from, of(...moved));
    assert.deepEqual(restarts, []);
    // By the very object the plugin that was loaded is found again.
    assert.equal(config.listeners[0].access.plugins[0], from.listeners[0].access.plugins[0]);
  });

  it('finds listeners by where they listen, in whatever order, also several at one place', () => {
    const from = ['listener 1883', 'max_qos 0', 'listener 1884', 'listener 1883', 'max_qos 1'];
    const to = ['listener 1884', 'max_qos 1', 'listener 1883', 'listener 1883', 'max_qos 0'];
    const { listeners } = check({ from, to, restarts: [] });
    assert.deepEqual(
      listeners.map(({ port, maxQos }) => [port, maxQos]),
      [
        [1883, 2],
        [1884, 1],
        [1883, 0],
      ],
    );
  });

  it('refuses other listeners', () => {
    const refused = { name: 'ReloadError', message: /add\/remove listeners.*Restart/ };
    const first = of('listener 1883');
    for (const lines of [
      ['listener 1884'],
      ['listener 1883', 'listener 1884'],
      ['listener 1883', 'listener 1883'],
      ['listener 1883 127.0.0.1'],
    ]) {
      assert.throws(() => configAfterReload(first, of(...lines)), refused);
    }
  });

  it('does not open to everybody what listens to all machines, when the listener line is gone', () => {
    const refused = { name: 'ReloadError' };
    const onlyLocal = { ...defaultConfig([1883]), state: undefined };
    assert.throws(() => configAfterReload(of('listener 1883'), onlyLocal), refused);
    assert.throws(() => configAfterReload(onlyLocal, of('listener 1883')), refused);
  });
});
