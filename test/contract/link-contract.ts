/** What every Link promises, whatever carries it. Each transport runs this suite. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link, LinkReceiver } from '../../src/session/link.ts';

/** A connection with both of its ends in this process. */
export interface ConnectedPair extends AsyncDisposable {
  readonly near: LinkEnd;
  readonly far: LinkEnd;
  /** Lets the network move until `condition` holds. */
  until(condition: () => boolean): Promise<void>;
  /** Lets the network do what it can do without the ends. */
  settle(): Promise<void>;
}

/** One end: its link, and what its receiver has been told. */
export class LinkEnd implements LinkReceiver {
  link!: Link;
  closedCount = 0;
  drainedCount = 0;
  error: Error | undefined;
  #received: Uint8Array[] = [];

  get receivedBytes(): number {
    return this.#received.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** Everything so far, in one piece. */
  get received(): Uint8Array {
    const all = new Uint8Array(this.receivedBytes);
    let at = 0;
    for (const bytes of this.#received) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }

  get receivedText(): string {
    return new TextDecoder().decode(this.received);
  }

  receive(bytes: Uint8Array): void {
    assert.equal(this.closedCount, 0, 'nothing arrives after closed');
    this.#received.push(bytes.slice());
  }

  drained(): void {
    assert.equal(this.closedCount, 0, 'nothing drains after closed');
    assert.equal(this.link.pendingBytes, 0, 'nothing is pending when all of it has gone');
    this.drainedCount++;
  }

  closed(error?: Error): void {
    this.closedCount++;
    this.error = error;
  }
}

const chunk = 64 * 1024;

/** Bytes that tell where they belong. */
function pattern(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) % 251);
}

/** Writes to an end whose other end does not read, until the network takes no more. */
async function fill({ near, settle }: ConnectedPair): Promise<number> {
  let written = 0;
  while (near.link.pendingBytes === 0 || written < 4 * chunk) {
    near.link.write(pattern(chunk, written));
    written += chunk;
    await settle();
    assert.ok(written < 1000 * chunk, 'a link that is not read takes only so much');
  }
  return written;
}

/** @param open a connection as the transport makes it */
export function linkContract(name: string, open: Open): void {
  describe(`the Link contract: ${name}`, () => {
    describe('carrying', () => carrying(open));
    describe('ending', () => ending(open));
  });
}

type Open = () => Promise<ConnectedPair>;

function carrying(open: Open): void {
  it('carries bytes in both directions, in order, all of them', async () => {
    await using pair = await open();
    const { near, far, until } = pair;
    for (let sent = 0; sent < 100_000; sent += 1000) near.link.write(pattern(1000, sent));
    far.link.write(pattern(10));
    await until(() => far.receivedBytes === 100_000 && near.receivedBytes === 10);
    assert.deepEqual(far.received, pattern(100_000));
    assert.deepEqual(near.received, pattern(10));
  });

  it('lets the caller use a buffer again once write has returned true', async () => {
    await using pair = await open();
    const { near, far, until } = pair;
    let buffer = new Uint8Array(100);
    for (let i = 0; i < 100; i++) {
      buffer.fill(i);
      if (!near.link.write(buffer)) buffer = new Uint8Array(100);
    }
    await until(() => far.receivedBytes === 10_000);
    const expected = Uint8Array.from({ length: 10_000 }, (_, i) => Math.floor(i / 100));
    assert.deepEqual(far.received, expected);
  });

  it('stops reading while paused, and loses nothing', async () => {
    await using pair = await open();
    const { near, far, until, settle } = pair;
    far.link.pause();
    await settle();
    near.link.write(pattern(1000));
    await settle();
    assert.equal(far.receivedBytes, 0);
    far.link.resume();
    await until(() => far.receivedBytes === 1000);
  });

  it('tells what is pending, and when all of it has gone', async () => {
    await using pair = await open();
    const { near, far, until, settle } = pair;
    far.link.pause();
    await settle();
    let written = 0;
    let drainedCount = -1;
    // On a busy machine the network may take what it had no room for a moment before.
    while (near.drainedCount !== drainedCount) {
      written += await fill(pair);
      ({ drainedCount } = near);
      await settle();
    }
    assert.ok(near.link.pendingBytes > 0 && near.link.pendingBytes <= written);
    far.link.resume();
    await until(() => near.drainedCount > drainedCount && far.receivedBytes === written);
    assert.equal(near.link.pendingBytes, 0);
  });

  it('names the other end', async () => {
    await using pair = await open();
    assert.notEqual(pair.near.link.peer, '');
  });
}

function ending(open: Open): void {
  it('closes after everything that was written', async () => {
    await using pair = await open();
    const { near, far, until } = pair;
    near.link.write(pattern(3 * chunk));
    near.link.close();
    await until(() => near.closedCount > 0 && far.closedCount > 0);
    assert.equal(far.receivedBytes, 3 * chunk);
    assert.deepEqual([near.closedCount, far.closedCount], [1, 1]);
  });

  it('ends at once when it is destroyed, on both sides, once', async () => {
    await using pair = await open();
    const { near, far, until } = pair;
    far.link.pause();
    await pair.settle();
    await fill(pair);
    near.link.destroy();
    far.link.resume();
    await until(() => near.closedCount > 0 && far.closedCount > 0);
    near.link.destroy();
    far.link.close();
    await pair.settle();
    assert.deepEqual([near.closedCount, far.closedCount], [1, 1]);
  });

  it('takes what is written to a closed link for gone', async () => {
    await using pair = await open();
    const { near, until } = pair;
    near.link.destroy();
    await until(() => near.closedCount === 1);
    assert.equal(near.link.write(pattern(10)), true);
    assert.equal(near.link.pendingBytes, 0);
  });
}
