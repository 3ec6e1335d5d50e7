/** How a run ends: every connection is healed, every client comes back, and the sums are done. */

import { checkRest } from './account.ts';
import { BrokenPromise } from './broken-promise.ts';
import type { Traits } from './settings.ts';
import type { Simulation } from './simulation.ts';

const roundsMax = 20_000;
const unlimited = 1_000_000;

/** @throws BrokenPromise for what the broker still owes when nothing moves any more */
export function bringToRest(simulation: Simulation): void {
  for (const link of simulation.links) {
    link.upStalled = false;
    link.downStalled = false;
  }
  simulation.mendDisk();
  do letAllFlow(simulation);
  while (bringBack(simulation));
  checkRest(simulation.reference, simulation.now);
  for (const { unacknowledgedCount, link, traits } of simulation.devices) {
    if (unacknowledgedCount === 0 || link === undefined) continue;
    const message = `${unacknowledgedCount} of its messages were never acknowledged`;
    throw new BrokenPromise('answers', traits.clientId, message);
  }
}

/** Holds what is retained, and what $SYS says, against the reference; then the broker ends. */
export function audit(simulation: Simulation): void {
  for (const device of simulation.devices) {
    if (device.isConnected) device.disconnect(0);
  }
  letAllFlow(simulation);
  // At the first round under $SYS the sessions that end have ended; the second states that.
  simulation.advance(simulation.settings.systemTopicSeconds * 2000);
  const { sessionCount, router } = simulation.reference;
  const { subscriptionCount, sharedCount, retainedCount } = router;
  subscribeToAll(simulation);
  const values = simulation.ledger.systemValues;
  const retained = {
    'retained messages/count': retainedCount + values.size,
    // Nothing waits for anybody any more.
    'messages/stored': retainedCount + values.size,
  };
  const expected = {
    'clients/total': sessionCount,
    'subscriptions/count': subscriptionCount,
    'shared_subscriptions/count': sharedCount,
    ...(router.knowsRetained && retained),
  };
  for (const [name, value] of Object.entries(expected)) {
    const stated = values.get(`$SYS/broker/${name}`);
    if (stated === String(value)) continue;
    throw new BrokenPromise('accounts', undefined, `${name} is ${stated}, and should be ${value}`);
  }
  if (simulation.disk === undefined) simulation.shutDown();
  else simulation.restart();
}

/** One more client asks for every retained message. */
function subscribeToAll(simulation: Simulation): void {
  const auditor = simulation.add(auditorTraits);
  simulation.connect(auditor, { ...simulation.wishes.return(), sessionExpiryInterval: 0 });
  letAllFlow(simulation);
  const options = { noLocal: false, retainAsPublished: true, retainHandling: 0 } as const;
  const subscriptions = [
    { filter: '#', qos: 2, ...options },
    { filter: '$app/#', qos: 2, ...options },
    { filter: '$SYS/#', qos: 0, ...options },
  ] as const;
  auditor.subscribe(subscriptions, undefined);
  letAllFlow(simulation);
  checkRest(simulation.reference, simulation.now);
}

const auditorTraits: Traits = {
  clientId: 'auditor',
  version: 5,
  subscribes: 'plainly',
  sharedFilter: '',
  favouriteTopic: '',
  usesIdentifiers: false,
  promptness: 1,
  receiveMaximum: undefined,
  topicAliasMaximum: undefined,
  maximumPacketSize: undefined,
};

/** Whoever has a session takes it up. @returns whether there was anybody */
function bringBack(simulation: Simulation): boolean {
  const { devices, reference, wishes } = simulation;
  const away = devices.filter(
    ({ link, traits }) => link === undefined && reference.session(traits.clientId) !== undefined,
  );
  for (const device of away) simulation.connect(device, wishes.return());
  return away.length > 0;
}

/** Until nothing moves any more. */
function letAllFlow(simulation: Simulation): void {
  for (let rounds = 0, quiet = 0; quiet < 2; rounds++) {
    if (rounds > roundsMax) {
      throw new BrokenPromise('robustness', undefined, `it does not rest in ${rounds} rounds`);
    }
    quiet = flows(simulation) ? 0 : quiet + 1;
    // What is to be stored may wait for a moment, as it may be over by then.
    if (simulation.disk !== undefined) simulation.advance(2);
  }
}

function flows(simulation: Simulation): boolean {
  let moved = false;
  for (const link of simulation.links) {
    while (simulation.carryUp(link, unlimited)) moved = true;
    while (simulation.carryDown(link, unlimited)) moved = true;
  }
  moved = simulation.decide() || moved;
  moved = simulation.endTurn() || moved;
  moved = simulation.hurryDisk() || moved;
  if (simulation.reference.isStoreFailing) {
    // The broker tries again after a second.
    simulation.advance(1000);
    moved = true;
  }
  for (const device of simulation.devices) {
    if (device.link !== undefined) device.act(unlimited, simulation.now);
  }
  return moved;
}
