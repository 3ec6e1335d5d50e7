/** Tests that docs/client-commands.md is what the tables make. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { clientCommandsDoc } from '../scripts/client-commands-doc.ts';

it('docs/client-commands.md has every flag and every difference as it is', () => {
  assert.equal(
    readFileSync(new URL('../docs/client-commands.md', import.meta.url), 'utf8'),
    clientCommandsDoc(),
    'write it anew: node scripts/client-commands-doc.ts',
  );
});
