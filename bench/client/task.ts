/** What a process of the client bench is to do. */

export const libraries = ['pantala', 'mqtt.js'] as const;

export type Library = (typeof libraries)[number];

/** `receive` by a callback, `iterate` by for await, `idle`: what a connection takes in memory. */
export type Mode = 'publish' | 'receive' | 'iterate' | 'idle';

export interface Task {
  readonly library: Library;
  readonly mode: Mode;
  readonly qos: 0 | 1;
  /** From where Pantala is loaded. */
  readonly module: string;
  /** Where the broker is, on 127.0.0.1. */
  readonly port: number;
  /** Clients that publish at a time, where that is not what is measured. */
  readonly clients?: number;
  /** Messages that are counted, after a fifth as many to warm up; or connections. */
  readonly count: number;
}

export function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && 'library' in value && 'mode' in value;
}
