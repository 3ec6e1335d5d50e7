/** The kinds of log lines, with the topic that each goes to below `$SYS/broker/log/`. */

export const logTypes = {
  error: 'E',
  warning: 'W',
  notice: 'N',
  information: 'I',
  debug: undefined, // never goes to a topic: its publication would be worth a line again
  subscribe: 'M/subscribe',
  unsubscribe: 'M/unsubscribe',
  websockets: 'WS',
  internal: undefined,
} as const;

export type LogType = keyof typeof logTypes;

export const allLogTypes: ReadonlySet<LogType> = new Set(Object.keys(logTypes) as LogType[]);

/** What is logged when nothing is configured. */
export const defaultLogTypes: ReadonlySet<LogType> = new Set<LogType>([
  'error',
  'warning',
  'notice',
  'information',
]);

/** One line of the log, before it has a time. */
export interface LogLine {
  readonly type: LogType;
  readonly text: string;
}
