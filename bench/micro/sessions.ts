/** Sessions of clients without connections, for benches of what stands behind them. */

import { Anonymous } from '../../src/auth/anonymous.ts';
import { BrokerCounters } from '../../src/broker/broker-counters.ts';
import { ClientSession } from '../../src/broker/client-session.ts';
import { ReplayPace } from '../../src/broker/replay-pace.ts';
import type { Settings } from '../../src/broker/settings.ts';
import type { Outlet } from '../../src/session/outlet.ts';
import { Turn } from '../../src/session/turn.ts';

export function makeSessions(count: number, settings: Settings): readonly ClientSession[] {
  const gatekeeper = Anonymous.allowed();
  const options = {
    settings,
    observer: {},
    counters: new BrokerCounters(),
    clock: { now: () => 0 },
    pace: new ReplayPace(new Turn(() => {})),
    mayStillPublish: () => true,
  };
  return Array.from({ length: count }, (_, id) => {
    const client = { clientId: `device-${id}`, userName: undefined, peer: 'bench' };
    const access = {
      client,
      gatekeeper,
      listenerName: undefined,
      mountPoint: undefined,
      isKnown: true,
    };
    return new ClientSession(access, options);
  });
}

/** Takes everything and keeps nothing. */
export class Sink implements Outlet {
  readonly canTake = true;
  count = 0;
  lastPacketId = 0;

  publish(
    _message: unknown,
    _qos: unknown,
    _retain: unknown,
    _terms: unknown,
    packetId: number,
  ): undefined {
    this.count++;
    this.lastPacketId = packetId;
  }

  pubrel(): void {}
}
