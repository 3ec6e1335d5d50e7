/** The end of a run: everybody comes, everything is published and acknowledged, all arrives. */

import type { Ledger } from './ledger.ts';
import type { Message } from './message.ts';
import type { Stage } from './stage.ts';
import { missingAt } from './verdict.ts';
import { StuckError, type Watch } from './watch.ts';

export interface EndingOptions {
  readonly stage: Stage;
  readonly ledger: Ledger;
  readonly watch: Watch;
}

// Ample: they only keep a test from hanging.
const settleSeconds = 60;
const releaseSeconds = 15;
/** After the fence nothing should be to come; this long it may all the same. */
const graceSeconds = 3;

/** @throws StuckError */
export async function playToTheEnd({ stage, ledger, watch }: EndingOptions): Promise<void> {
  for (const publisher of stage.publishers) publisher.stop();
  stage.gather();
  await settle(stage, watch, 'the run');
  stage.publishLastRound();
  await settle(stage, watch, 'the last round');
  const fence = stage.publishFence();
  await settle(stage, watch, 'the fence');
  // What a session has to deliver it delivers in turn: behind the fence nothing is left.
  await arrival(fence, stage, watch);
  await watch.until(
    () => stage.subscribers.every(({ client }) => client.unreleased.length === 0),
    releaseSeconds,
    () => `PUBREL for all QoS 2 messages; without it are ${unreleasedText(stage)}`,
  );
  const isWhole = () => stage.subscribers.every((one) => missingAt(one, ledger).length === 0);
  try {
    await watch.until(isWhole, graceSeconds, () => '');
  } catch (error) {
    if (!(error instanceof StuckError)) throw error; // the verdict tells what is missing
  }
}

async function settle(stage: Stage, watch: Watch, part: string): Promise<void> {
  const isMet = () => {
    return (
      stage.isComplete &&
      stage.publishers.every((publisher) => publisher.isIdle) &&
      stage.subscribers.every(({ client }) => client.requestsOpen === 0)
    );
  };
  await watch.until(isMet, settleSeconds, () => {
    const clients = [...stage.publishers, ...stage.subscribers].map(({ client }) => client);
    const open = clients
      .filter(({ isReady, inFlight, requestsOpen }) => !isReady || inFlight + requestsOpen > 0)
      .map(({ clientId, isReady, inFlight, requestsOpen }) => {
        const state = isReady ? 'connected' : 'not connected';
        return `${clientId}: ${state}, ${inFlight} in flight, ${requestsOpen} requests`;
      });
    return `everybody is connected and acknowledged after ${part}; not so ${open.join('; ')}`;
  });
}

async function arrival(fence: readonly Message[], stage: Stage, watch: Watch): Promise<void> {
  const late = () => {
    return stage.subscribers.filter(({ inbox }) => fence.some(({ label }) => !inbox.has(label)));
  };
  await watch.until(
    () => late().length === 0,
    settleSeconds,
    () => `the messages on fence arrive at ${late().map(({ name }) => name)}`,
  );
}

function unreleasedText(stage: Stage): string {
  return stage.subscribers
    .filter(({ client }) => client.unreleased.length > 0)
    .map(({ name, client }) => `${client.unreleased.slice(0, 5).join(', ')} at ${name}`)
    .join('; ');
}
