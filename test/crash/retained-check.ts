/** Whether each topic retains what was published there last. */

import { LastingClient } from './lasting-client.ts';
import type { Ledger } from './ledger.ts';
import { type Message, storyOf } from './message.ts';
import { StuckError, Watch } from './watch.ts';

const arrivalSeconds = 10;

/** Reads all topics with a client that has no session, and tells the ledger what is wrong. */
export async function checkRetained(
  topics: readonly string[],
  ledger: Ledger,
  port: number,
): Promise<void> {
  const allowed = new Map(topics.map((topic) => [topic, lastOf(ledger.messagesOn(topic))]));
  const values = await readRetained(topics, port, (topic) => {
    return !allowed.get(topic)!.some((value) => value === undefined || isRemoval(value));
  });
  for (const [topic, messages] of allowed) {
    const got = values.get(topic);
    const isRight = messages.some((one) => {
      return got === (one === undefined || isRemoval(one) ? undefined : one.label);
    });
    if (isRight) continue;
    const stories = messages.map((one) => (one === undefined ? 'nothing' : storyOf(one)));
    const story = ledger.message(got ?? '');
    const text = `${topic} retains ${story === undefined ? (got ?? 'nothing') : storyOf(story)}`;
    ledger.fail('retained', `${text}\n    instead of ${stories.join('\n    or ')}`);
  }
}

/** The last one that was acknowledged, or any later one; undefined where there was none. */
function lastOf(messages: readonly Message[]): readonly (Message | undefined)[] {
  const sent = messages.filter((message) => message.sent && message.refused === undefined);
  const last = sent.findLastIndex((message) => message.acknowledged !== undefined);
  return last === -1 ? [undefined, ...sent] : sent.slice(last);
}

function isRemoval({ payload }: Message): boolean {
  return payload.length === 0;
}

async function readRetained(
  topics: readonly string[],
  port: number,
  isSure: (topic: string) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  const watch = new Watch();
  using client = new LastingClient(
    { clientId: 'retained-reader', version: 5, port, session: 'clean' },
    {
      ready: () => watch.notify(),
      resent: () => undefined,
      answered: () => undefined,
      received: ({ topic }, label) => {
        values.set(topic, label ?? 'garbage');
        watch.notify();
      },
      released: () => undefined,
      brokePromise: (_kind, text) => values.set('', text),
    },
  );
  client.come();
  let isAnswered = false;
  const answers = Promise.all(topics.map((topic) => client.subscribe(topic, 2)))
    // Two more rounds: by then what is retained has come, and what should not be as well.
    .then(() => client.subscribe('nothing/1', 0))
    .then(() => client.subscribe('nothing/2', 0));
  void answers.then(() => {
    isAnswered = true;
    watch.notify();
  });
  const sure = topics.filter(isSure);
  const isMet = () => isAnswered && sure.every((topic) => values.has(topic));
  try {
    await watch.until(isMet, arrivalSeconds, () => 'retained messages and SUBACKs come');
  } catch (error) {
    if (!(error instanceof StuckError) || !isAnswered) throw error; // the caller tells what lacks
  }
  return values;
}
