/** What frames carry, and what is wrong with them, wherever the network cuts them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type FramesRead, readByForeign } from '../../test/harness/foreign-frames.ts';
import { clientFrame, opcodes } from '../../test/harness/raw-websocket.ts';
import { FrameError, FrameReader, type FrameReaderOptions } from './websocket-frames.ts';

const limits = { frameBytesMax: 70_000, fragmentsMax: 4 };
const fromClient = { from: 'client', ...limits } as const;
const fromServer = { from: 'server', ...limits } as const;

function readAll(pieces: readonly Uint8Array[], options: FrameReaderOptions): FramesRead {
  const reader = new FrameReader(options);
  const payload: Uint8Array[] = [];
  const controls: string[] = [];
  try {
    for (const piece of pieces) {
      const lent = new Uint8Array(piece);
      reader.push(lent);
      for (let next = reader.next(); next !== undefined; next = reader.next()) {
        if (next instanceof Uint8Array) payload.push(new Uint8Array(next));
        else if (next.type !== 'close') controls.push(`${next.type} ${hexOf(next.payload)}`);
        else {
          controls.push(`close ${next.code ?? 1005} ${next.reason}`);
          return { payload: hexOf(Buffer.concat(payload)), controls, closeCode: undefined };
        }
      }
      lent.fill(0xdb);
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    assert.throws(() => reader.next(), error, 'and each time');
    return { payload: hexOf(Buffer.concat(payload)), controls, closeCode: error.closeCode };
  }
  return { payload: hexOf(Buffer.concat(payload)), controls, closeCode: undefined };
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const eachByte = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));

/** Whole, in two pieces wherever the cut is, byte by byte, and as `ws` reads it. */
async function check(
  bytes: Uint8Array,
  expected: Partial<FramesRead>,
  options: typeof fromClient | typeof fromServer = fromClient,
): Promise<void> {
  const read = { payload: '', controls: [], closeCode: undefined, ...expected };
  assert.deepEqual(readAll([bytes], options), read);
  assert.deepEqual(readAll(eachByte(bytes), options), read);
  // The middle of what is long is the same everywhere.
  for (let cut = 1; cut < bytes.length; cut += cut > 300 && cut < bytes.length - 300 ? 997 : 1) {
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
    assert.deepEqual(readAll(pieces, options), read, `cut at ${cut}`);
  }
  if (read.closeCode === 1003) return; // what is text for `ws`
  assert.deepEqual(await readByForeign([bytes], options), read, 'as ws reads it');
}

describe('the payload of a frame', () => {
  for (const length of [0, 1, 2, 125, 126, 127, 1000, 65_535, 65_536, 70_000]) {
    const payload = Buffer.from(Array.from({ length }, (_, i) => i % 251));
    it(`of ${length} bytes is given on, masked or not`, async () => {
      await check(clientFrame(opcodes.binary, payload), { payload: hexOf(payload) });
      const plain = clientFrame(opcodes.binary, payload, { isMasked: false });
      await check(plain, { payload: hexOf(payload) }, fromServer);
    });
  }

  it('is given on as the other examples of RFC 6455 section 5.7 have it', async () => {
    await check(Buffer.from('818537fa213d7f9f4d5158'.replace('81', '82'), 'hex'), {
      payload: hexOf(Buffer.from('Hello')),
    });
    await check(
      Buffer.from('890548656c6c6f', 'hex'),
      { controls: ['ping 48656c6c6f'] },
      fromServer,
    );
    await check(Buffer.from('8a8537fa213d7f9f4d5158', 'hex'), { controls: ['pong 48656c6c6f'] });
  });

  it('may have a longer form of its length than it needs', async () => {
    await check(Buffer.from('82fe00010000000061', 'hex'), { payload: '61' });
    await check(Buffer.from('82ff00000000000000010000000061', 'hex'), { payload: '61' });
  });

  it('is one piece with that of the frames behind it', () => {
    const reader = new FrameReader(fromClient);
    const frames = ['one ', 'two ', 'three'].map((text) =>
      clientFrame(opcodes.binary, Buffer.from(text)),
    );
    reader.push(Buffer.concat(frames));
    assert.equal(Buffer.from(reader.next() as Uint8Array).toString(), 'one two three');
    assert.equal(reader.next(), undefined);
  });
});

