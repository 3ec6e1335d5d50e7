/** Tests that docs/configuration.md is what the table of options makes. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { configurationDoc } from '../scripts/configuration-doc.ts';

it('docs/configuration.md has every option as it is', () => {
  assert.equal(
    readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8'),
    configurationDoc(),
    'write it anew: node scripts/configuration-doc.ts',
  );
});
