/** Tests what --output prints of a message. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ReceivedMessage } from '../client/inbox.ts';
import { bytesOfText } from './byte-text.ts';
import { outputFormat, outputNames } from './output-format.ts';
import { plain, prettyJson, styleOf } from './output-style.ts';

function message(payload: string | Uint8Array, more: Partial<ReceivedMessage> = {}) {
  const bytes = typeof payload === 'string' ? new Uint8Array(Buffer.from(payload)) : payload;
  const fixed = { topic: 'a/b', qos: 1, retain: true, dup: false, packetId: 1 } as const;
  return { ...fixed, payload: bytes, properties: undefined, ...more };
}

interface Flags {
  readonly pretty?: boolean;
  readonly verbose?: boolean;
}

async function print(
  name: string,
  received: ReceivedMessage,
  { pretty = false, verbose = false }: Flags = {},
) {
  const complaints: string[] = [];
  const complain = (line: string) => void complaints.push(line);
  const format = await outputFormat(name, { pretty, verbose, style: plain, complain });
  const text = Buffer.from(bytesOfText(format(received))).toString();
  return { text: text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'NOW'), complaints };
}

describe('--output ndjson', () => {
  for (const [what, received, line] of [
    [
      'a text',
      message('25.5 "é"\n'),
      '{"timestamp":"NOW","topic":"a/b","qos":1,"retain":true,"payload":"25.5 \\"é\\"\\n"}',
    ],
    [
      'bytes that are no text, as base64',
      message(Uint8Array.of(0xff, 0)),
      '{"timestamp":"NOW","topic":"a/b","qos":1,"retain":true,"payload_base64":"/wA="}',
    ],
    [
      'properties',
      message('', {
        properties: {
          contentType: 'x',
          userProperties: [
            ['k', 'é'],
            ['k', '2'],
          ],
          correlationData: Uint8Array.of(0xff),
          subscriptionIdentifiers: [1, 2],
          messageExpiryInterval: 5,
        },
      }),
      '{"timestamp":"NOW","topic":"a/b","qos":1,"retain":true,"properties":{"content_type":"x",' +
        '"user_properties":[["k","é"],["k","2"]],"correlation_data_base64":"/w==",' +
        '"subscription_identifiers":[1,2],"message_expiry_interval":5},"payload":""}',
    ],
    [
      'no command for a terminal',
      message('\x1b[2J\x7f\u009b2J'),
      '{"timestamp":"NOW","topic":"a/b","qos":1,"retain":true,' +
        '"payload":"\\u001b[2J\\u007f\\u009b2J"}',
    ],
  ] as const) {
    it(`prints ${what}`, async () => {
      assert.deepEqual(await print('ndjson', received), { text: line, complaints: [] });
    });
  }

  it('prints one line of valid JSON, whatever arrives', async () => {
    const format = await outputFormat('ndjson', {
      pretty: false,
      verbose: false,
      style: plain,
      complain: assert.fail,
    });
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: 'binary' }), (payload, contentType) => {
        const line = format(message(payload, { topic: contentType, properties: { contentType } }));
        assert.equal(line.includes('\n'), false);
        const { payload: text, payload_base64: base64 } = JSON.parse(
          Buffer.from(line, 'latin1').toString(),
        );
        const again = Buffer.from(text ?? base64, text === undefined ? 'base64' : 'utf8');
        assert.deepEqual(new Uint8Array(again), payload);
      }),
    );
  });
});

describe('--output json', () => {
  it('prints JSON in JSON, with numbers as they came', async () => {
    const payload =
      '\ufeff{ "a": [1, 2], "n": 12345678901234567890.0, "e": {}, "b": null,\n"a": "ü" }';
    const { text } = await print('json', message(payload));
    const lines = [
      '{',
      '  "timestamp": "NOW",',
      '  "topic": "a/b",',
      '  "qos": 1,',
      '  "retain": true,',
      '  "payload": {',
      '    "a": [1, 2],',
      '    "n": 12345678901234567890.0,',
      '    "e": {},',
      '    "b": null,',
      '    "a": "ü"',
      '  }',
      '}',
    ];
    assert.equal(text, lines.join('\n'));
  });

  for (const [payload, printed] of [
    ['on', '"payload": "on"'],
    ['', '"payload": ""'],
    ['{"a":1', '"payload": "{\\"a\\":1"'],
    [Uint8Array.of(0xff), '"payload_base64": "/w=="'],
  ] as const) {
    it(`prints ${JSON.stringify(payload)} as ${printed}`, async () => {
      const { text } = await print('json', message(payload));
      assert.ok(text.endsWith(`  ${printed}\n}`), text);
    });
  }
});

describe('--output hex', () => {
  it('dumps as xxd does, below a heading', async () => {
    const { text } = await print('hex', message('hello there!\n1234567'));
    const lines = [
      'a/b, 20 bytes',
      '00000000: 6865 6c6c 6f20 7468 6572 6521 0a31 3233  hello there!.123',
      '00000010: 3435 3637                                4567',
    ];
    assert.equal(text, lines.join('\n'));
  });

  it('prints an odd byte, and no byte', async () => {
    const { text } = await print('hex', message('a'));
    assert.equal(text, `a/b, 1 byte\n00000000: 61${' '.repeat(39)}a`);
    assert.equal((await print('hex', message(''))).text, 'a/b, 0 bytes');
  });

  it('ends a dump where it would be too long for a string', async () => {
    const { text } = await print('hex', message(new Uint8Array(1024 * 1024 + 1)));
    assert.match(text.slice(-30), /\n\.\.\. and 1 bytes more$/);
  });
});

describe('--output base64, cbor, msgpack and sparkplug', () => {
  const cases = [
    ['base64', Uint8Array.of(0xff, 0, 1), '/wAB'],
    ['cbor', Uint8Array.of(0xa1, 0x61, 0x61, 1), '{"a":1}'],
    ['msgpack', Uint8Array.of(0x81, 0xa1, 0x61, 1), '{"a":1}'],
    ['sparkplug', Uint8Array.of(0x18, 5), '{"seq":5,"metrics":[]}'],
  ] as const;
  for (const [name, payload, text] of cases) {
    it(`${name} prints a line, with -v behind the topic`, async () => {
      assert.deepEqual(await print(name, message(payload)), { text, complaints: [] });
      const verbose = await print(name, message(payload), { verbose: true });
      assert.equal(verbose.text, `a/b ${text}`);
    });

    it(`${name} prints of an empty payload nothing, or (null) behind the topic`, async () => {
      assert.equal((await print(name, message(''))).text, '');
      assert.equal((await print(name, message(''), { verbose: true })).text, 'a/b (null)');
    });
  }

  for (const [name, encoding] of [
    ['cbor', 'CBOR'],
    ['msgpack', 'MessagePack'],
    ['sparkplug', 'Sparkplug B'],
  ] as const) {
    it(`${name} tells what it cannot decode, and prints its bytes in JSON`, async () => {
      const received = message(Uint8Array.of(0xc1), { topic: 'a\x1b[2J' });
      const { text, complaints } = await print(name, received);
      assert.equal(text, '{"payload_hex":"c1"}');
      assert.equal(complaints.length, 1);
      const start = `Error: Message payload on topic a?[2J is not ${encoding}: `;
      assert.ok(complaints[0].startsWith(start), complaints[0]);
    });
  }

  it('print on many lines with --pretty', async () => {
    const { text } = await print('cbor', message(Uint8Array.of(0xa1, 0x61, 0x61, 1)), {
      pretty: true,
    });
    assert.equal(text, '{\n  "a": 1\n}');
  });

  it('sparkplug prints the state of a host, which is JSON or text', async () => {
    const state = message('{"online":true}', { topic: 'spBv1.0/STATE/host' });
    assert.equal((await print('sparkplug', state)).text, '{"online":true}');
    const old = message('ONLINE', { topic: 'STATE/host' });
    assert.equal((await print('sparkplug', old)).text, '"ONLINE"');
  });

  it('are all there are, with json, ndjson and hex', () => {
    const names = ['json', 'ndjson', 'hex', ...cases.map(([name]) => name)];
    assert.deepEqual([...outputNames].sort(), names.sort());
  });
});

describe('colours', () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });

  it('are for terminals', () => {
    assert.equal(styleOf({ stdout: new PassThrough(), env: {} }), plain);
    const style = styleOf({ stdout: terminal, env: {} });
    assert.equal(
      prettyJson('{"a":[1,"x",null]}', style),
      '{\n  \x1b[34m"a"\x1b[0m: [\x1b[33m1\x1b[0m, \x1b[32m"x"\x1b[0m, \x1b[35mnull\x1b[0m]\n}',
    );
  });

  it('are not for who does not want them', () => {
    assert.equal(styleOf({ stdout: terminal, env: { NO_COLOR: '1' } }), plain);
    assert.equal(styleOf({ stdout: terminal, env: { TERM: 'dumb' } }), plain);
    assert.notEqual(styleOf({ stdout: terminal, env: { NO_COLOR: '' } }), plain);
  });

  it('leave the JSON as it is', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        assert.deepEqual(JSON.parse(prettyJson(json, plain)), JSON.parse(json));
      }),
    );
  });
});
