/**
 * Finds the property names of a bundled library that nobody else knows: those that are neither in
 * its public types, nor names of JavaScript's or of browsers', nor stand in it as text, by which it
 * may look properties up.
 */

import { globSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ESTree } from 'rolldown/utils';
import { childrenOf, isNode, keyOf, parse } from './syntax-tree.ts';

/**
 * @param code of the bundle
 * @param types the file that declares what it exports
 */
export function internalNames(code: string, types: string): string[] {
  const { keys, texts } = wordsOf(parse('bundle.js', code));
  return [...keys.difference(publicNames(types)).difference(platformNames()).difference(texts)];
}

/**
 * The names of what users get, hand over, or call: in the declarations that the file exports and
 * those that these refer to, but for what is marked `@internal` and for the constructors of classes
 * that are exported as types.
 */
export function publicNames(types: string): Set<string> {
  const names = new Set<string>();
  const seen = new Set<Declaration>();
  const files = new Map<string, DeclarationFile>();

  const fileOf = (path: string) => {
    const file = files.get(path) ?? new DeclarationFile(path);
    files.set(path, file);
    return file;
  };
  const addModule = (path: string, visit: (name: string) => void) => {
    for (const { name } of fileOf(path).exports) {
      names.add(name);
      visit(name);
    }
  };
  const add = (path: string, name: string, isMade: boolean) => {
    const place = fileOf(path).places.get(name);
    if (place === undefined) return; // a global, or a type parameter
    if ('path' in place) {
      if (place.name !== undefined) return add(place.path, place.name, isMade);
      return addModule(place.path, (member) => add(place.path, member, isMade));
    }
    if (seen.has(place)) return;
    seen.add(place);
    const isHidden = (node: ESTree.Node) =>
      fileOf(path).isInternal(node) || (!isMade && isConstructor(node));
    const { keys, texts, references } = wordsOf(place.node, isHidden);
    for (const word of [...keys, ...texts]) names.add(word);
    for (const reference of references) add(path, reference, false);
  };

  for (const { name, isValue } of fileOf(types).exports) add(types, name, isValue);
  return names;
}

/** The names of all that JavaScript and browsers have, as TypeScript declares them. */
function platformNames(): Set<string> {
  const libraries = globSync('node_modules/@typescript/*/lib/lib.{es,dom,decorators}*.d.ts');
  if (libraries.length === 0) throw new Error('TypeScript has its lib.*.d.ts elsewhere');
  const names = new Set<string>();
  for (const path of libraries) {
    const { keys, declared } = wordsOf(parse(path, readFileSync(path, 'utf8')));
    for (const name of [...keys, ...declared]) names.add(name);
  }
  return names;
}

interface Words {
  /** Names of properties, as they are declared or used. */
  readonly keys: Set<string>;
  /** Names of all that is declared besides. */
  readonly declared: Set<string>;
  /** Names of other things, among them those that are declared elsewhere. */
  readonly references: Set<string>;
  readonly texts: Set<string>;
}

/** @param isHidden what is not looked at, nor what is in it */
function wordsOf(root: ESTree.Node, isHidden: (node: ESTree.Node) => boolean = () => false): Words {
  const words: Words = {
    keys: new Set(),
    declared: new Set(),
    references: new Set(),
    texts: new Set(),
  };
  const visit = (node: ESTree.Node) => {
    if (isHidden(node)) return;
    addWords(node, words);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return words;
}

function addWords(node: ESTree.Node, { keys, declared, references, texts }: Words): void {
  const key = keyOf(node);
  if (key !== undefined) keys.add(key);
  else if (node.type === 'Identifier') references.add(node.name);
  else if (node.type === 'Literal' && typeof node.value === 'string') texts.add(node.value);
  else if (node.type === 'TemplateElement') texts.add(node.value.cooked ?? '');
  else if (node.type === 'TSImportType')
    throw new Error('a type imported in place is not followed');
  else for (const name of declaredNames(node)) declared.add(name);
}

function isConstructor(node: ESTree.Node): boolean {
  return node.type === 'MethodDefinition' && node.kind === 'constructor';
}

function declaredNames(node: ESTree.Node): string[] {
  if (node.type === 'VariableDeclaration') return node.declarations.flatMap(declaredNames);
  const isNamed = 'id' in node && isNode(node.id) && node.id.type === 'Identifier';
  return isNamed ? [(node.id as ESTree.IdentifierName).name] : [];
}

function nameOf(name: ESTree.ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name;
}

interface Declaration {
  readonly node: ESTree.Node;
}

/** Of a module: by a name of its own, or all of it. */
interface Elsewhere {
  readonly path: string;
  readonly name: string | undefined;
}

/** A file of declarations: what it exports, and where the names in it lead. */
class DeclarationFile {
  readonly places = new Map<string, Declaration | Elsewhere>();
  readonly exports: { name: string; isValue: boolean }[] = [];
  readonly #path: string;
  readonly #code: string;

  constructor(path: string) {
    this.#path = path;
    this.#code = readFileSync(path, 'utf8');
    for (const statement of parse(path, this.#code).body) this.#read(statement);
  }

  /** Its comment says so. */
  isInternal(node: ESTree.Node): boolean {
    const before = this.#code.slice(0, node.start).trimEnd();
    return before.endsWith('*/') && before.slice(before.lastIndexOf('/*')).includes('@internal');
  }

  #read(statement: ESTree.Statement | ESTree.Directive): void {
    switch (statement.type) {
      case 'ImportDeclaration':
        return this.#readImport(statement);
      case 'ExportAllDeclaration': {
        const { exported, source } = statement;
        if (exported === null) throw new Error(`${this.#path}: 'export *' names nothing`);
        const name = nameOf(exported);
        this.places.set(name, { path: this.#follow(source.value), name: undefined });
        this.exports.push({ name, isValue: true });
        return;
      }
      case 'ExportNamedDeclaration':
        return this.#readExport(statement);
      default:
        for (const name of declaredNames(statement)) this.places.set(name, { node: statement });
    }
  }

  #readImport({ source, specifiers }: ESTree.ImportDeclaration): void {
    for (const specifier of specifiers) {
      const name = specifier.type === 'ImportSpecifier' ? nameOf(specifier.imported) : undefined;
      this.places.set(specifier.local.name, { path: this.#follow(source.value), name });
    }
  }

  #readExport({
    declaration,
    specifiers,
    source,
    exportKind,
  }: ESTree.ExportNamedDeclaration): void {
    for (const name of declaration === null ? [] : declaredNames(declaration)) {
      this.places.set(name, { node: declaration! });
      this.exports.push({ name, isValue: true });
    }
    for (const specifier of specifiers) {
      const name = nameOf(specifier.exported);
      const isValue = exportKind === 'value' && specifier.exportKind === 'value';
      this.exports.push({ name, isValue });
      if (source === null) continue;
      this.places.set(name, { path: this.#follow(source.value), name: nameOf(specifier.local) });
    }
  }

  #follow(specifier: string): string {
    return resolve(dirname(this.#path), specifier).replace(/\.[jt]s$/, '.d.ts');
  }
}
