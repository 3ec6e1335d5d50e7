/** The properties of PUBLISH that belong to the message: forwarded as they came. (3.3.2.3) */

import { it } from 'node:test';
import { assertClosed, assertReceived, lasting, pair } from '../../harness/wire.ts';

const forwarded = {
  'a Payload Format Indicator of 0 [MQTT-3.3.2-4]': '01 00',
  'a Payload Format Indicator of 1 [MQTT-3.3.2-4]': '01 01',
  'a Response Topic [MQTT-3.3.2-15]': '08 "reply/to"',
  'a Response Topic beyond ASCII [MQTT-3.3.2-15]': '08 "antwort/für/🦗"',
  'Correlation Data [MQTT-3.3.2-16]': '09 0003 00ff80',
  'empty Correlation Data [MQTT-3.3.2-16]': '09 0000',
  'a Content Type [MQTT-3.3.2-20]': '03 "text/plain; charset=utf-8"',
  'an empty Content Type [MQTT-3.3.2-20]': '03 ""',
  'a Content Type with a byte order mark [MQTT-3.3.2-20]': '03 0004 efbbbf61',
  'a User Property [MQTT-3.3.2-17]': '26 "name" "value"',
  'a User Property without name or value [MQTT-3.3.2-17]': '26 "" ""',
  'a User Property beyond ASCII [MQTT-3.3.2-17]': '26 "größe" "🦗"',
  'User Properties in their order, repeated names and pairs too [MQTT-3.3.2-17, MQTT-3.3.2-18]':
    '26 "b" "1" 26 "a" "2" 26 "b" "1" 26 "1" "b" 26 "B" "1" 26 "a" "1"',
  'all of them [MQTT-3.3.2-4, MQTT-3.3.2-15, MQTT-3.3.2-16, MQTT-3.3.2-17, MQTT-3.3.2-20]':
    '01 01 03 "text" 08 "reply" 09 0001 07 26 "k" "v"',
};

/** How a message with these properties reaches the subscriber, and what arrives. */
const ways = {
  async 'at once'(properties: string) {
    const { subscriber, publisher } = await pair();
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.sendBytes(`30 ["a" [${properties}] (x)]`);
    await publisher.sendBytes(`32 ["a" 0001 [${properties}] (x)]`);
    await publisher.sendBytes(`34 ["a" 0002 [${properties}] (x)]`);
    assertReceived(
      subscriber,
      `30 ["a" [${properties}] (x)]`,
      `32 ["a" 0001 [${properties}] (x)]`,
      `34 ["a" 0002 [${properties}] (x)]`,
    );
  },
  async 'of a retained message'(properties: string) {
    const { subscriber, publisher } = await pair();
    await publisher.sendBytes(`31 ["a" [${properties}] (x)]`);
    await subscriber.subscribe('a');
    assertReceived(subscriber, `31 ["a" [${properties}] (x)]`);
  },
  async 'of a message that waited and was sent twice'(properties: string) {
    const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    await publisher.sendBytes(`32 ["a" 0001 [${properties}] (x)]`);
    const second = await broker.connect('subscriber', lasting());
    assertReceived(second, `32 ["a" 0001 [${properties}] (x)]`);
    await second.drop();
    const third = await broker.connect('subscriber', lasting());
    assertReceived(third, `3a ["a" 0001 [${properties}] (x)]`);
  },
};

for (const [name, properties] of Object.entries(forwarded)) {
  for (const [way, check] of Object.entries(ways)) {
    it(`forwards ${name} ${way}`, () => check(properties));
  }
}

it('adds nothing to a message without properties', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('a');
  await publisher.sendBytes('30 ["a" 00 (x)]');
  assertReceived(subscriber, '30 ["a" 00 (x)]');
});

it('forwards a payload that is not of the format that it names', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('a');
  await publisher.sendBytes('30 ["a" [01 01] ff]');
  assertReceived(subscriber, '30 ["a" [01 01] ff]');
});

it('leaves the properties out for a subscriber of MQTT 3.1.1', async () => {
  const { subscriber, publisher } = await pair({ subscriber: { version: 4 } });
  await subscriber.subscribe('a');
  await publisher.sendBytes('30 ["a" [01 01 26 "k" "v"] (x)]');
  assertReceived(subscriber, '30 ["a" (x)]');
});

it('carries a request and its response [MQTT-3.3.2-15, MQTT-3.3.2-16]', async () => {
  const { broker, subscriber: responder, publisher: requester } = await pair();
  const bystander = await broker.connect('bystander');
  await requester.subscribe('for/requester');
  await bystander.subscribe('for/bystander');
  await responder.subscribe('requests');
  const properties = '08 "for/requester" 09 0002 0017';
  await requester.sendBytes(`30 ["requests" [${properties}] (2 + 3)]`);
  assertReceived(responder, `30 ["requests" [${properties}] (2 + 3)]`);
  await responder.sendBytes('30 ["for/requester" [09 0002 0017] (5)]');
  assertReceived(requester, '30 ["for/requester" [09 0002 0017] (5)]');
  assertReceived(bystander, '');
});

const refused = [
  { name: 'a Response Topic that is not UTF-8 [MQTT-3.3.2-13]', bytes: '08 0001 ff', code: '81' },
  { name: 'a Response Topic with U+0000 [MQTT-3.3.2-13]', bytes: '08 0001 00', code: '81' },
  { name: 'a Response Topic with # [MQTT-3.3.2-14, MQTT-4.7.0-1]', bytes: '08 "a/#"', code: '82' },
  { name: 'a Response Topic with + [MQTT-3.3.2-14, MQTT-4.7.0-1]', bytes: '08 "+"', code: '82' },
  { name: 'two Response Topics', bytes: '08 "a" 08 "a"', code: '82' },
  { name: 'a Content Type that is not UTF-8 [MQTT-3.3.2-19]', bytes: '03 0001 c0', code: '81' },
  { name: 'a Content Type with U+0000 [MQTT-3.3.2-19]', bytes: '03 0001 00', code: '81' },
  { name: 'two Content Types', bytes: '03 "a" 03 "a"', code: '82' },
  { name: 'Correlation Data twice', bytes: '09 0000 09 0000', code: '82' },
  { name: 'a Payload Format Indicator of 2', bytes: '01 02', code: '82' },
  { name: 'two Message Expiry Intervals', bytes: '02 00000001 02 00000001', code: '82' },
  { name: 'a Topic Alias of 0 [MQTT-3.3.2-8]', bytes: '23 0000', code: '82' },
  { name: 'a Topic Alias twice', bytes: '23 0001 23 0001', code: '82' },
  { name: 'a Subscription Identifier [MQTT-3.3.4-6]', bytes: '0b 01', code: '82' },
  { name: 'a Subscription Identifier of 0 [MQTT-3.3.4-6]', bytes: '0b 00', code: '82' },
  { name: 'a property of CONNECT', bytes: '21 0001', code: '82' },
  { name: 'a property that does not exist', bytes: '7f', code: '81' },
  { name: 'a property cut short', bytes: '02 0000', code: '81' },
];

for (const { name, bytes, code } of refused) {
  it(`answers a PUBLISH with ${name}, with DISCONNECT 0x${code}`, async () => {
    const { subscriber, publisher } = await pair();
    await subscriber.subscribe('#');
    await publisher.sendBytes(`30 ["a" [${bytes}] (x)]`);
    assertClosed(publisher, 5, code);
    assertReceived(subscriber, '');
  });
}
