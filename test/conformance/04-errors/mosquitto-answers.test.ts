/**
 * What Mosquitto 2.1 answers to malformed packets, byte for byte, also where MQTT 5.0 recommends
 * another reason code (docs/decisions/016-reason-codes.md).
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesOf, hexOf } from '../../../src/packet/packet-notation.ts';
import type { ProtocolVersion } from '../../../src/packet/version.ts';
import { TestBroker } from '../../harness/test-broker.ts';

interface Row {
  readonly version?: ProtocolVersion;
  /** What a connected client sends. */
  readonly sent: string;
  /** All that comes back, in the notation of packet-notation.ts. */
  readonly answer: string;
  /** The connection goes on. */
  readonly open?: true;
}

async function check({ version = 5, sent, answer, open }: Row): Promise<void> {
  const client = await new TestBroker().connect('p', { version });
  await client.sendBytes(sent);
  assert.equal(client.receivedHex(), hexOf(bytesOf(answer)), sent);
  assert.equal(client.isClosed, open === undefined, `${sent} closes the connection`);
}

function rows(answer: string, ...packets: readonly string[]): readonly Row[] {
  return packets.map((sent) => ({ sent, answer }));
}

const malformed = 'e0 [81]';
const protocolError = 'e0 [82]';

/** Text that is no UTF-8, or has what MQTT advises against (5.0 section 1.5.4). */
const badTexts = {
  'U+0000': '0005 746f700000',
  'a surrogate': '0005 746feda080',
  'U+0001': '0005 746f700170',
  'U+001F': '0005 746f701f70',
  'U+007F': '0005 746f707f70',
  'U+009F': '0005 746fc29f70',
  'U+FDD0': '0005 746fefb790',
  'U+FFFF': '0005 746fefbfbf',
};