describe('a message', () => {
  const text = Buffer.from('in fragments');
  const fragments = Buffer.concat([
    clientFrame(opcodes.binary, text.subarray(0, 3), { isFinal: false }),
    clientFrame(opcodes.ping, Buffer.from([1])),
    clientFrame(opcodes.continuation, text.subarray(3, 3), { isFinal: false }),
    clientFrame(opcodes.pong, Buffer.from([2])),
    clientFrame(opcodes.continuation, text.subarray(3)),
    clientFrame(opcodes.binary, Buffer.from('!')),
  ]);

  it('may come in fragments, with other frames between them', () =>
    check(fragments, { payload: `${hexOf(text)}21`, controls: ['ping 01', 'pong 02'] }));

  it('gives way to a ping at the place where that is', () => {
    const reader = new FrameReader(fromClient);
    reader.push(new Uint8Array(fragments));
    const kinds: string[] = [];
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      kinds.push(next instanceof Uint8Array ? Buffer.from(next).toString() : next.type);
    }
    assert.deepEqual(kinds, ['in ', 'ping', 'pong', 'fragments!']);
  });

  it('that is whole has its limits for itself alone', async () => {
    const half = clientFrame(opcodes.binary, Buffer.alloc(40_000), { isFinal: false });
    const rest = clientFrame(opcodes.continuation, Buffer.alloc(30_000));
    const bytes = Buffer.concat([half, rest, half, rest]);
    assert.equal(readAll([bytes], fromClient).payload.length, 2 * 140_000);
  });
});

describe('a goodbye', () => {
  const goodbye = (hex: string) => clientFrame(opcodes.close, Buffer.from(hex, 'hex'));
  it('has a code and a reason, or neither', async () => {
    await check(goodbye(''), { controls: ['close 1005 '] });
    await check(goodbye('03e8'), { controls: ['close 1000 '] });
    await check(goodbye('1387c3a4'), { controls: ['close 4999 ä'] });
    await check(goodbye('0bb8efbbbf61'), { controls: ['close 3000 \ufeffa'] });
  });

  it('is the end of what counts', () =>
    check(Buffer.concat([goodbye('03e8'), Buffer.from('ffffffff', 'hex')]), {
      controls: ['close 1000 '],
    }));

  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]) {
    it(`has no code ${code}`, () =>
      check(goodbye(code.toString(16).padStart(4, '0')), { closeCode: 1002 }));
  }

  it('has a reason in UTF-8', async () => {
    await check(goodbye('03e8ff'), { closeCode: 1007 });
    await check(goodbye('03e8eda080'), { closeCode: 1007 });
  });
});

