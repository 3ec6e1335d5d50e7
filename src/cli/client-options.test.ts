/** What the flags of pub and sub make of a client. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'node:test';
import { clientDraft, clientFlags, unservedClientFlags } from './client-flags.ts';
import { clientOptions } from './client-options.ts';
import { readFlags } from './flags.ts';
import { UsageError } from './usage-error.ts';

describe('flags', () => {
  it("mean Mosquitto's defaults when there are none", () => {
    const draft = read();
    assert.deepEqual([draft.host, draft.port, draft.qos], ['localhost', undefined, 0]);
    assert.deepEqual(clientOptions(draft), {
      version: 4,
      clientId: '',
      cleanStart: true,
      keepAliveSeconds: 60,
      userName: undefined,
      password: undefined,
      will: undefined,
      properties: undefined,
      limits: { inflightMessagesMax: 20 },
    });
  });

  for (const { args, options } of [
    { args: '-i me -c', options: { clientId: 'me', cleanStart: false } },
    { args: '-I pre', options: { clientId: `pre${process.pid}` } },
    { args: '-u you -P secret', options: { userName: 'you', password: 'secret' } },
    { args: '-V 31 -i x', options: { version: 3, clientId: 'x' } },
    { args: '-V mqttv5', options: { version: 5, properties: { receiveMaximum: 20 } } },
    {
      args: '-V 5 -c -i x -M 5',
      options: { properties: { receiveMaximum: 5, sessionExpiryInterval: 0xffff_ffff } },
    },
    {
      args: '-V 5 -x 30',
      options: { properties: { receiveMaximum: 20, sessionExpiryInterval: 30 } },
    },
    {
      args: '-x 30',
      options: { version: 5, properties: { receiveMaximum: 20, sessionExpiryInterval: 30 } },
    },
    { args: '-x 30 -V 311', options: { version: 4, properties: undefined } },
    {
      args: '-D connect receive-maximum 3 -D connect user-property a b -D CONNECT user-property a c',
      options: {
        version: 5,
        properties: {
          receiveMaximum: 3,
          userProperties: [
            ['a', 'b'],
            ['a', 'c'],
          ],
        },
      },
    },
    {
      args: '--will-topic w --will-payload p --will-qos 2 --will-retain -D will will-delay-interval 9',
      options: {
        will: {
          topic: 'w',
          payload: new TextEncoder().encode('p'),
          qos: 2,
          retain: true,
          properties: { willDelayInterval: 9 },
        },
      },
    },
  ]) {
    it(`${args} are heard`, () => {
      const found = clientOptions(read(...args.split(' ')));
      assert.deepEqual(found, { ...found, ...options });
    });
  }

  it('of MQTT 3.1 have an identifier made up, of 23 characters at most', () => {
    const { clientId } = clientOptions(read('-V', 'mqttv31'));
    assert.match(clientId ?? '', /^pantala-[0-9a-f]{14}$/);
  });

  for (const { url, draft } of [
    { url: 'mqtt://h/a/b', draft: { host: 'h', port: 1883, topics: ['a/b'] } },
    { url: 'mqtt://h:99/a', draft: { host: 'h', port: 99, topics: ['a'] } },
    { url: 'MQTT://u@h/a', draft: { userName: 'u', password: undefined, host: 'h' } },
    { url: 'mqtt://u:p:q%40@h/#', draft: { userName: 'u', password: 'p:q%40', topics: ['#'] } },
    { url: 'mqtt://[::1]:99/a', draft: { host: '::1', port: 99 } },
    { url: 'mqtts://h/a', draft: { host: 'h', port: 8883, webSocket: false } },
    { url: 'ws://h/a', draft: { host: 'h', port: 1883, webSocket: true } },
    { url: 'WSS://u:p@h/a', draft: { userName: 'u', port: 8883, webSocket: true } },
    { url: 'wss://h:443/a', draft: { host: 'h', port: 443, webSocket: true, topics: ['a'] } },
  ]) {
    it(`-L ${url} says it all`, () => {
      const found = read('-L', url);
      assert.deepEqual(found, { ...found, ...draft });
    });
  }

  for (const { args, fault } of [
    { args: '--bogus', fault: "Unknown option '--bogus'." },
    { args: '-p', fault: '-p argument given but no port specified.' },
    { args: '-p 70000', fault: 'Invalid port given: 70000' },
    { args: '-q 3', fault: 'Invalid QoS given: 3' },
    { args: '-k 3', fault: 'Invalid keepalive given, it must be between 5 and 65535 inclusive.' },
    { args: '-V 4', fault: 'Invalid protocol version argument given.' },
    { args: '-V constructor', fault: 'Invalid protocol version argument given.' },
    { args: '-x abc', fault: 'session-expiry-interval not a number.' },
    { args: '-x -2', fault: 'session-expiry-interval out of range.' },
    { args: '-i a -I b', fault: '-i and -I argument cannot be used together.' },
    { args: '-c', fault: 'You must provide a client id if you are using the -c option.' },
    { args: '--will-qos 3', fault: 'Invalid will QoS 3.' },
    { args: '--will-payload x', fault: 'Will payload given, but no will topic given.' },
    { args: '--will-retain', fault: 'Will retain given, but no will topic given.' },
    {
      args: '--will-topic a/#',
      fault: "Invalid will topic 'a/#', does it contain '+' or '#'?",
    },
    { args: '-L http://h/a', fault: /^Unsupported URL scheme/ },
    { args: '-L mqtt://h:0/a', fault: 'Invalid port given: 0' },
    { args: '-L mqtt://h', fault: 'Invalid URL for -L argument specified - topic missing.' },
    { args: '--tls-engine x', fault: /^Option '--tls-engine' is not served yet/ },
    { args: '--keyform engine', fault: /^Keyform 'engine' is not served/ },
    { args: '--cafile', fault: '--cafile argument given but no file specified.' },
    { args: '--unix', fault: '--unix argument given but no socket path specified.' },
    { args: '-V 5 -x -1', fault: /infinite session expiry interval/ },
    { args: '-D nonsense a b', fault: 'Invalid command nonsense given in --property argument.' },
    {
      args: '-D publish nonsense b',
      fault: 'Invalid property name nonsense given in --property argument.',
    },
    {
      args: '-D publish content-type',
      fault: '--property argument given but not enough arguments specified.',
    },
    {
      args: '-D connect will-delay-interval 1',
      fault: 'will-delay-interval property not allowed for connect in --property argument.',
    },
    {
      args: '-D publish message-expiry-interval soon',
      fault: "Property value 'soon' not a number.",
    },
    { args: '-V', fault: '--protocol-version argument given but no version specified.' },
    { args: '--host', fault: '-h argument given but no host specified.' },
    { args: '-c -I a', fault: /^You must provide a client id/ },
    {
      args: '-D publish subscription-identifier 1',
      fault: 'subscription-identifier property not supported for publish in --property argument.',
    },
    {
      args: '-D puback user-property a b',
      fault: 'user-property property not supported for puback in --property argument.',
    },
    { args: '-D connect receive-maximum 0', fault: /^Property value \(0\) out of range/ },
    { args: '-D publish content-type a -D publish content-type b', fault: /^Duplicate property/ },
    { args: '-x 5 -D connect session-expiry-interval 5', fault: /^Duplicate property/ },
    { args: '-D disconnect session-expiry-interval 5', fault: /cannot prolong/ },
  ]) {
    it(`${args} is refused`, () => {
      assert.throws(
        () => clientOptions(read(...args.split(' '))),
        (error: unknown) => {
          assert.ok(error instanceof UsageError);
          if (typeof fault === 'string') assert.equal(error.message, fault);
          else assert.match(error.message, fault);
          return true;
        },
      );
    });
  }
});

function read(...args: string[]) {
  const draft = clientDraft();
  readFlags(args, draft, { flags: clientFlags, unserved: unservedClientFlags });
  return draft;
}
