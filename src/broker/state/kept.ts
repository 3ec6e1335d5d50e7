/** Something that the store is to have as it is now, however often it changes until then. */

import type { Changes } from './changes.ts';

export interface Kept {
  /** Kept by the journal: it stands among what is to be written. */
  isDirty: boolean;
  /** Kept by the journal: the turn in which it came there, and the clock's milliseconds. */
  dirtyTurn: number;
  dirtyAt: number;
  /** Whether it may be left for a later commit: it is likely to be over before. */
  readonly mayWait: boolean;
  /** Writes what it is now. @returns false when nothing has to be written */
  write(changes: Changes): boolean;
  /** Some messages that could not be stored were refused. */
  takeBackRefused(): void;
  /** What was written last is safe. */
  stored(now: number): void;
}
