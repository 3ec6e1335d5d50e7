/** MQTT over a real TCP connection, however the bytes are cut. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Anonymous } from '../../../src/auth/anonymous.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { bytesOf, hexOf } from '../../../src/packet/packet-notation.ts';
import { NodeHost } from '../../../src/server/node-host.ts';
import type { Listener } from '../../../src/transport/listen-sockets.ts';
import { listenTcp } from '../../../src/transport/tcp.ts';

/** A whole conversation with itself, which the client ends. */
const conversations = [
  {
    name: 'answers a whole conversation of MQTT 3.1.1 over TCP [MQTT3-7.1.1-1]',
    sent:
      '10 ["MQTT" 04 02 003c "id"] 82 [0001 "a/+" 02] 32 ["a/b" 0002 (one)] ' +
      '34 ["a/b" 0003 (two)] c0 00 40 02 0001 50 02 0002 70 02 0002 62 02 0003 e0 00',
    answered:
      '20 02 00 00 90 03 0001 02 32 ["a/b" 0001 (one)] 40 02 0002 ' +
      '34 ["a/b" 0002 (two)] 50 02 0003 d0 00 62 02 0002 70 02 0003',
  },
  {
    name: 'answers a whole conversation of MQTT 5.0 over TCP [MQTT-4.2.0-1]',
    sent:
      '10 ["MQTT" 05 02 003c [] "id"] 82 [0001 [] "a/+" 02] 32 ["a/b" 0002 [] (one)] ' +
      '34 ["a/b" 0003 [26 "k" "v"] (two)] c0 00 40 02 0001 50 02 0002 70 02 0002 62 02 0003 e0 00',
    answered:
      '20 [00 00 [22 000a 27 001e8480 21 0014]] 90 [0001 [] 02] ' +
      '32 ["a/b" 0001 [] (one)] 40 02 0002 ' +
      '34 ["a/b" 0002 [26 "k" "v"] (two)] 50 02 0003 d0 00 62 02 0002 70 02 0003',
  },
];

describe('over TCP', () => {
  const host = new NodeHost();
  let listener: Listener;

  before(async () => {
    const broker = new Broker({ host, gatekeeper: Anonymous.allowed(), systemTopicSeconds: 0 });
    host.start((now) => broker.wake(now));
    listener = await listenTcp(broker.listener().accept, { host: '127.0.0.1', port: 0 });
  });

  after(async () => {
    await listener.close();
    host.stop();
  });

  /** Sends the pieces, each in a turn of its own, and returns what came until the end. */
  async function converse(pieces: readonly Uint8Array[]): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port: listener.port, noDelay: true });
    const received: Uint8Array[] = [];
    socket.on('data', (bytes: Uint8Array) => received.push(bytes));
    const closed = once(socket, 'close');
    for (const piece of pieces) {
      socket.write(piece);
      await setImmediate();
    }
    await closed;
    return hexOf(Buffer.concat(received));
  }

  for (const { name, sent, answered } of conversations) {
    const bytes = bytesOf(sent);
    const expected = hexOf(bytesOf(answered));

    it(`${name}, in one piece`, async () => {
      assert.equal(await converse([bytes]), expected);
    });

    it(`${name}, byte by byte`, async () => {
      assert.equal(await converse(Array.from(bytes, (byte) => Uint8Array.of(byte))), expected);
    });

    it(`${name}, cut in two anywhere`, async () => {
      for (let cut = 1; cut < bytes.length; cut++) {
        const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
        assert.equal(await converse(pieces), expected, `cut at ${cut}`);
      }
    });
  }
});
