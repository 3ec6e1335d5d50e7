/** Builds dist/, which the published package runs from: Node takes no TypeScript from packages. */

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import process from 'node:process';

rmSync('dist', { recursive: true, force: true });
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
process.exitCode = spawnSync(process.execPath, tsc, { stdio: 'inherit' }).status ?? 1;
