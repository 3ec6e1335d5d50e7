/** The end of a process that something holds up. */

import { existsSync } from 'node:fs';
import process from 'node:process';

const shell = '/bin/sh';

/**
 * Ends the process with this code, whatever its threads are doing. `process.exit` waits for worker
 * threads, and one that the kernel holds in a read or a sync of a dead disk does not end: putting
 * another program in the place of this one ends them all.
 */
export function endNow(code: number): never {
  if (process.execve !== undefined && process.platform !== 'win32' && existsSync(shell)) {
    process.execve(shell, ['sh', '-c', `exit ${code}`], {});
  }
  process.exit(code);
}
