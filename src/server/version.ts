/** The version of this package. */

import { readFileSync } from 'node:fs';

// src/server and dist/server lie equally deep below package.json.
const manifest = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

export const version: string = manifest.version;
