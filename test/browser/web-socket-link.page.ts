/** The Link over a browser's WebSocket, run in one; its far end is the runner's, in Node. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { browserPlatform } from '../../src/browser/browser-platform.ts';
import { startWebSocketLink } from '../../src/browser/web-socket-link.ts';
import type { Link } from '../../src/session/link.ts';
import { type ConnectedPair, LinkEnd, linkContract } from '../contract/link-contract.ts';

/** What the runner does with the far end, which came last, and then tells of it. */
declare function far(commands: readonly FarCommand[]): Promise<FarNews>;
declare const farUrl: () => Promise<string>;
/** Of a server that sends a text frame at once. */
declare const textUrl: () => Promise<string>;

type FarCommand =
  | { readonly verb: 'write'; readonly bytes: readonly number[] }
  | { readonly verb: 'pause' | 'resume' | 'close' | 'destroy' };

interface FarNews {
  /** Since the last time, in base64. */
  readonly received: string;
  readonly isClosed: boolean;
}

/** Has the far end in Node do what the near end's test wants, and hear what it heard. */
class FarLink implements Link {
  readonly peer = 'far';
  readonly pendingBytes = 0;
  readonly #end: LinkEnd;
  #commands: FarCommand[] = [];

  constructor(end: LinkEnd) {
    this.#end = end;
  }

  write(bytes: Uint8Array): boolean {
    this.#commands.push({ verb: 'write', bytes: [...bytes] });
    return true;
  }

  pause(): void {
    this.#commands.push({ verb: 'pause' });
  }

  resume(): void {
    this.#commands.push({ verb: 'resume' });
  }

  close(): void {
    this.#commands.push({ verb: 'close' });
  }

  destroy(): void {
    this.#commands.push({ verb: 'destroy' });
  }

