/** MQTT over a real WebSocket, however packets and frames lie to each other. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Anonymous } from '../../../src/auth/anonymous.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { bytesOf, hexOf } from '../../../src/packet/packet-notation.ts';
import { NodeHost } from '../../../src/server/node-host.ts';
import { type Listener, listenSockets } from '../../../src/transport/listen-sockets.ts';
import { webSockets } from '../../../src/transport/websocket.ts';
import { clientFrame, opcodes, RawWebSocket, upgradeRequest } from '../../harness/raw-websocket.ts';

/** A whole conversation with itself, which the client ends. */
const conversations = [
  {
    version: 'MQTT 3.1.1',
    connect: '10 ["MQTT" 04 02 003c "id"]',
    welcome: '20 02 00 00',
    sent:
      '10 ["MQTT" 04 02 003c "id"] 82 [0001 "a/+" 02] 32 ["a/b" 0002 (one)] ' +
      '34 ["a/b" 0003 (two)] c0 00 40 02 0001 50 02 0002 70 02 0002 62 02 0003 e0 00',
    answered:
      '20 02 00 00 90 03 0001 02 32 ["a/b" 0001 (one)] 40 02 0002 ' +
      '34 ["a/b" 0002 (two)] 50 02 0003 d0 00 62 02 0002 70 02 0003',
  },
  {
    version: 'MQTT 5.0',
    connect: '10 ["MQTT" 05 02 003c [] "id"]',
    welcome: '20 [00 00 [22 000a 27 001e8480 21 0014]]',
    sent:
      '10 ["MQTT" 05 02 003c [] "id"] 82 [0001 [] "a/+" 02] 32 ["a/b" 0002 [] (one)] ' +
      '34 ["a/b" 0003 [26 "k" "v"] (two)] c0 00 40 02 0001 50 02 0002 70 02 0002 62 02 0003 e0 00',
    answered:
      '20 [00 00 [22 000a 27 001e8480 21 0014]] 90 [0001 [] 02] ' +
      '32 ["a/b" 0001 [] (one)] 40 02 0002 ' +
      '34 ["a/b" 0002 [26 "k" "v"] (two)] 50 02 0003 d0 00 62 02 0002 70 02 0003',
  },
];

describe('over WebSocket', () => {
  const host = new NodeHost();
  let listener: Listener;

  before(async () => {
    const broker = new Broker({ host, gatekeeper: Anonymous.allowed(), systemTopicSeconds: 0 });
    host.start((now) => broker.wake(now));
    listener = await listenSockets(webSockets(broker.listener().accept), {
      host: '127.0.0.1',
      port: 0,
    });
  });

  after(async () => {
    await listener.close();
    host.stop();
  });

  /** Sends the pieces, each in a turn of its own, and returns what came in binary frames. */
  async function converse(pieces: readonly Uint8Array[]): Promise<string> {
    await using client = await RawWebSocket.open(listener.port);
    for (const piece of pieces) {
      client.send(piece);
      await setImmediate();
    }
    const received: Uint8Array[] = [];
    for (let frame = await client.next(); frame; frame = await client.next()) {
      if (frame.opcode === opcodes.close) {
        client.send(clientFrame(opcodes.close, frame.payload));
        continue;
      }
      assert.equal(frame.opcode, opcodes.binary);
      received.push(frame.payload);
    }
    return hexOf(Buffer.concat(received));
  }

  for (const { version, connect, welcome, sent, answered } of conversations) {
    describe(version, () => {
      const bytes = bytesOf(sent);
      const expected = hexOf(bytesOf(answered));
      const binary = (piece: Uint8Array) => clientFrame(opcodes.binary, piece);

      it('answers a whole conversation, all of it in one frame [MQTT-6.0.0-2, MQTT3-6.0.0-2]', async () => {
        assert.equal(await converse([binary(bytes)]), expected);
      });

      it('answers it with a frame for each byte [MQTT-6.0.0-2, MQTT3-6.0.0-2]', async () => {
        const frames = Array.from(bytes, (byte) => binary(Uint8Array.of(byte)));
        assert.equal(await converse(frames), expected);
        assert.equal(await converse([Buffer.concat(frames)]), expected);
      });

      it('answers it in two frames, wherever the cut is [MQTT-6.0.0-2, MQTT3-6.0.0-2]', async () => {
        for (let cut = 1; cut < bytes.length; cut++) {
          const frames = [binary(bytes.subarray(0, cut)), binary(bytes.subarray(cut))];
          assert.equal(await converse(frames), expected, `cut at ${cut}`);
        }
      });

      it('answers it in one message of two fragments, wherever the cut is [MQTT-6.0.0-2, MQTT3-6.0.0-2]', async () => {
        for (let cut = 1; cut < bytes.length; cut++) {
          const frames = [
            clientFrame(opcodes.binary, bytes.subarray(0, cut), { isFinal: false }),
            clientFrame(opcodes.continuation, bytes.subarray(cut)),
          ];
          assert.equal(await converse(frames), expected, `cut at ${cut}`);
        }
      });

      it('answers it whatever pieces the network makes of its frames [MQTT-6.0.0-2, MQTT3-6.0.0-2]', async () => {
        const frame = binary(bytes);
        for (let cut = 1; cut < frame.length; cut++) {
          const pieces = [frame.subarray(0, cut), frame.subarray(cut)];
          assert.equal(await converse(pieces), expected, `cut at ${cut}`);
        }
      });

      it('answers CONNECT in a binary frame [MQTT-6.0.0-1, MQTT3-6.0.0-1]', async () => {
        await using client = await RawWebSocket.open(listener.port);
        client.send(binary(bytesOf(connect)));
        const frame = await client.next();
        assert.equal(frame?.opcode, opcodes.binary);
        assert.equal(hexOf(frame!.payload), hexOf(bytesOf(welcome)));
      });

      it('closes when CONNECT comes in a text frame [MQTT-6.0.0-1, MQTT3-6.0.0-1]', async () => {
        await using client = await RawWebSocket.open(listener.port);
        client.send(clientFrame(opcodes.text, bytesOf(connect)));
        assert.equal(await client.closeCode(), 1003);
        client.send(clientFrame(opcodes.close));
        assert.equal(await client.next(), undefined);
      });

      it('closes when a text frame comes in the middle of it [MQTT-6.0.0-1, MQTT3-6.0.0-1]', async () => {
        await using client = await RawWebSocket.open(listener.port);
        client.send(binary(bytesOf(connect)));
        await client.next();
        client.send(clientFrame(opcodes.text, bytesOf('c0 00')));
        assert.equal(await client.closeCode(), 1003);
      });

      it('selects the subprotocol "mqtt" where it is offered [MQTT-6.0.0-4, MQTT3-6.0.0-4]', async () => {
        for (const offered of ['mqtt', 'mqttv3.1, mqtt', 'a, mqtt, b']) {
          const request = upgradeRequest({ 'Sec-WebSocket-Protocol': offered });
          await using client = await RawWebSocket.open(listener.port, request);
          assert.equal(client.answer.header.get('sec-websocket-protocol'), 'mqtt');
        }
      });
    });
  }
});