describe('Mosquitto answers', () => {
  for (const [name, text] of Object.entries(badTexts)) {
    it(`a topic with ${name} as a malformed packet`, async () => {
      for (const row of rows(
        malformed,
        `30 [${text} 00 (x)]`,
        `82 [1234 00 ${text} 00]`,
        `a2 [1234 00 ${text}]`,
      )) {
        await check(row);
      }
      for (const sent of [`30 [${text} (x)]`, `82 [1234 ${text} 00]`, `a2 [1234 ${text}]`]) {
        await check({ version: 4, sent, answer: '' });
      }
    });
  }

  it('a character of a higher plane as any other', async () => {
    const sent = '32 [0005 41f0aa9b94 1234 00 (x)]';
    await check({ sent, answer: '40 [1234 10]', open: true });
  });

  const claims: Readonly<Record<string, readonly Row[]>> = {
    'a PUBLISH whose flags or topic cannot be as malformed': rows(
      malformed,
      '38 ["topic" 00 (x)]',
      '36 ["topic" 00 (x)]',
      '36 ["topic" 1234 00 (x)]',
      '30 ["+opic" 00 (x)]',
      '30 ["#opic" 00 (x)]',
      '30 ["" 00 (x)]',
      '32 ["" 1234 00 (x)]',
    ),
    'packet identifier 0 of PUBLISH and its answers as a protocol error': rows(
      protocolError,
      '32 ["topic" 0000 00 (x)]',
      '34 ["topic" 0000 00 (x)]',
      ...['40', '50', '62', '70'].map((first) => `${first} [0000 00]`),
    ),
    'packet identifier 0 of SUBSCRIBE and UNSUBSCRIBE as malformed': rows(
      malformed,
      '82 [0000 00 "p" 00]',
      'a2 [0000 00 "p"]',
    ),
    'SUBSCRIBE and UNSUBSCRIBE without a filter as malformed': rows(
      malformed,
      '82 [1234 00]',
      'a2 [1234 00]',
    ),
    'options and a subscription identifier that cannot be as malformed': rows(
      malformed,
      ...['03', '30', '40', '80', 'f0'].map((options) => `82 [1234 00 "p" ${options}]`),
      '82 [0001 [0b 00] "p" 00]',
      '82 [0001 [01 02] "p" 00]',
    ),
    'a filter that cannot be as malformed': rows(
      malformed,
      '82 [1234 00 "" 00]',
      '82 [1234 00 "q" 00 "" 00]',
      '82 [1234 00 "a/#/b" 00]',
      '82 [1234 00 "$share/#/p" 00]',
      'a2 [1234 00 "" "q"]',
      'a2 [1234 00 "a/#/b"]',
    ),
    'a share that cannot be as a protocol error': rows(
      protocolError,
      '82 [1234 00 "$share/+/p" 00]',
      '82 [1234 00 "$share/p/" 00]',
      '82 [1234 00 "$share/p" 00]',
      '82 [1234 00 "$share/p/p" 04]',
      '82 [1234 00 "$share/p/p" 47]',
    ),
    'a packet that ends too early, or too late, as malformed': rows(
      malformed,
      ...['82 [1234 00 "p"]', '82 [1234 00 "p" 00 00]', '82 [1234]', '82 01 12', '82 00'],
      ...['a2 [1234 00 0001]', 'a2 [1234 00 01]', 'a2 [1234]', 'a2 00'],
      ...['40', '50', '62', '70'].flatMap((first) => [
        `${first} 00`,
        `${first} 01 01`,
        `${first} [0001 00 00 00]`,
        `${first} [0001 00 01]`,
      ]),
      'e0 [00 01 00]',
      'e0 [8b [11 00]]',
    ),
    'flags that are fixed as malformed': rows(
      malformed,
      ...['41', '42', '44', '48', '51', '63', '60'].map((first) => `${first} [0001 00]`),
      ...['80', '83', '84', '8a'].map((first) => `${first} [1234 00 "p" 00]`),
      ...['a0', 'a3', 'a4', 'aa'].map((first) => `${first} [1234 00 "p"]`),
      ...['c1', 'c8', 'e1', 'e8', 'd1', 'd8'].map((first) => `${first} 00`),
      ...['91', '98', 'b1', 'b8'].map((first) => `${first} [0001 00]`),
    ),
    'what only a server sends as a protocol error': rows(
      protocolError,
      ...['20 00', '20 [00 00 00]', '21 [00 00 00]', '29 [00 01]'],
      ...['90 00', '90 [0001 00 00]', 'b0 00', 'b0 [0001 00]', 'd0 00'],
    ),
    'a packet of type 0 as a protocol error, before its length is known': rows(
      protocolError,
      ...['00', '01', '02', '04', '08'].map((first) => `${first} 00`),
      '00 01 00',
      '00 80 80 80 80 01',
      '0a c0',
    ),
    'reason codes that do not exist, and AUTH out of the blue, as a protocol error': rows(
      protocolError,
      ...['40', '50', '62', '70'].map((first) => `${first} [0001 ff 00]`),
      ...['f0 00', 'f0 01 00', 'f0 [18]', 'f0 [18 [7f 01]]'],
      ...['f1', 'f2', 'f4', 'f8'].flatMap((first) => [`${first} 00`, `${first} 01 00`]),
    ),
    'properties with impossible values as a protocol error': rows(
      protocolError,
      '32 ["topic" 1234 [01 02] (x)]',
      '32 ["topic" 1234 [08 "#"] (x)]',
      '32 ["topic" 1234 [08 ""] (x)]',
      '32 ["topic" 1234 [0b 01] (x)]',
      'e0 [00 [11 00000001]]',
      '30 ["topic" [23 0000] (x)]',
      'e0 [8b [01 00]]',
    ),
    'a DISCONNECT that goes on after its properties as a protocol error': rows(
      protocolError,
      'e0 [00 00 00]',
      'e0 [8b 00 00]',
    ),
    'an alias above the maximum by name': rows('e0 [94]', '30 ["topic" [23 000b] (x)]'),
  };

  for (const [claim, packets] of Object.entries(claims)) {
    it(claim, async () => {
      for (const row of packets) await check(row);
    });
  }

  it('the steps of QoS 1 and 2, with 0x10 in PUBACK alone', async () => {
    const client = await new TestBroker().connect('p');
    const steps = {
      '32 ["topic" 1234 00 (x)]': '40 [1234 10]',
      '3a ["topic" 1235 00 (x)]': '40 [1235 10]',
      '34 ["topic" 1234 00 (x)]': '50 [1234]',
      '3c ["topic" 1234 00 (x)]': '50 [1234]',
      '62 [1234]': '70 [1234]',
      '40 [0001 80 00]': '',
      '50 [0001 80]': '',
      'a2 [1234 00 "p" "q"]': 'b0 [1234 00 11 11]',
      'c0 00': 'd0 00',
    };
    for (const [sent, answer] of Object.entries(steps)) {
      await client.sendBytes(sent);
      assert.equal(client.receivedHex(), hexOf(bytesOf(answer)), sent);
    }
  });

  it('PUBCOMP where PUBACK or PUBREC is due as a protocol error', async () => {
    for (const version of [4, 5] as const) {
      for (const qos of [1, 2] as const) {
        const broker = new TestBroker();
        const client = await broker.connect('p', { version });
        await client.subscribe('p', { qos });
        const publisher = await broker.connect('helper');
        await publisher.publish('p', 'message', { qos, packetId: 1 });
        if (qos === 2) await publisher.sendBytes('62 [0001]');
        client.receivedHex();
        await client.sendBytes('70 [0001]');
        assert.equal(client.receivedHex(), version === 5 ? 'e0 01 82' : '');
        assert.equal(client.isClosed, true);
      }
    }
  });
});

