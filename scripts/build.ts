/**
 * Builds dist/, which the published package runs from: Node takes no TypeScript from packages. What
 * browsers get and the manual pages go there as well.
 */

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import process from 'node:process';

rmSync('dist', { recursive: true, force: true });
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
for (const step of [tsc, ['scripts/browser-file.ts', 'dist'], ['scripts/man-pages.ts']]) {
  const { status } = spawnSync(process.execPath, step, { stdio: 'inherit' });
  process.exitCode = status ?? 1;
  if (process.exitCode !== 0) break;
}
