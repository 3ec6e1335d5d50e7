/** Tests what the options of WebSocket and of the PROXY protocol do. */

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after } from 'node:test';
import { bytesOf } from '../../src/packet/packet-notation.ts';
import { binaryHeader, proxyField, tlsField } from '../harness/proxy-headers.ts';
import {
  clientFrame,
  converse,
  opcodes,
  RawWebSocket,
  readAnswer,
  upgradeRequest,
} from '../harness/raw-websocket.ts';
import { itDiffers, itShows } from './option-test.ts';
import { open, type Served, serve } from './served.ts';
import { TestFolder } from './test-folder.ts';
import { WireClient } from './wire-client.ts';

const folder = new TestFolder();
after(() => folder[Symbol.dispose]());

const web = [...open, 'protocol websockets'];
const connectPacket = bytesOf('10 ["MQTT" 04 02 0000 "c"]');
const connack = [0x20, 2, 0, 0];

/** The status that a request for a WebSocket is answered with. */
async function statusOf(
  { port }: Served,
  fields?: Readonly<Record<string, string>>,
): Promise<number> {
  await using webSocket = await RawWebSocket.open(port, upgradeRequest(fields));
  return webSocket.answer.status;
}

itDiffers('protocol', 'websockets: MQTT is spoken in WebSockets, and only so', {
  line: 'protocol websockets',
  without: [undefined, 'connack'],
  with: [connack, undefined],
  async see(served) {
    const answer = await served.connack();
    return [await connackInWebSocket(served), answer?.type];
  },
});

/** What a CONNECT in a WebSocket is answered with; undefined where there is no WebSocket. */
async function connackInWebSocket({ port }: Served): Promise<number[] | undefined> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(upgradeRequest());
  const isAnswered = await hasBytes(socket);
  socket.destroy();
  if (!isAnswered) return undefined;
  await using webSocket = await RawWebSocket.open(port);
  webSocket.send(clientFrame(opcodes.binary, connectPacket));
  const frame = await webSocket.next();
  return frame && [...frame.payload];
}

/** Whether something comes before the end. */
function hasBytes(socket: Socket): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('data', () => resolve(true));
  socket.once('close', () => resolve(false));
  return promise;
}

itDiffers('websockets_origin', 'pages of others may not connect', {
  beside: web,
  line: ['websockets_origin https://ours.example', 'websockets_origin https://mine.example'],
  without: [101, 101, 101, 101],
  with: [101, 101, 403, 101],
  see: async (served) => [
    await statusOf(served, { Origin: 'https://ours.example' }),
    await statusOf(served, { Origin: 'https://mine.example' }),
    await statusOf(served, { Origin: 'https://theirs.example' }),
    await statusOf(served),
  ],
});

folder.folder('www');
folder.write('www/page.html', '<p>hello');
itDiffers('http_dir', 'its files are served, and nothing beside them', {
  beside: web,
  line: `http_dir ${folder.file('www')}`,
  without: [426, 426, 101],
  with: [200, 404, 101],
  see: async (served) => [
    await statusOfPage(served, '/page.html'),
    await statusOfPage(served, '/..%2fpasswords'),
    await statusOf(served),
  ],
});
folder.write('passwords', 'secret');

async function statusOfPage({ port }: Served, path: string): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
  return readAnswer(await converse(port, request)).status;
}

for (const [path, code] of [
  [folder.file('nowhere'), 'ENOENT'],
  [folder.file('passwords'), 'ENOTDIR'],
]) {
  itShows('http_dir', `that is no directory is told at the start: ${code}`, async () => {
    await assert.rejects(serve(...web, `http_dir ${path}`), {
      name: 'ConfigError',
      message:
        `Error: Unable to open http dir "${path}".\nError found at pantala.conf:4. ` +
        `Check that '${path}' is a directory that exists and may be read (${code}).`,
    });
  });
}

for (const option of ['packet_buffer_size', 'websockets_headers_size']) {
  itDiffers(option, 'a longer header of a request is refused', {
    beside: web,
    line: `${option} 1000`,
    without: [101, 101, 431],
    with: [101, 431, 431],
    see: (served) =>
      Promise.all(
        [10, 2000, 5000].map((bytes) => statusOf(served, { 'X-More': 'x'.repeat(bytes) })),
      ),
  });
}

const textHeader = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.1 51234 1883\r\n');