/** A value of each property, by its identifier. */
const values: Readonly<Record<string, string>> = {
  '01': '00',
  '02': '00000001',
  '03': '"p"',
  '08': '"p"',
  '09': '"p"',
  '0b': '01',
  '11': '00000001',
  '12': '"p"',
  '13': '0005',
  '15': '"p"',
  '16': '"p"',
  '17': '00',
  '18': '00000001',
  '19': '01',
  '1a': '"p"',
  '1c': '"p"',
  '1f': '"p"',
  '21': '0005',
  '22': '0005',
  '23': '0005',
  '24': '01',
  '25': '01',
  '26': '"p" "q"',
  '27': '00000100',
  '28': '01',
  '29': '01',
  '2a': '01',
};

const unknown =
  '00 04 05 06 07 0a 0c 0d 0e 0f 10 14 1b 1d 1e 20 7f 8000 8001 ff7f 808001 ffff7f 80808001 8080808001'.split(
    ' ',
  );

/** Packets with properties, and those that may stand there once. */
const places: Readonly<
  Record<string, readonly [once: string, packet: (properties: string) => string]>
> = {
  PUBLISH: ['01 02 03 08 09 23', (properties) => `32 ["t" 1234 [${properties}] (x)]`],
  SUBSCRIBE: ['0b', (properties) => `82 [0001 [${properties}] "p" 00]`],
  UNSUBSCRIBE: ['', (properties) => `a2 [0001 [${properties}] "p"]`],
  PUBACK: ['1f', (properties) => `40 [0001 00 [${properties}]]`],
  PUBREC: ['1f', (properties) => `50 [0001 00 [${properties}]]`],
  PUBREL: ['1f', (properties) => `62 [0001 00 [${properties}]]`],
  PUBCOMP: ['1f', (properties) => `70 [0001 00 [${properties}]]`],
  DISCONNECT: ['11 1c 1f', (properties) => `e0 [00 [${properties}]]`],
};

describe('Mosquitto answers as malformed', () => {
  for (const [place, [, packet]] of Object.entries(places)) {
    it(`a property of ${place} that has no value, or is unknown`, async () => {
      for (const id of Object.keys(values)) await check({ sent: packet(id), answer: malformed });
      for (const id of unknown) await check({ sent: packet(`${id} 01`), answer: malformed });
    });
  }
});

describe('Mosquitto answers as a protocol error', () => {
  for (const [place, [once, packet]] of Object.entries(places)) {
    const ids = once.split(' ').filter((id) => id !== '');
    if (ids.length === 0) continue;
    it(`a property of ${place} that stands there twice`, async () => {
      for (const id of ids) {
        const property = `${id} ${values[id]}`;
        await check({ sent: packet(`${property} ${property}`), answer: protocolError });
      }
    });
  }
});

describe('Mosquitto answers', () => {
  for (const [place, [once, packet]] of Object.entries(places)) {
    const answer = place.endsWith('SUBSCRIBE') ? malformed : protocolError;
    it(`a property that ${place} does not have with ${answer}`, async () => {
      const allowed = [...once.split(' '), '26'];
      for (const [id, value] of Object.entries(values)) {
        if (allowed.includes(id)) continue;
        await check({ sent: packet(`${id} ${value}`), answer });
        await check({ sent: packet(`${id} ${value} 02 00`), answer: malformed });
        await check({ sent: packet(`${id} ${value} 7f 01`), answer: malformed });
      }
    });
  }
});

describe('Mosquitto says nothing', () => {
  const silent: Readonly<Record<string, readonly string[]>> = {
    'to a remaining length of five bytes': [
      ...['20', '30', '40', '50', '62', '70', '82', '90', 'a2', 'b0', 'c0', 'd0', 'e0', 'f0'].map(
        (first) => `${first} 80 80 80 80 01`,
      ),
      ...['41', '60', 'f1'].map((first) => `${first} 80 80 80 80 01`),
    ],
    'to a ping with a body, whatever its flags': [
      'c0 01 00',
      'c1 01 00',
      'd0 01 00',
      'd8 02 00 00',
    ],
    'to a second CONNECT': ['10 ["MQTT" 05 02 003c [] "id"]', '12 00'],
    'to a DISCONNECT with a code that is not a client’s': [
      ...['01', '05', '87', '89', '8b', '8d', '8e', '8f', '9a', 'a2', 'ff'].map(
        (code) => `e0 [${code}]`,
      ),
      'e0 [8b [1f "p"]]',
    ],
  };
  for (const [claim, packets] of Object.entries(silent)) {
    it(claim, async () => {
      for (const sent of packets) await check({ sent, answer: '' });
    });
  }
});

/** What MQTT demands in the sections named, and Mosquitto does not do. */
describe('MQTT demands something else than Mosquitto does:', () => {
  it('0x92 in PUBREL for a packet identifier that is not in use (3.6.2.1)', () =>
    check({ sent: '50 [0001]', answer: '62 [0001 92]', open: true }));

  it('PUBREC for each copy of a PUBLISH until PUBREL, not for two [MQTT-4.3.3-10]', async () => {
    const copy = '34 ["topic" 1234 00 (x)] ';
    await check({ sent: copy.repeat(4), answer: '50 [1234] '.repeat(4), open: true });
  });
});
