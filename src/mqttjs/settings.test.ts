/** Tests of what is made of a URL and of options. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MqttJsOptions } from './client-options.ts';
import { type Place, settle } from './settings.ts';

const half = () => 0.5;

function place(url: string | MqttJsOptions, options?: MqttJsOptions): Place {
  return settle(url, options, half).places[0];
}

const tcp = { transport: 'tcp', at: { host: 'h', port: 1883 }, resource: '/' } as const;

describe('the place to connect to', () => {
  const cases: readonly [string | MqttJsOptions, MqttJsOptions | undefined, Place][] = [
    ['mqtt://h', undefined, tcp],
    ['tcp://h:1', undefined, { ...tcp, at: { host: 'h', port: 1 } }],
    ['mqtt://[::1]', undefined, { ...tcp, at: { host: '::1', port: 1883 } }],
    ['mqtts://h', undefined, { ...tcp, transport: 'tls', at: { host: 'h', port: 8883 } }],
    ['ssl://h', { port: 5 }, { ...tcp, transport: 'tls', at: { host: 'h', port: 5 } }],
    ['ws://h', undefined, { ...tcp, transport: 'ws', at: { host: 'h', port: 80 } }],
    [
      'wss://h/mqtt?a=b',
      undefined,
      { transport: 'wss', at: { host: 'h', port: 443 }, resource: '/mqtt?a=b' },
    ],
    ['mqtt+unix:///run/x', undefined, { ...tcp, at: { path: '/run/x' } }],
    ['ws+unix:///run/x', undefined, { ...tcp, transport: 'ws', at: { path: '/run/x' } }],
    [{}, undefined, { ...tcp, at: { host: 'localhost', port: 1883 } }],
    [{ hostname: 'h' }, undefined, tcp],
    [{ servers: [{ host: 'h', port: 1883 }] }, undefined, tcp],
    [
      'mqtt://h',
      { cert: 'c', key: 'k' },
      { ...tcp, transport: 'tls', at: { host: 'h', port: 8883 } },
    ],
  ];
  for (const [url, options, expected] of cases) {
    it(`is found in ${JSON.stringify(url)} ${JSON.stringify(options ?? {})}`, () => {
      assert.deepEqual(place(url, options), expected);
    });
  }
});

describe('the options', () => {
  it('have the defaults of MQTT.js', () => {
    const { options } = settle('mqtt://h', undefined, half);
    const { clientId, ...others } = options;
    assert.match(clientId, /^pantala_\w+$/);
    assert.deepEqual(others, {
      clean: true,
      keepalive: 60,
      reconnectPeriod: 1000,
      connectTimeout: 30_000,
      resubscribe: true,
      queueQoSZero: true,
      protocolVersion: 4,
      protocol: 'mqtt',
      host: 'h',
      unixSocket: false,
    });
  });

  it('may have the user in the URL, or in auth', () => {
    const userOf = (url: string, more?: MqttJsOptions) => {
      const { username, password } = settle(url, more, half).options;
      return [username, password];
    };
    assert.deepEqual(userOf('mqtt://ann:s%40@h'), ['ann', 's@']);
    assert.deepEqual(userOf('mqtt://h', { auth: 'ann:a:b' }), ['ann', 'a:b']);
    assert.deepEqual(userOf('mqtt://h', { auth: 'ann' }), ['ann', undefined]);
    assert.equal(settle('mqtt://h?clientId=c', undefined, half).options.clientId, 'c');
  });

  it('say whom to trust', () => {
    const { tls } = settle('mqtts://h', { ca: Buffer.from('ca'), rejectUnauthorized: false }, half);
    assert.deepEqual([tls.ca, tls.unverified], [['ca'], true]);
  });

  const refused: readonly [string, MqttJsOptions & Record<string, unknown>, RegExp][] = [
    ['mqtt://h', { outgoingStore: {} }, /does not support the option 'outgoingStore': `outbox`/],
    ['mqtt://h', { wsOptions: {} }, /does not support the option 'wsOptions'$/],
    ['mqtt://h', { pfx: '' }, /does not support the option 'pfx'/],
    ['wx://h', {}, /does not support the protocol 'wx'/],
    ['mqtt://h', { protocolId: 'MQIsdp' }, /protocolId 'MQIsdp' with protocolVersion 4/],
    ['mqtt://h', { properties: { authenticationMethod: 'x' } as object }, /authenticationMethod/],
    ['h:1883', {}, /Missing protocol in 'h:1883'/],
    ['mqtt://h', { clean: false }, /Missing clientId/],
    ['mqtt://h', { unixSocket: true }, /Missing path/],
  ];
  for (const [url, options, text] of refused) {
    it(`are refused by name: ${JSON.stringify(options)} with ${url}`, () => {
      assert.throws(() => settle(url, options, half), text);
    });
  }

  it('that nobody knows are nothing to anybody, as in MQTT.js', () => {
    assert.ok(settle('mqtt://h', { maxConnect: 3 } as MqttJsOptions, half));
  });
});