  async move(): Promise<void> {
    const commands = this.#commands;
    this.#commands = [];
    const { received, isClosed } = await far(commands);
    const bytes = Uint8Array.from(atob(received), (letter) => letter.charCodeAt(0));
    if (bytes.length > 0) this.#end.receive(bytes);
    if (isClosed && this.#end.closedCount === 0) this.#end.closed();
  }
}

async function open(url?: string): Promise<ConnectedPair> {
  const near = new LinkEnd();
  const accept = (link: Link) => {
    near.link = link;
    return near;
  };
  await browserPlatform().open(
    new URL(url ?? (await farUrl())),
    accept,
    new AbortController().signal,
  );
  return pairOf(near);
}

function pairOf(near: LinkEnd): ConnectedPair {
  const end = new LinkEnd();
  const farLink = new FarLink(end);
  end.link = farLink;
  return {
    near,
    far: end,
    async until(condition) {
      while (!condition()) await farLink.move();
    },
    async settle() {
      for (let round = 0; round < 3; round++) await farLink.move();
    },
    async [Symbol.asyncDispose]() {
      near.link.destroy();
      farLink.destroy();
      await farLink.move();
    },
  };
}

linkContract("a browser's WebSocket", () => open());

describe("a browser's WebSocket", () => {
  it('holds what comes while it is paused, and hands it on in order, and then the end', async () => {
    await using pair = await open();
    const { near, far: end, until, settle } = pair;
    near.link.pause();
    for (let i = 0; i < 10; i++) end.link.write(Uint8Array.from([i]));
    end.link.close();
    await until(() => end.closedCount > 0);
    await settle();
    assert.deepEqual([near.receivedBytes, near.closedCount], [0, 0]);
    near.link.resume();
    assert.equal(near.receivedBytes, 0, 'a port never calls back before it returns');
    await until(() => near.closedCount > 0);
    assert.deepEqual(
      near.received,
      Uint8Array.from({ length: 10 }, (_, i) => i),
    );
    assert.equal(near.error, undefined);
  });

  it('stops handing on when it is paused meanwhile', async () => {
    await using pair = await open();
    const { near, far: end, until, settle } = pair;
    const receive = near.receive.bind(near);
    near.receive = (bytes) => {
      receive(bytes);
      near.link.pause();
    };
    for (let i = 0; i < 3; i++) end.link.write(Uint8Array.from([i]));
    await until(() => near.receivedBytes === 1);
    await settle();
    near.link.resume();
    await until(() => near.receivedBytes === 2);
    near.link.resume();
    await until(() => near.receivedBytes === 3);
    assert.deepEqual(near.received, Uint8Array.from([0, 1, 2]));
  });

  it('ends, and says why, when more has to be held than may be', async () => {
    const webSocket = new WebSocket(await farUrl(), 'mqtt');
    webSocket.binaryType = 'arraybuffer';
    await new Promise((resolve) => webSocket.addEventListener('open', resolve));
    const near = new LinkEnd();
    const accept = (link: Link) => {
      near.link = link;
      return near;
    };
    startWebSocketLink(webSocket, accept, { heldBytesMax: 1000 });
    await using pair = pairOf(near);
    near.link.pause();
    pair.far.link.write(new Uint8Array(1000));
    await pair.settle();
    assert.equal(near.closedCount, 0);
    pair.far.link.write(new Uint8Array(1));
    await pair.until(() => near.closedCount > 0 && pair.far.closedCount > 0);
    assert.match(near.error!.message, /faster than they are taken: more than 1000 bytes/);
  });

  it('ends when a text frame comes', async () => {
    await using pair = await open(await textUrl());
    await pair.until(() => pair.near.closedCount > 0);
    assert.match(pair.near.error!.message, /text frame/);
  });

  it('says that a connection broke', async () => {
    await using pair = await open();
    pair.far.link.destroy();
    await pair.until(() => pair.near.closedCount > 0);
    assert.match(pair.near.error!.message, /broke, code 1006/);
  });
});

describe('the platform of a browser', () => {
  const accept = () => new LinkEnd();
  const never = new AbortController().signal;

  it('says what to check when a server cannot be reached', async () => {
    const { open: connect } = browserPlatform();
    const plain = connect(new URL('ws://127.0.0.1:1/'), accept, never);
    await assert.rejects(
      plain,
      /ws:\/\/127\.0\.0\.1:1\/mqtt cannot be reached.*this page's origin$/,
    );
    const secure = connect(new URL('wss://127.0.0.1:1/'), accept, never);
    await assert.rejects(secure, /certificate, by https:\/\/127\.0\.0\.1:1\/mqtt$/);
  });

  it('knows no way to a server but WebSocket', async () => {
    const { open: connect } = browserPlatform();
    const tcp = connect(new URL('mqtt://localhost'), accept, never);
    await assert.rejects(tcp, /^TypeError: 'mqtt:\/\/' is no way out of a browser: write ws:/);
  });

  it('gives up when it is told to', async () => {
    const giveUp = new AbortController();
    const { open: connect } = browserPlatform();
    const opening = connect(new URL('ws://127.0.0.1:1/'), accept, giveUp.signal);
    giveUp.abort(new Error('enough'));
    await assert.rejects(opening, /^Error: enough$/);
  });

  it('calls back at the end of the turn, behind what is under way, once', async () => {
    const platform = browserPlatform();
    const order: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    platform.atEndOfTurn(() => order.push('first'));
    platform.atEndOfTurn(() => {
      order.push('second');
      setTimeout(resolve, 20);
    });
    queueMicrotask(() => order.push('microtask'));
    await promise;
    platform.stop();
    assert.deepEqual(order, ['microtask', 'first', 'second']);
  });

  it('calls back after some time, however long, unless it is taken back', async () => {
    const platform = browserPlatform();
    const { promise, resolve } = Promise.withResolvers<void>();
    let isCalled = false;
    const note = () => {
      isCalled = true;
    };
    const takeBack = [platform.after(1_000_000_000_000, note), platform.after(1, note)];
    takeBack[1]();
    platform.after(20, resolve);
    await promise;
    takeBack[0]();
    platform.stop();
    assert.equal(isCalled, false);
  });
});
