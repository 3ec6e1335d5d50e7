/** What can happen in one step: a client does something, or the world does something to it. */

import type { Device } from './device.ts';
import type { Simulation } from './simulation.ts';

interface Step {
  readonly name: string;
  readonly weight: number;
  /** @returns false when that device can do no such thing now */
  take(simulation: Simulation, device: Device): boolean;
}

export const steps: readonly Step[] = [
  {
    name: 'connects',
    weight: 12,
    take(simulation, device) {
      if (device.link !== undefined) return false;
      simulation.connect(device, simulation.wishes.connection(device.traits));
      return true;
    },
  },
  {
    name: 'connects anew, its connection standing',
    weight: 2,
    take(simulation, device) {
      if (device.link === undefined) return false;
      device.vanish();
      simulation.connect(device, simulation.wishes.connection(device.traits));
      return true;
    },
  },
  {
    name: 'takes leave',
    weight: 2,
    take({ random }, device) {
      if (!device.isConnected) return false;
      device.disconnect(0, device.mayChangeExpiry ? random.pick([undefined, 30]) : undefined);
      return true;
    },
  },
  {
    name: 'leaves its will',
    weight: 1,
    take(_simulation, device) {
      if (!device.isConnected || device.traits.version !== 5) return false;
      device.disconnect(4);
      return true;
    },
  },
  {
    name: 'loses its connection',
    weight: 4,
    take(_simulation, device) {
      if (device.link === undefined) return false;
      device.lose();
      return true;
    },
  },
  {
    name: 'goes without a word',
    weight: 2,
    take(_simulation, device) {
      if (device.link === undefined) return false;
      device.vanish();
      return true;
    },
  },
  {
    name: 'has its connection stalled, or freed',
    weight: 5,
    take({ random }, { link }) {
      if (link === undefined) return false;
      link.upStalled = random.chance(0.3);
      link.downStalled = random.chance(0.4);
      return true;
    },
  },
  {
    name: 'subscribes',
    weight: 12,
    take({ wishes, random }, device) {
      if (!device.isConnected && (device.link === undefined || random.chance(0.7))) return false;
      device.subscribe(wishes.subscriptions(device.traits), wishes.identifier(device.traits));
      return true;
    },
  },
  {
    name: 'unsubscribes',
    weight: 3,
    take({ wishes }, device) {
      if (!device.isConnected) return false;
      device.unsubscribe(wishes.filters(device.traits));
      return true;
    },
  },
  {
    name: 'publishes',
    weight: 40,
    take(simulation, device) {
      if (!device.isConnected) return false;
      const { random, wishes, now } = simulation;
      for (let count = random.pick([1, 1, 2, 8]); count > 0; count--) {
        if (!device.publish(wishes.message(), now)) return true;
      }
      return true;
    },
  },
  {
    name: 'sees the clock go on',
    weight: 5,
    take(simulation) {
      simulation.advance(simulation.random.between(1, 20_000));
      return true;
    },
  },
  {
    name: 'sees the clock jump',
    weight: 2,
    take(simulation) {
      simulation.jump(simulation.random.pick([1000, 60_000, 3_600_000]));
      return true;
    },
  },
];

const triesMax = 10;

/** Takes one step that is possible, and lets some bytes flow. */
export function takeStep(simulation: Simulation): void {
  const { random } = simulation;
  for (let tries = 0; tries < triesMax; tries++) {
    const device = random.pick(simulation.devices);
    const step = random.pickWeighted(steps);
    simulation.tell(device.traits.clientId, () => step.name);
    if (step.take(simulation, device)) break;
  }
  letFlow(simulation);
}

/** Some links carry some bytes, some clients read their post, and turns come to their end. */
function letFlow(simulation: Simulation): void {
  const { random, settings } = simulation;
  for (let round = random.between(1, 3); round > 0; round--) {
    for (const link of simulation.links) {
      if (random.chance(0.7)) simulation.carryUp(link, pieceBytes(simulation));
      if (random.chance(0.7)) simulation.carryDown(link, pieceBytes(simulation));
    }
    if (random.chance(settings.verdictChance)) simulation.decide();
    if (random.chance(0.8)) simulation.endTurn();
  }
  for (const device of simulation.devices) {
    if (device.link !== undefined && random.chance(0.3)) {
      device.act(random.pick([1, 100]), simulation.now);
    }
  }
  simulation.advance(random.below(100));
}

function pieceBytes({ random }: Simulation): number {
  return random.pick([1, random.between(2, 64), 1000, 1_000_000, 1_000_000]);
}