describe('a fault', () => {
  const good = clientFrame(opcodes.binary, Buffer.from('good'));
  const begun = clientFrame(opcodes.binary, Buffer.from('good'), { isFinal: false });
  const after = (first: Uint8Array, ...hex: string[]) =>
    Buffer.concat([first, ...hex.map((part) => Buffer.from(part, 'hex'))]);
  const faults: { name: string; bytes: Buffer; closeCode: number }[] = [
    ...[0xc2, 0xa2, 0x92, 0xc8, 0xa9].map((first) => ({
      name: `bits ${first.toString(16)}`,
      bytes: after(good, `${first.toString(16)}8000000000`),
      closeCode: 1002,
    })),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
      name: `opcode ${opcode}`,
      bytes: after(good, `8${opcode.toString(16)}8000000000`),
      closeCode: 1002,
    })),
    { name: 'no mask', bytes: after(good, '820161'), closeCode: 1002 },
    { name: 'no mask of a ping', bytes: after(good, '8900'), closeCode: 1002 },
    { name: 'a continuation of nothing', bytes: after(good, '808000000000'), closeCode: 1002 },
    { name: 'a ping in fragments', bytes: after(good, '098000000000'), closeCode: 1002 },
    { name: 'a goodbye in fragments', bytes: after(good, '088000000000'), closeCode: 1002 },
    { name: 'a ping of 126 bytes', bytes: after(good, '89fe007e00000000'), closeCode: 1002 },
    { name: 'a goodbye of a byte', bytes: after(good, '88810000000003'), closeCode: 1002 },
    {
      name: 'a text frame',
      bytes: Buffer.concat([good, clientFrame(opcodes.text, Buffer.from([0xff]))]),
      closeCode: 1003,
    },
    { name: 'too many bytes', bytes: after(good, '82ff000000000001117100000000'), closeCode: 1009 },
    {
      name: 'more bytes than there are',
      bytes: after(good, '82ffffffffffffffffff00000000'),
      closeCode: 1009,
    },
    {
      name: 'more bytes than can be counted',
      bytes: after(good, '82ff002000000000000000000000'),
      closeCode: 1009,
    },
  ];
  for (const { name, bytes, closeCode } of faults) {
    it(`is ${name}, and what came before it counts`, () =>
      check(bytes, { payload: hexOf(Buffer.from('good')), closeCode }));
  }

  it('is a message within another', () => {
    const bytes = Buffer.concat([begun, good]);
    // `ws` has given on nothing of the message, which is not whole.
    assert.deepEqual(readAll(eachByte(bytes), fromClient), {
      payload: hexOf(Buffer.from('good')),
      controls: [],
      closeCode: 1002,
    });
  });

  it('is a message of too many bytes or fragments, all in all', () => {
    const half = clientFrame(opcodes.binary, Buffer.alloc(40_000), { isFinal: false });
    const rest = clientFrame(opcodes.continuation, Buffer.alloc(30_001));
    assert.equal(readAll([half, rest], fromClient).closeCode, 1009);
    const empty = clientFrame(opcodes.continuation, Buffer.alloc(0), { isFinal: false });
    assert.equal(readAll([begun, empty, empty, empty], fromClient).closeCode, undefined);
    assert.equal(readAll([begun, empty, empty, empty, empty], fromClient).closeCode, 1008);
  });

  it('is a mask of a server', () =>
    check(clientFrame(opcodes.binary, Buffer.from('a')), { closeCode: 1002 }, fromServer));
});

it('any frames in any pieces carry what was put into them', () => {
  const frame = fc.record({
    payload: fc.uint8Array({ maxLength: 300 }),
    isFinal: fc.boolean(),
    ping: fc.option(fc.uint8Array({ maxLength: 125 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(2000)), (frames, cuts) => {
      let isBegun = false;
      const sent = frames.flatMap(({ payload, isFinal, ping }) => {
        const opcode = isBegun ? opcodes.continuation : opcodes.binary;
        isBegun = !isFinal;
        const own = clientFrame(opcode, payload, { isFinal });
        return ping === undefined ? [own] : [own, clientFrame(opcodes.ping, ping)];
      });
      const bytes = Buffer.concat(sent);
      const borders = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length];
      borders.sort((a, b) => a - b);
      const pieces = borders.slice(1).map((end, i) => bytes.subarray(borders[i], end));
      const many = { ...fromClient, fragmentsMax: 1000 };
      assert.deepEqual(readAll(pieces, many), {
        payload: hexOf(Buffer.concat(frames.map(({ payload }) => payload))),
        controls: frames.flatMap(({ ping }) => (ping ? [`ping ${hexOf(ping)}`] : [])),
        closeCode: undefined,
      });
    }),
  );
});
