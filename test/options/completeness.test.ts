/** Tests that every option of the tables has a test that shows what it does. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accessOptions } from '../../src/server/access-options.ts';
import { generalOptions } from '../../src/server/general-options.ts';
import { listenerOptions } from '../../src/server/listener-options.ts';
import type { Option } from '../../src/server/option.ts';
import { structureOptions } from '../../src/server/structure-options.ts';
import { tlsOptions } from '../../src/server/tls-options.ts';
import { declaredBy } from './option-test.ts';

const options: Readonly<Record<string, Option>> = {
  ...generalOptions,
  ...accessOptions,
  ...listenerOptions,
  ...tlsOptions,
  ...structureOptions,
};

const declared = await declaredBy(async () => {
  await import('./access.test.ts');
  await import('./general.test.ts');
  await import('./listeners.test.ts');
  await import('./process.test.ts');
  await import('./tls.test.ts');
  await import('./web.test.ts');
});

/** The names of the options that are to have such a test and have none. */
function untested(shown: keyof typeof declared, isWanted: (option: Option) => boolean): string[] {
  return Object.keys(options).filter(
    (name) => isWanted(options[name]) && !declared[shown].has(name),
  );
}

describe('every option', () => {
  it('has a test that shows its effect', () => {
    assert.deepEqual(
      untested('effect', () => true),
      [],
    );
  });

  it('that a reload changes has a test that shows it', () => {
    assert.deepEqual(
      untested('reload', ({ reload }) => reload),
      [],
    );
  });

  it('that a reload does not change has a test that the log says so', () => {
    assert.deepEqual(
      untested('restart', ({ reload }) => !reload),
      [],
    );
  });

  it('that has a test is one, by its name or another that it has', () => {
    const names = Object.entries(options).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
    const tested = Object.values(declared).flatMap((each) => [...each]);
    assert.deepEqual(
      tested.filter((name) => !names.includes(name)),
      [],
    );
  });
});
