/** What all who store something share. */

import type { Clock } from '../../session/clock.ts';
import type { Store } from '../ports.ts';
import type { SharedGroup } from '../shared-group.ts';
import { Calendar } from './calendar.ts';
import type { Journal } from './journal.ts';
import { Numbers } from './numbers.ts';
import { SessionLogs } from './session-logs.ts';

export interface Keeping {
  readonly journal: Journal;
  readonly calendar: Calendar;
  readonly logs: SessionLogs;
  readonly messageNumbers: Numbers;
  readonly retainedNumbers: Numbers;
}

export interface KeepingOptions {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly date: () => number;
  readonly groupOf: (share: string) => SharedGroup | undefined;
}

export function keepingIn({ store, journal, clock, date, groupOf }: KeepingOptions): Keeping {
  const calendar = new Calendar(clock, date);
  const messageNumbers = new Numbers();
  const tools = { store, journal, clock, calendar, numbers: messageNumbers, groupOf };
  return {
    journal,
    calendar,
    logs: new SessionLogs(tools, new Numbers()),
    messageNumbers,
    retainedNumbers: new Numbers(),
  };
}
