/** What connections are given to work with. */

import type { AssemblyPool } from '../packet/assembly-pool.ts';
import type { TopicCache } from '../packet/topic-cache.ts';
import type { Deadlines } from '../session/deadlines.ts';
import type { PublishForms } from '../session/publish-forms.ts';
import type { Traffic } from '../session/traffic.ts';
import type { Turn } from '../session/turn.ts';
import type { BrokerCounters } from './broker-counters.ts';
import type { OpenConnection } from './connections.ts';
import type { EntranceRules } from './entrance.ts';
import type { Newcomers } from './newcomers.ts';
import type { Observer } from './ports.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Router } from './router.ts';
import type { Subscriptions } from './subscriptions.ts';

/** All connections of one listener share it. */
export interface ConnectionOptions extends EntranceRules {
  readonly deadlines: Deadlines;
  readonly turn: Turn;
  readonly observer: Observer;
  readonly router: Router;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly topics: TopicCache;
  readonly assemblies: AssemblyPool;
  readonly forms: PublishForms;
  readonly traffic: Traffic;
  readonly counters: BrokerCounters;
  readonly newcomers: Newcomers;
  /** Is told when the connection is over. */
  readonly closed: (connection: OpenConnection) => void;
}
