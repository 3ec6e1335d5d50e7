/** A connection and its link: when it stops reading, and goes on. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Anonymous } from '../auth/anonymous.ts';
import { encodePacket, type Packet } from '../packet/packet.ts';
import type { Link } from '../session/link.ts';
import { Broker } from './broker.ts';

/** Takes what it is given only while it is not blocked. */
class BlockableLink implements Link {
  readonly peer = 'test';
  isBlocked = false;
  isPaused = false;
  pendingBytes = 0;

  write(bytes: Uint8Array): boolean {
    if (this.isBlocked) this.pendingBytes += bytes.length;
    return !this.isBlocked;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {}
  destroy(): void {}
}

const connect: Packet = {
  type: 'connect',
  version: 5,
  bridge: false,
  cleanStart: true,
  keepAliveSeconds: 0,
  clientId: 'flood',
  will: undefined,
  userName: undefined,
  password: undefined,
};

/** A client, connected where it is let in, whose answers may be at most 2 × 50 bytes behind. */
async function connected({ isRefused = false } = {}) {
  const turnEnds: (() => void)[] = [];
  const broker = new Broker({
    gatekeeper: isRefused ? Anonymous.refused() : Anonymous.allowed(),
    limits: { outputBytesMax: 50 },
    systemTopicSeconds: 0,
    host: {
      clock: { now: () => 0 },
      atEndOfTurn: (flush) => turnEnds.push(flush),
      wakeAt: () => {},
      randomId: () => '1',
    },
  });
  const link = new BlockableLink();
  const connection = broker.listener().accept(link);
  const endTurn = () => {
    for (const flush of turnEnds.splice(0)) flush();
  };
  connection.receive(encodePacket(connect, 5));
  await Promise.resolve();
  endTurn();
  const ping = encodePacket({ type: 'pingreq' }, 5);
  const flood = () => connection.receive(new Uint8Array(Buffer.concat(Array(60).fill(ping))));
  return { broker, link, connection, flood, endTurn };
}

describe('a connection whose client asks for many answers in one turn', () => {
  it('goes on reading while the link takes them', async () => {
    const { link, flood, endTurn } = await connected();
    flood();
    endTurn();
    assert.equal(link.isPaused, false);
  });

  it('stops reading while the link is blocked, and goes on when it has drained', async () => {
    const { link, connection, flood, endTurn } = await connected();
    link.isBlocked = true;
    flood();
    endTurn();
    flood();
    assert.equal(link.isPaused, true);
    link.isBlocked = false;
    link.pendingBytes = 0;
    connection.drained();
    assert.equal(link.isPaused, false);
  });
});

describe('a connection that ends', () => {
  it('is read until its end is seen, also where it was not while its client waited', async () => {
    const { link } = await connected({ isRefused: true });
    assert.equal(link.isPaused, false);
  });

  it('is read until its end is seen, also where its client had asked for too much', async () => {
    const { broker, link, flood, endTurn } = await connected();
    link.isBlocked = true;
    flood();
    endTurn();
    flood();
    assert.equal(link.isPaused, true);
    broker.shutDown();
    endTurn();
    assert.equal(link.isPaused, false);
  });
});
