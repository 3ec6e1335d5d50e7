/** Framing: pieces, sizes, versions, and what the reader keeps. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AssemblyPool } from './assembly-pool.ts';
import type { Connect } from './connect.ts';
import { fromClient } from './from-client.ts';
import { fromServer } from './from-server.ts';
import { encodePacket, type Packet } from './packet.ts';
import { bytesOf } from './packet-notation.ts';
import { PacketReader } from './packet-reader.ts';
import type { Publish } from './publish.ts';
import { reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';

const packetBytesLargest = 268_435_455 + 5;
const connect4 = bytesOf('10 ["MQTT" 04 02 003c "id"]');
const connect5 = bytesOf('10 ["MQTT" 05 02 003c [] "id"]');

describe('the version', () => {
  it('is unknown until CONNECT says it', () => {
    const reader = new PacketReader({ from: fromClient, packetBytesMax: 100 });
    assert.equal(reader.version, undefined);
    readAll(reader, connect5);
    assert.equal(reader.version, 5);
  });

  it('refuses every other packet before CONNECT [MQTT-3.1.0-1, MQTT3-3.1.0-1]', () => {
    for (const firstByte of [0x20, 0x30, 0x40, 0x62, 0x82, 0xa2, 0xc0, 0xe0, 0xf0]) {
      const reader = new PacketReader({ from: fromClient, packetBytesMax: 100 });
      reader.push(Uint8Array.of(firstByte, 0));
      assert.throws(() => reader.next(), { reasonCode: reasonCodes.protocolError });
    }
  });

  it('refuses a CONNECT with flags, which only MQTT 3.1 does not use [MQTT-2.1.3-1]', () => {
    for (const protocol of ['"MQTT" 04 02 003c', '"MQTT" 05 02 003c []']) {
      const reader = new PacketReader({ from: fromClient, packetBytesMax: 100 });
      reader.push(bytesOf(`16 [${protocol} "id"]`));
      assert.throws(() => reader.next(), { reasonCode: reasonCodes.malformedPacket });
    }
    const reader = new PacketReader({ from: fromClient, packetBytesMax: 100 });
    assert.equal(readAll(reader, bytesOf('1f ["MQIsdp" 03 02 003c "id"]')).length, 1);
  });

  it('is one that the client may understand when its own is unknown [MQTT-3.1.2-2]', () => {
    const cases = [
      { bytes: '10 ["MQTT" 06 02 003c [] "id"]', version: 5 },
      { bytes: '10 ["MQTT" 03 02 003c "id"]', version: 4 },
      { bytes: '10 ["MQIsdp" 04 02 003c "id"]', version: 4 },
      { bytes: '10 ["MQTT" 83 02 003c "id"]', version: 4 },
      { bytes: '10 ["MQTT" 85 02 003c [] "id"]', version: 5 },
      { bytes: '10 ["HTTP" 06 02 003c "id"]', version: undefined },
    ];
    for (const { bytes, version } of cases) {
      const reader = new PacketReader({ from: fromClient, packetBytesMax: 100 });
      reader.push(bytesOf(bytes));
      const reasonCode = reasonCodes.unsupportedProtocolVersion;
      assert.throws(() => reader.next(), { reasonCode });
      assert.equal(reader.version, version, bytes);
    }
  });

  it('stays that of the first CONNECT, the only one [MQTT-3.1.0-2]', () => {
    const reader = new PacketReader({ from: fromClient, packetBytesMax: 100 });
    readAll(reader, connect5);
    assert.throws(() => readAll(reader, connect4), { reasonCode: reasonCodes.protocolError });
    assert.equal(reader.version, 5);
  });

  it('is unknown to a ping before CONNECT, which is refused alike in one piece and two', () => {
    for (const pieces of [['d9 0d'], ['d9', '0d']]) {
      const reader = new PacketReader({ from: fromClient, packetBytesMax: 100 });
      const read = () => pieces.map((piece) => readAll(reader, bytesOf(piece)));
      assert.throws(read, { reasonCode: reasonCodes.protocolError });
    }
  });

  it('of a ping that a client may not send is refused once its length is known', () => {
    const reader = new PacketReader({ from: fromClient, packetBytesMax: 100, version: 5 });
    assert.deepEqual(readAll(reader, bytesOf('d0')), []);
    assert.throws(() => readAll(reader, bytesOf('01')), {
      reasonCode: reasonCodes.malformedPacket,
    });
    const whole = new PacketReader({ from: fromClient, packetBytesMax: 100, version: 5 });
    assert.throws(() => readAll(whole, bytesOf('d0 00')), {
      reasonCode: reasonCodes.protocolError,
    });
  });

  it('must be told for what a server sends', () => {
    assert.throws(() => new PacketReader({ from: fromServer, packetBytesMax: 100 }), RangeError);
  });
});

describe('the size limit', () => {
  it('counts the header and refuses from the header alone, before the body arrives', () => {
    const packetBytesMax = 10;
    const reader = new PacketReader({ from: fromClient, packetBytesMax, version: 4 });
    assert.equal(readAll(reader, bytesOf('30 08 "abc" (def)')).length, 1);
    assert.equal(reader.lastPacketBytes, packetBytesMax);
    reader.push(bytesOf('30 09'));
    assert.throws(() => reader.next(), { reasonCode: reasonCodes.packetTooLarge });
  });

  it('holds for CONNECT', () => {
    const reader = new PacketReader({ from: fromClient, packetBytesMax: connect5.length - 1 });
    reader.push(connect5.subarray(0, 2));
    assert.throws(() => reader.next(), { reasonCode: reasonCodes.packetTooLarge });
  });

  it('takes no memory for a body that was only announced', () => {
    const reader = readerOf4();
    const before = process.memoryUsage().arrayBuffers;
    reader.push(bytesOf('30 ff ff ff 7f 0001 61'));
    assert.equal(reader.next(), undefined);
    assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
  });
});

describe('the sizes of some packets', () => {
  const sizes = {
    connectBytesMax: 40,
    authBytesMax: 30,
    simpleBytesMax: 4,
    subscribeBytesMax: 20,
  };
  const check = (
    name: string,
    version: ProtocolVersion | undefined,
    { firstByte, most }: { readonly firstByte: number; readonly most: number },
  ) =>
    it(`are at most ${most} bytes for ${name}, which the header alone tells`, () => {
      const readerOf = () =>
        new PacketReader({ from: fromClient, packetBytesMax: 200, version, sizes });
      const reader = readerOf();
      reader.push(Uint8Array.of(firstByte, most));
      assert.equal(reader.next(), undefined);
      const other = readerOf();
      other.push(Uint8Array.of(firstByte, most + 1));
      assert.throws(() => other.next(), { reasonCode: reasonCodes.packetTooLarge });
    });

  check('CONNECT', undefined, { firstByte: 0x10, most: 40 });
  check('a second CONNECT', 5, { firstByte: 0x10, most: 40 });
  check('PUBACK', 5, { firstByte: 0x40, most: 4 });
  check('PUBREC', 5, { firstByte: 0x50, most: 4 });
  check('PUBREL', 5, { firstByte: 0x62, most: 4 });
  check('PUBCOMP', 4, { firstByte: 0x70, most: 4 });
  check('DISCONNECT', 5, { firstByte: 0xe0, most: 4 });
  check('AUTH', 5, { firstByte: 0xf0, most: 30 });
  check('SUBSCRIBE', 5, { firstByte: 0x82, most: 20 });
  check('UNSUBSCRIBE', 5, { firstByte: 0xa2, most: 20 });

  const goesOn = (name: string, version: ProtocolVersion, firstByte: number) =>
    it(`do not bound ${name}`, () => {
      const reader = new PacketReader({ from: fromClient, packetBytesMax: 200, version, sizes });
      reader.push(Uint8Array.of(firstByte, 0x7f));
      assert.equal(reader.next(), undefined);
    });

  goesOn('PUBLISH', 5, 0x30);
  goesOn('SUBSCRIBE of MQTT 3.1.1', 4, 0x82);
  goesOn('UNSUBSCRIBE of MQTT 3.1', 3, 0xa2);
});

describe('pieces', () => {
  it('puts a packet together that comes in many pieces and outgrows its first room', () => {
    const payload = Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 7);
    const bytes = encodePacket({ ...publish, payload }, 4);
    const reader = readerOf4();
    const packets: Packet[] = [];
    for (let at = 0; at < bytes.length; at += 30_011) {
      packets.push(...readAll(reader, bytes.subarray(at, at + 30_011)));
    }
    assert.deepEqual(packets, [{ ...publish, payload }]);
    assert.equal(reader.lastPacketBytes, bytes.length);
  });

  it('reads on after a packet that ended inside a piece', () => {
    const reader = readerOf4();
    const bytes = Uint8Array.of(...bytesOf('30 ["a" (xyz)] c0 00 30 ["b"] e0'));
    const packets = [
      ...readAll(reader, bytes.subarray(0, 3)),
      ...readAll(reader, bytes.subarray(3)),
      ...readAll(reader, Uint8Array.of(0)),
    ];
    assert.deepEqual(
      packets.map(({ type }) => type),
      ['publish', 'pingreq', 'publish', 'disconnect'],
    );
  });

  it('takes empty pieces anywhere', () => {
    const reader = readerOf4();
    assert.deepEqual(readAll(reader, new Uint8Array(0)), []);
    assert.deepEqual(readAll(reader, Uint8Array.of(0xc0)), []);
    assert.deepEqual(readAll(reader, new Uint8Array(0)), []);
    assert.equal(readAll(reader, Uint8Array.of(0)).length, 1);
  });

  it('wants each piece read before the next one', () => {
    const reader = readerOf4();
    reader.push(bytesOf('c0 00 c0 00'));
    reader.next();
    assert.throws(() => reader.push(bytesOf('c0 00')), /before next returned undefined/);
  });
});

describe('the payload', () => {
  it('is a view of the bytes pushed when the packet came in one piece', () => {
    const bytes = encodePacket(publish, 4);
    const [packet] = readAll(readerOf4(), bytes);
    assert.equal((packet as Publish).payload.buffer, bytes.buffer);
  });

  it('is a plain Uint8Array though a Buffer was pushed', () => {
    const [packet] = readAll(readerOf4(), Buffer.from(encodePacket(publish, 4)));
    assert.equal(Object.getPrototypeOf((packet as Publish).payload), Uint8Array.prototype);
  });

  it('has its own memory when the packet came in pieces', () => {
    const bytes = encodePacket(publish, 4);
    const reader = readerOf4();
    readAll(reader, bytes.subarray(0, 5));
    const [packet] = readAll(reader, bytes.subarray(5));
    bytes.fill(0);
    assert.deepEqual(packet, publish);
  });
});

describe('memory for packets in pieces', () => {
  const sentIn = (reader: PacketReader, bytes: Uint8Array): Publish => {
    assert.deepEqual(readAll(reader, bytes.subarray(0, 10)), []);
    reader.push(bytes.subarray(10));
    return reader.next() as Publish;
  };
  const bytesWith = (length: number, fill: number) =>
    encodePacket({ ...publish, payload: new Uint8Array(length).fill(fill) }, 4);

  it('is used again by whoever shares it, once the packet has been dealt with', () => {
    const assemblies = new AssemblyPool(4096);
    const readers = [readerOf4(assemblies), readerOf4(assemblies)];
    const first = sentIn(readers[0], bytesWith(1000, 1));
    const meanwhile = sentIn(readers[1], bytesWith(1000, 2));
    assert.ok(first.payload.every((byte) => byte === 1));
    readers[0].keepRest();
    const next = sentIn(readers[0], bytesWith(1000, 3));
    assert.ok(meanwhile.payload.every((byte) => byte === 2));
    assert.equal(next.payload.buffer, first.payload.buffer);
  });

  it('goes to whoever needs the packet for longer, unless it is far too much', () => {
    const reader = readerOf4(new AssemblyPool(4096));
    const kept = sentIn(reader, bytesWith(3000, 1));
    assert.equal(reader.canGiveAway(kept.payload), true);
    assert.equal(reader.canGiveAway(new Uint8Array(4000)), false);
    const lease = reader.lease(kept.payload)!;
    assert.equal(lease.bytes, kept.payload);
    const next = sentIn(reader, bytesWith(3000, 2));
    assert.notEqual(next.payload.buffer, kept.payload.buffer);
    assert.ok(kept.payload.every((byte) => byte === 1));
    lease.end();
    const small = sentIn(reader, bytesWith(1000, 3));
    assert.equal(small.payload.buffer, next.payload.buffer);
    assert.equal(reader.canGiveAway(small.payload), false);
    const copy = reader.lease(small.payload)!;
    assert.notEqual(copy.bytes.buffer, small.payload.buffer);
    assert.deepEqual(copy.bytes, small.payload);
    const { payload } = sentIn(reader, bytesWith(60, 4));
    assert.equal(reader.lease(payload), undefined);
  });

  it('goes back when the last who has kept the bytes of a packet has let go of them', () => {
    const reader = readerOf4(new AssemblyPool(4096));
    const first = sentIn(reader, bytesWith(3000, 1));
    const lease = reader.lease(first.payload)!;
    lease.share();
    lease.end();
    const second = sentIn(reader, bytesWith(3000, 2));
    assert.notEqual(second.payload.buffer, first.payload.buffer);
    lease.end();
    reader.keepRest();
    const third = sentIn(reader, bytesWith(3000, 3));
    const fourth = sentIn(reader, bytesWith(3000, 4));
    assert.equal(
      new Set([first, second, third, fourth].map(({ payload }) => payload.buffer)).size,
      2,
    );
  });

  it('grows with what has arrived, and holds packets of any size', () => {
    const reader = readerOf4(new AssemblyPool(4096));
    for (const length of [5000, 10, 60_000, 65_000, 66_000, 300_000, 5000]) {
      const bytes = bytesWith(length, length & 0xff);
      const packets: Packet[] = [];
      for (let at = 0; at < bytes.length; at += 1999) {
        reader.push(bytes.subarray(at, at + 1999));
        for (let packet = reader.next(); packet; packet = reader.next()) {
          assert.deepEqual(packet, { ...publish, payload: new Uint8Array(length).fill(length) });
          packets.push(packet);
        }
      }
      assert.equal(packets.length, 1);
    }
  });

  it('is not what CONNECT lies in, which outlives its arrival', () => {
    const reader = new PacketReader({
      from: fromClient,
      packetBytesMax: 100,
      assemblies: new AssemblyPool(4096),
    });
    const bytes = bytesOf('10 ["MQTT" 04 c2 003c "id" "ann" "secret"]');
    reader.push(bytes.slice(0, 9));
    assert.equal(reader.next(), undefined);
    reader.push(bytes.slice(9));
    const { password } = reader.next() as Connect;
    readAll(reader, encodePacket(publish, 4).subarray(0, 4));
    assert.equal(Buffer.from(password!).toString(), 'secret');
  });

  it('keeps what has not been read when its bytes are used for something else', () => {
    const reader = readerOf4();
    const lent = Buffer.concat([encodePacket(publish, 4), encodePacket(publish, 4)]);
    reader.push(lent);
    reader.next();
    reader.keepRest();
    lent.fill(0);
    assert.deepEqual(reader.next(), publish);
    assert.equal(reader.next(), undefined);
  });
});

describe('acknowledgements without objects', () => {
  it('are those of four bytes, where nothing else comes first', () => {
    const reader = readerOf4();
    const types = ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const;
    const packets = types.map((type, i) => ({ type, packetId: 0x100 + i, reasonCode: 0 }) as const);
    reader.push(Buffer.concat(packets.map((packet) => encodePacket(packet, 4))));
    const read = types.map(() => [reader.nextAcknowledgement(), reader.packetId]);
    assert.deepEqual(
      read,
      packets.map(({ type, packetId }) => [type, packetId]),
    );
    assert.deepEqual([reader.nextAcknowledgement(), reader.next()], [undefined, undefined]);
    reader.push(Buffer.concat([encodePacket(publish, 4), encodePacket(packets[0], 4)]));
    assert.equal(reader.nextAcknowledgement(), undefined);
    assert.deepEqual(reader.next(), publish);
    assert.equal(reader.nextAcknowledgement(), 'puback');
  });

  it('are left to `next` where they come in pieces, say more, or are wrong', () => {
    const check = (pieces: readonly string[], packet: Partial<Packet> | string): void => {
      const packetBytesMax = packetBytesLargest;
      const reader = new PacketReader({ from: fromClient, packetBytesMax, version: 5 });
      const read = (): Packet | undefined => {
        assert.equal(reader.nextAcknowledgement(), undefined);
        return reader.next();
      };
      for (const piece of pieces.slice(0, -1)) {
        reader.push(bytesOf(piece));
        assert.equal(read(), undefined);
      }
      reader.push(bytesOf(pieces.at(-1)!));
      if (typeof packet === 'string') assert.throws(read, new RegExp(packet));
      else assert.partialDeepStrictEqual(read(), packet);
    };
    check(['40', '02 0001'], { type: 'puback', packetId: 1 });
    check(['40 02 00', '40 40 02 00'], { type: 'puback', packetId: 0x40 });
    check(['50 03 0001 10'], { type: 'pubrec', reasonCode: reasonCodes.noMatchingSubscribers });
    check(['40 02 0000'], 'packet identifier 0');
    check(['60 02 0001'], 'its flags are fixed');
    check(['c0 00'], { type: 'pingreq' });
  });

  it('keep to the limits that others keep to', () => {
    const sizes = { connectBytesMax: 9, authBytesMax: 9, simpleBytesMax: 1, subscribeBytesMax: 9 };
    const packetBytesMax = packetBytesLargest;
    const reader = new PacketReader({ from: fromClient, packetBytesMax, version: 4, sizes });
    reader.push(bytesOf('40 02 0001'));
    assert.equal(reader.nextAcknowledgement(), undefined);
    assert.throws(() => reader.next(), /at most 1 are accepted/);
  });
});

describe('a failure', () => {
  it('does not repeat a long text in its message, which may become a reason string', () => {
    const reader = readerOf4();
    reader.push(encodePacket({ ...publish, topic: '+"'.repeat(30_000) }, 4));
    const { message } = failureOf(reader) as Error;
    assert.match(message, /^topic name ".*"… has a wildcard/);
    assert.ok(message.length < 300);
  });

  it('stops the reader for good, with the same error', () => {
    const reader = readerOf4();
    reader.push(bytesOf('c0 00 00 00 c0 00'));
    assert.equal(reader.next()?.type, 'pingreq');
    const failures = [failureOf(reader), failureOf(reader)];
    assert.equal(failures[0], failures[1]);
    reader.push(bytesOf('c0 00'));
    assert.equal(failureOf(reader), failures[0]);
  });
});

const publish: Publish = {
  type: 'publish',
  topic: 'a/b',
  payload: Uint8Array.of(1, 2, 3),
  qos: 1,
  retain: false,
  dup: false,
  packetId: 9,
  properties: undefined,
};

function readerOf4(assemblies?: AssemblyPool): PacketReader {
  const packetBytesMax = packetBytesLargest;
  return new PacketReader({ from: fromClient, packetBytesMax, version: 4, assemblies });
}

function readAll(reader: PacketReader, bytes: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  reader.push(bytes);
  for (let packet = reader.next(); packet; packet = reader.next()) packets.push(packet);
  return packets;
}

function failureOf(reader: PacketReader): unknown {
  try {
    reader.next();
  } catch (error) {
    return error;
  }
  return undefined;
}
