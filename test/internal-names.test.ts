/** Which names of the file for browsers are shortened: none that a user, JavaScript or a page has. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { internalNames } from '../scripts/internal-names.ts';
import { withoutUnusedMembers } from '../scripts/unused-members.ts';

describe('internal names', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pantala-names-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const code = 'export const object = { wanted: 1, ourOwn: 2 }; object.wanted; object.ourOwn;';

  /** Whether `wanted` is left alone for the sake of these declarations; `ourOwn` never is. */
  function check({ types, isPublic, also = {} }: Case): void {
    for (const [name, text] of Object.entries({ 'index.d.ts': types, ...also })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const names = internalNames(code, join(folder, 'index.d.ts'));
    assert.deepEqual(names.sort(), isPublic ? ['ourOwn'] : ['ourOwn', 'wanted']);
  }

  interface Case {
    readonly types: string;
    readonly isPublic: boolean;
    readonly also?: Readonly<Record<string, string>>;
  }

  const other = { 'other/file.d.ts': 'export interface Other { wanted: string }' };
  const cases: readonly (readonly [string, Case])[] = [
    ['no declaration has', { types: 'export interface A { else: 1 }', isPublic: false }],
    ['an interface has', { types: 'export interface A { readonly wanted?: 1 }', isPublic: true }],
    ['a method has', { types: 'export declare class A { wanted(): void }', isPublic: true }],
    [
      'an option in place has',
      { types: 'export declare function f(a: { wanted: 1 }): void;', isPublic: true },
    ],
    ['is not exported', { types: 'interface A { wanted: 1 }\nexport {};', isPublic: false }],
    [
      'what is exported refers to',
      { types: 'interface A { wanted: 1 }\nexport type B = A[];', isPublic: true },
    ],
    [
      'is in a file that is only imported',
      {
        types: "import type { Other } from './other/file.ts';\nexport interface A { one: 1 }",
        also: other,
        isPublic: false,
      },
    ],
    [
      'is in another file',
      {
        types: "import type { Other } from './other/file.ts';\nexport interface A { one: Other }",
        also: other,
        isPublic: true,
      },
    ],
    [
      'is exported from another file',
      {
        types: "export type { Other as Mine } from './other/file.ts';",
        also: other,
        isPublic: true,
      },
    ],
    [
      'a namespace of a module has',
      {
        types: "import * as all from './numbers.ts';\nexport { all };",
        also: { 'numbers.d.ts': 'export declare const wanted: 1;' },
        isPublic: true,
      },
    ],
    [
      'a text has, as of a mapped type',
      { types: "export type A = { [Name in 'wanted']: 1 };", isPublic: true },
    ],
    [
      'a constant has',
      { types: 'declare const a: { wanted: 1 };\nexport type B = keyof typeof a;', isPublic: true },
    ],
    [
      'is marked as internal',
      {
        types: 'export interface A {\n  /** Ours.\n   * @internal\n   */\n  wanted(): void;\n}',
        isPublic: false,
      },
    ],
    [
      'only the constructor of a class needs that is exported as a type',
      {
        types: "export type { A } from './a.ts';",
        also: {
          'a.d.ts': 'interface B { wanted: 1 }\nexport declare class A { constructor(b: B); }',
        },
        isPublic: false,
      },
    ],
    [
      'the constructor of a class takes that users may make',
      {
        types: "export { A } from './a.ts';",
        also: {
          'a.d.ts': 'interface B { wanted: 1 }\nexport declare class A { constructor(b: B); }',
        },
        isPublic: true,
      },
    ],
  ];
  for (const [what, example] of cases) {
    it(`${example.isPublic ? 'are none that' : 'are what'} ${what}`, () => check(example));
  }

  it('are none of JavaScript, of a browser, nor what stands somewhere as text', () => {
    writeFileSync(join(folder, 'index.d.ts'), 'export {};');
    const names = (text: string) => internalNames(text, join(folder, 'index.d.ts'));
    assert.deepEqual(names('a.flatMap; a.bufferedAmount; a.WebSocket; a.isWellFormed;'), []);
    assert.deepEqual(names("a.ours; a['ours'];"), []);
    assert.deepEqual(names('a.ours; `ours`;'), []);
    assert.deepEqual(names('const { ours } = a;'), ['ours']);
  });
});

describe('without unused members', () => {
  const ours = new Set(['used', 'unused', 'option', 'other']);
  const check = (code: string, expected: string) => {
    const result = withoutUnusedMembers(code, ours);
    assert.equal(result.length, code.length);
    assert.equal(result.replace(/ +/g, ' '), expected);
  };

  it('there are no methods that nothing calls, nor what only they need', () => {
    check(
      'class A { used() {} unused() { this.#a(); } #a() {} public() {} }\na.used();',
      'class A { used() {} public() {} }\na.used();',
    );
  });

  it('options are undefined that nothing sets, and private members that only take them', () => {
    check(
      'class A { #room; constructor(b) { this.#room = b.option; } used() { return this.#room?.other(); } }\na.used();',
      'class A { #room; constructor(b) { } used() { return (void 0) ?.other(); } }\na.used();',
    );
  });

  it('everything stays that something sets', () => {
    for (const set of [
      'a.option = 1',
      '({ option: 1 })',
      '[a.option] = b',
      '({ c: a.option } = b)',
      'a.option++',
      'a.option ??= 1',
      'for (a.option of b);',
      'delete a.option',
      'class B { option = 1 }',
      'class B { option() {} }',
    ]) {
      const code = `a.option?.get();\n${set};`;
      assert.equal(withoutUnusedMembers(code, ours), code, set);
    }
  });

  it('members of others stay, and whatever is done on the way to one', () => {
    for (const code of ['class A { theirs() {} }', 'a.theirs?.get();', 'make().option?.get();']) {
      assert.equal(withoutUnusedMembers(code, ours), code);
    }
  });
});
