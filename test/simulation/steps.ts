/** What can happen in one step: a client does something, or the world does something to it. */

import type { Device } from './device.ts';
import type { Simulation } from './simulation.ts';

interface Step {
  readonly name: string;
  readonly weight: number;
  isPossible(device: Device, simulation: Simulation): boolean;
  take(simulation: Simulation, device: Device): void;
}

const isAway = ({ link }: Device): boolean => link === undefined;
/** Perhaps still without CONNACK, and without the broker knowing that it is there. */
const hasLink = ({ link }: Device): boolean => link !== undefined;
const isConnected = (device: Device): boolean => device.isConnected;
const always = (): boolean => true;
const onDisk = (_device: Device, { disk }: Simulation): boolean => disk !== undefined;

export const steps: readonly Step[] = [
  {
    name: 'connects',
    weight: 12,
    isPossible: isAway,
    take: connect,
  },
  {
    name: 'connects anew, its connection standing',
    weight: 2,
    isPossible: hasLink,
    take(simulation, device) {
      device.vanish();
      connect(simulation, device);
    },
  },
  {
    name: 'takes leave',
    weight: 2,
    isPossible: isConnected,
    take({ random }, device) {
      device.disconnect(0, device.mayChangeExpiry ? random.pick([undefined, 30]) : undefined);
    },
  },
  {
    name: 'leaves its will',
    weight: 1,
    isPossible: (device) => device.isConnected && device.traits.version === 5,
    take: (_simulation, device) => device.disconnect(4),
  },
  {
    name: 'loses its connection',
    weight: 4,
    isPossible: hasLink,
    take: (_simulation, device) => device.lose(),
  },
  {
    name: 'goes without a word',
    weight: 2,
    isPossible: hasLink,
    take: (_simulation, device) => device.vanish(),
  },
  {
    name: 'has its connection stalled, or freed',
    weight: 5,
    isPossible: hasLink,
    take({ random }, { link }) {
      link!.upStalled = random.chance(0.3);
      link!.downStalled = random.chance(0.4);
    },
  },
  {
    name: 'subscribes',
    weight: 12,
    isPossible: isConnected,
    take: subscribe,
  },
  {
    name: 'subscribes without waiting for CONNACK',
    weight: 3,
    isPossible: (device) => hasLink(device) && !device.isConnected,
    take: subscribe,
  },
  {
    name: 'unsubscribes',
    weight: 3,
    isPossible: isConnected,
    take: ({ wishes }, device) => device.unsubscribe(wishes.filters(device.traits)),
  },
  {
    name: 'publishes',
    weight: 40,
    isPossible: isConnected,
    take({ wishes, now }, device) {
      for (const message of wishes.messages(device.traits)) {
        if (!device.publish(message, now)) return;
      }
    },
  },
  {
    name: 'sees the clock go on',
    weight: 5,
    isPossible: always,
    take: (simulation) => simulation.advance(simulation.random.between(1, 20_000)),
  },
  {
    name: 'sees the clock jump',
    weight: 2,
    isPossible: always,
    take: (simulation) => simulation.jump(simulation.random.pick([1000, 60_000, 3_600_000])),
  },
  {
    name: 'sees the broker crash',
    weight: 2,
    isPossible: (device, { disk }) => disk !== undefined && hasLink(device),
    take: crash,
  },
  {
    name: 'sees the broker restarted',
    weight: 1,
    isPossible: onDisk,
    take: (simulation) => simulation.restart(),
  },
  {
    name: 'sees the disk grow slow, or fast',
    weight: 2,
    isPossible: onDisk,
    take({ disk }) {
      disk!.isSlow = !disk!.isSlow;
    },
  },
  {
    name: 'sees the disk full',
    weight: 2,
    isPossible: (_device, { disk }) => disk?.isFull === false,
    take({ disk }) {
      disk!.isFull = true;
    },
  },
  {
    name: 'comes back while the disk is full',
    weight: 16,
    isPossible: (device, { disk }) => disk?.isFull === true && device.isConnected,
    take(simulation, device) {
      // What it acknowledges is still on the disk when its session goes on.
      device.act(simulation.random.pick([1, 1, 2, 100]), simulation.now);
      simulation.carryUp(device.link!, 1_000_000);
      device.lose();
      simulation.connect(device, simulation.wishes.return());
    },
  },
  {
    name: 'sees room on the disk again',
    weight: 8,
    isPossible: (_device, { disk }) => disk?.isFull === true,
    take({ disk }) {
      disk!.isFull = false;
    },
  },
];

function connect(simulation: Simulation, device: Device): void {
  simulation.connect(device, simulation.wishes.connection(device.traits));
}

/** One crash, or several before anybody is back. */
function crash(simulation: Simulation): void {
  simulation.crash();
  while (simulation.random.chance(0.2)) {
    letFlow(simulation);
    simulation.crash();
  }
}

function subscribe({ wishes }: Simulation, device: Device): void {
  device.subscribe(wishes.subscriptions(device.traits), wishes.identifier(device.traits));
}

/** Most clients come and subscribe before the first step, or short runs would be all arrivals. */
export function assemble(simulation: Simulation): void {
  const { devices, random } = simulation;
  for (const device of devices) {
    if (random.chance(0.7)) connect(simulation, device);
  }
  letFlow(simulation);
  letFlow(simulation);
  for (const device of devices) {
    if (hasLink(device) && random.chance(0.8)) subscribe(simulation, device);
  }
  letFlow(simulation);
}

/** Takes one step, and lets some bytes flow. */
export function takeStep(simulation: Simulation): void {
  const { random } = simulation;
  const device = random.pick(simulation.devices);
  const step = random.pickWeighted(steps.filter((each) => each.isPossible(device, simulation)));
  simulation.tell(device.traits.clientId, () => step.name);
  step.take(simulation, device);
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
    simulation.workDisk();
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
