/** What each format code prints: compared with mosquitto_sub itself in test/interop. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReceivedMessage } from '../client/inbox.ts';
import { bytesOfText } from './byte-text.ts';
import { messageFormat } from './message-format.ts';
import { UsageError } from './usage-error.ts';

const full: ReceivedMessage = {
  topic: 'a/ö',
  payload: Buffer.from('Hi\0ö'),
  qos: 1,
  retain: true,
  dup: false,
  packetId: 7,
  properties: {
    contentType: 'text',
    correlationData: Buffer.from('c"d'),
    messageExpiryInterval: 60,
    payloadFormatIndicator: 1,
    responseTopic: 'reply',
    subscriptionIdentifiers: [5, 6],
    topicAlias: 3,
    userProperties: [
      ['k', 'v'],
      ['k', 'w'],
    ],
  },
};

const bare: ReceivedMessage = {
  topic: 't',
  payload: Buffer.from('{"b":[1.50,{}]}'),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: undefined,
};

describe('a format', () => {
  for (const { format, prints } of [
    { format: '%%|%A|%C|%D|%E|%F', prints: '%|3|text|c"d|60|1' },
    { format: '%l|%m|%P|%q|%R|%r|%S', prints: '5|7|k:v k:w|1|reply|1|5' },
    { format: '%t=%p', prints: 'a/ö=Hi\0ö' },
    { format: '%x %X', prints: '486900c3b6 486900C3B6' },
    { format: '[%4A][%-4A][%04A][%-04A]', prints: '[   3][3   ][0003][3   ]' },
    { format: '[%6C][%-6C][%06C][%.2C][%6.2C]', prints: '[  text][text  ][  text][te][    te]' },
    { format: '[%12x][%-12x][%012x]', prints: '[  486900c3b6][486900c3b6  ][00486900c3b6]' },
    { format: '[%3x][%2p][%-2p]', prints: '[486900][Hi][Hi]' },
    { format: '[%.2x][%.4:X][%.3|x]', prints: '[48 69 00 c3 b6][4869:00C3:B6][486|900|c3b|6]' },
    {
      format: '[%12.4-x][%-12.2x][%012.2.X]',
      prints: '[  48-6900-c3b6][48 69 00 c3 b6  ][00.48.69.00.C3.B6]',
    },
    { format: '[%:t][%!q]', prints: '[a/ö][1]' },
    { format: '[%5t][%.t]', prints: '[ a/ö][]' }, // Widths count bytes.
    { format: '[%9q][%9r][%9P][%9%]', prints: '[1][1][k:v k:w][%]' },
    { format: '@@ %% \\\\ \\n\\t\\r\\v\\a\\e\\0', prints: '@ % \\ \n\t\r\v\x07\x1b\0' },
    { format: 'ü', prints: 'ü' },
    { format: '', prints: '' },
  ]) {
    it(`${JSON.stringify(format)} prints ${JSON.stringify(prints)}`, () => {
      assert.equal(printed(format, full), prints);
    });
  }

  it('prints blanks, or nothing, for what a message does not have', () => {
    assert.equal(printed('[%A][%C][%D][%E][%F][%P][%9R][%S][%3S]', bare), '[][][][][][][][][   ]');
  });

  for (const { format, looksLike } of [
    { format: '%I', looksLike: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/ },
    { format: '%U', looksLike: /^\d{10}\.\d{9}$/ },
    { format: '@Y-@m @N', looksLike: /^\d{4}-\d\d \d{9}$/ },
    { format: '@s', looksLike: /^\d{10}$/ },
  ]) {
    it(`${format} prints the time`, () => assert.match(printed(format, bare), looksLike));
  }

  for (const { format, fault } of [
    { format: '%', fault: 'Incomplete format specifier.' },
    { format: '%-05', fault: 'Incomplete format specifier.' },
    { format: '%5.', fault: 'Incomplete format specifier.' },
    { format: '@', fault: 'Incomplete format specifier.' },
    { format: '\\', fault: 'Incomplete escape specifier.' },
    { format: '%z', fault: "Invalid format specifier 'z'." },
    { format: '%0-5t', fault: "Invalid format specifier '5'." },
    { format: '%:', fault: 'Incomplete format specifier.' },
    { format: '%::t', fault: "Invalid format specifier ':'." },
    { format: '%1234567t', fault: "Invalid format specifier '7'." },
    { format: '\\q', fault: "Invalid escape specifier 'q'." },
  ]) {
    it(`${JSON.stringify(format)} is refused`, () => {
      assert.throws(() => printed(format, bare), new UsageError(fault));
    });
  }
});

describe('a number of IEEE 754', () => {
  const payloads = {
    float: Buffer.from(Float32Array.of(-1.5).buffer),
    double: Buffer.from(Float64Array.of(1e22).buffer),
    other: Buffer.from('three'),
  };
  for (const { payload, format, prints, complaints = [] } of [
    { payload: 'float', format: '%f', prints: '-1.500000' },
    {
      payload: 'float',
      format: '[%8.2f][%-8.2f][%08.1f][%.0f]',
      prints: '[   -1.50][-1.50   ][-00001.5][-2]',
    },
    {
      payload: 'double',
      format: '%d %.0d',
      prints: '10000000000000000000000.000000 10000000000000000000000',
    },
    {
      payload: 'other',
      format: '<%f>',
      prints: '<>',
      complaints: ['requested float printing, but non-float data received'],
    },
    {
      payload: 'float',
      format: '<%d>',
      prints: '<>',
      complaints: ['requested double printing, but non-double data received'],
    },
  ] as const) {
    it(`${payload} with ${format} prints ${prints}`, () => {
      const told: string[] = [];
      const message = { ...bare, payload: payloads[payload] };
      assert.equal(printed(format, message, { complaints: told }), prints);
      assert.deepEqual(told, complaints);
    });
  }
});

describe('JSON', () => {
  it('has the payload as a text with %j', () => {
    assert.equal(
      withoutTime(printed('%j', full)),
      '{"topic":"a/ö","qos":1,"retain":true,"payloadlen":5,"mid":7,"properties":' +
        '{"content-type":"text","correlation-data":"c\\"d","message-expiry-interval":60,' +
        '"payload-format-indicator":1,"response-topic":"reply","subscription-identifier":5,' +
        '"subscription-identifier":6,"topic-alias":3,"user-properties":[{"k":"v"},{"k":"w"}]},' +
        '"payload":"Hi\\u0000ö"}',
    );
  });

  it('begins with the time', () => {
    const start = /^\{"tst":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}","topic":"t"/;
    assert.match(printed('%j', bare), start);
  });

  it('has the payload as the JSON that it is with %J', () => {
    assert.equal(
      withoutTime(printed('%J', bare)),
      '{"topic":"t","qos":0,"retain":false,"payloadlen":15,"payload":{"b":[1.5,{}]}}',
    );
  });

  it('goes over many lines when it is to be pretty', () => {
    const lines = printed('%J', bare, { pretty: true }).split('\n');
    lines.splice(1, 1); // The time.
    assert.deepEqual(lines, [
      '{',
      '\t"topic":\t"t",',
      '\t"qos":\t0,',
      '\t"retain":\tfalse,',
      '\t"payloadlen":\t15,',
      '\t"payload":\t{',
      '\t\t"b":\t[1.5, {',
      '\t\t\t}]',
      '\t}',
      '}',
    ]);
  });

  it('says null for an empty payload', () => {
    const empty = { ...bare, payload: new Uint8Array() };
    assert.match(printed('%j', empty), /"payloadlen":0,"payload":null}$/);
    assert.match(printed('%J', empty), /"payloadlen":0,"payload":null}$/);
  });

  it('complains of a payload that is none, and prints the rest', () => {
    const complaints: string[] = [];
    assert.equal(printed('<%t%J>', full, { complaints }), '<a/ö>');
    assert.deepEqual(complaints, ['Error: Message payload is not valid JSON on topic a/ö.']);
  });
});

function printed(
  format: string,
  message: ReceivedMessage,
  { pretty = false, complaints = [] as string[] } = {},
): string {
  const textOf = messageFormat(format, { pretty, complain: (each) => complaints.push(each) });
  return new TextDecoder().decode(bytesOfText(textOf(message)));
}

function withoutTime(json: string): string {
  return json.replace(/"tst":"[^"]*",/, '');
}