/** How the log calls a client that comes with a header; undefined where it is not let in. */
async function nameBehind(served: Served, header: Uint8Array): Promise<string | undefined> {
  const socket = connect(served.port, '127.0.0.1');
  const client = served.keep(new WireClient(socket, 4));
  const { length } = served.logText;
  socket.write(header);
  if ((await client.connect({ userName: 'sent' }))?.reasonCode !== 0) return undefined;
  const [, peer, name] = /connected from (\S+):[0-9]+ as c \(.*, u'(.*)'\)/.exec(
    served.logText.slice(length),
  )!;
  return `${name}@${peer}`;
}

for (const [version, header, other] of [
  [1, textHeader, binaryHeader()],
  [2, binaryHeader(), textHeader],
] as const) {
  itDiffers('enable_proxy_protocol', `${version}: its header says who the client is`, {
    line: `enable_proxy_protocol ${version}`,
    without: ['sent@127.0.0.1', undefined, undefined],
    with: [undefined, 'sent@192.0.2.1', undefined],
    see: async (served) => [
      await nameBehind(served, new Uint8Array(0)),
      await nameBehind(served, header),
      await nameBehind(served, other),
    ],
  });
}

const cipher = proxyField(0x23, 'TLS_AES_256_GCM_SHA384');
const withTls = binaryHeader({ fields: [tlsField(1, 0, cipher)] });
const withCertificate = binaryHeader({ fields: [tlsField(5, 0, proxyField(0x22, 'device-1'))] });
const withBadCertificate = binaryHeader({ fields: [tlsField(5, 1, proxyField(0x22, 'device-1'))] });
const proxied = [...open, 'enable_proxy_protocol 2'];

itDiffers('proxy_protocol_v2_require_tls', 'who came to the proxy without TLS is not let in', {
  beside: proxied,
  line: 'proxy_protocol_v2_require_tls true',
  without: ['sent@192.0.2.1', 'sent@192.0.2.1'],
  with: [undefined, 'sent@192.0.2.1'],
  see: async (served) => [
    await nameBehind(served, binaryHeader()),
    await nameBehind(served, withTls),
  ],
});

itDiffers('require_certificate', 'behind a proxy: who showed it none is not let in', {
  beside: proxied,
  line: 'require_certificate true',
  without: ['sent@192.0.2.1', 'sent@192.0.2.1', 'sent@192.0.2.1'],
  with: [undefined, 'sent@192.0.2.1', undefined],
  see: async (served) => [
    await nameBehind(served, withTls),
    await nameBehind(served, withCertificate),
    await nameBehind(served, withBadCertificate),
  ],
});

// Whole sentences of Mosquitto's, which programs look for in the log; what helps comes behind them.
for (const [option, value, header, sentence] of [
  [
    'enable_proxy_protocol',
    '1',
    Buffer.from('PROXY TCP5 \r\n'),
    /: Connection rejected, corrupt PROXY header\. /,
  ],
  ['enable_proxy_protocol', '2', textHeader, /: Connection rejected, corrupt PROXY header\. /],
  [
    'proxy_protocol_v2_require_tls',
    'true',
    binaryHeader(),
    /: Connection from 192\.0\.2\.1:51234 rejected, client did not connect using TLS\. /,
  ],
  [
    'require_certificate',
    'true',
    withTls,
    /: Connection from 192\.0\.2\.1:51234 rejected, client did not provide a certificate\. /,
  ],
] as const) {
  itShows(option, `${value}: the log tells of who is not let in by it`, async () => {
    await using served = await serve(...proxied, `${option} ${value}`);
    const socket = connect(served.port, '127.0.0.1');
    served.keep(new WireClient(socket, 4));
    socket.write(header);
    await served.logged(sentence);
  });
}

for (const beside of [proxied, [...proxied, 'require_certificate true']]) {
  const isRequired = beside.length > proxied.length;
  const what = isRequired ? 'required' : 'not required';
  const bare = isRequired ? undefined : 'sent@192.0.2.1';
  itDiffers(
    'use_identity_as_username',
    `behind a proxy: a certificate that it found good says who the user is, ${what} or not`,
    {
      beside,
      line: 'use_identity_as_username true',
      without: [bare, 'sent@192.0.2.1'],
      with: [undefined, 'device-1@192.0.2.1'],
      see: async (served) => [
        await nameBehind(served, withTls),
        await nameBehind(served, withCertificate),
      ],
    },
  );
}
