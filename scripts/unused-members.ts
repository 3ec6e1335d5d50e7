/**
 * Leaves out of a bundled library what is there for others only, who use the same classes: methods
 * that nothing in it calls, and what it does with options that nothing in it sets. Bundlers do this
 * with functions and variables, but not with properties, as they cannot know who uses them.
 */

import type { ESTree } from 'rolldown/utils';
import { childrenOf, keyOf, parse } from './syntax-tree.ts';

/**
 * @param internal names of properties that nobody outside of the bundle knows
 * @returns the same lines, in which all that stays has its place
 */
export function withoutUnusedMembers(code: string, internal: ReadonlySet<string>): string {
  const shorter = withoutSome(code, internal);
  // What was left out may have been all that used something else.
  return shorter === code ? code : withoutUnusedMembers(shorter, internal);
}

const absent = '(void 0)';

function withoutSome(code: string, internal: ReadonlySet<string>): string {
  const program = parse('bundle.js', code);
  const ofAll = usesIn(program);
  let result = code;
  const put = (text: string, { start, end }: ESTree.Node) => {
    const blanks = code.slice(start + text.length, end).replace(/[^\n]/g, ' ');
    result = result.slice(0, start) + text + blanks + result.slice(end);
  };
  /** @param ofClass what the class does that it is in, which alone knows its private members */
  const visit = (node: ESTree.Node, ofClass: Uses) => {
    const isUnused = (key: string | undefined, use: keyof Uses) => {
      if (key === undefined) return false;
      if (key.startsWith('#')) return !ofClass[use].has(key);
      return internal.has(key) && !ofAll[use].has(key);
    };
    if (isCallable(node) && isUnused(keyOf(node), 'read')) return put('', node);
    const cleared = clearedBy(node);
    if (cleared !== undefined && isUnused(keyOf(cleared), 'set')) return put('', node);
    const isShort = node.end - node.start < absent.length;
    if (isPlain(node) && !isShort && isUnused(keyOf(node), 'set')) return put(absent, node);
    const inside = node.type === 'ClassBody' ? usesIn(node) : ofClass;
    for (const child of childrenOf(node)) visit(child, inside);
  };
  visit(program, ofAll);
  return result;
}

/** Names of properties. */
interface Uses {
  readonly read: Set<string>;
  /** To anything but undefined. */
  readonly set: Set<string>;
}

function usesIn(root: ESTree.Node): Uses {
  const uses: Uses = { read: new Set(), set: new Set() };
  const visit = (node: ESTree.Node, isTarget: boolean) => {
    const cleared = clearedBy(node);
    if (cleared !== undefined) return visit(cleared.object, false);
    const key = keyOf(node);
    if (key !== undefined && isRead(node, isTarget)) uses.read.add(key);
    if (key !== undefined && isSet(node, isTarget)) uses.set.add(key);
    const targets = targetsOf(node, isTarget);
    for (const child of childrenOf(node)) visit(child, targets.includes(child));
  };
  visit(root, false);
  return uses;
}

function isRead(node: ESTree.Node, isTarget: boolean): boolean {
  return node.type === 'MemberExpression' || node.type === 'PrivateIdentifier' || isTarget;
}

function isSet(node: ESTree.Node, isTarget: boolean): boolean {
  if (node.type === 'MemberExpression') return isTarget;
  if (node.type === 'Property' && !isTarget) return !isUndefined(node.value);
  if (node.type === 'PropertyDefinition') return node.value !== null && !isUndefined(node.value);
  return true;
}

/** What in it is assigned to, or taken apart. @param isTarget whether that is so of itself */
function targetsOf(node: ESTree.Node, isTarget: boolean): readonly ESTree.Node[] {
  switch (node.type) {
    case 'ObjectPattern':
      return node.properties;
    case 'ArrayPattern':
      return node.elements.filter((element) => element !== null);
    case 'AssignmentPattern':
    case 'AssignmentExpression':
    case 'ForOfStatement':
    case 'ForInStatement':
      return [node.left];
    case 'UpdateExpression':
    case 'RestElement':
      return [node.argument];
    case 'UnaryExpression':
      return node.operator === 'delete' ? [node.argument] : [];
    case 'Property':
      return isTarget ? [node.value] : [];
    default:
      return [];
  }
}

/** In the statement `this.#room = undefined;` that of the room. */
function clearedBy(node: ESTree.Node): ESTree.MemberExpression | undefined {
  if (node.type !== 'ExpressionStatement') return undefined;
  const { expression } = node;
  if (expression.type !== 'AssignmentExpression' || expression.operator !== '=') return undefined;
  const { left, right } = expression;
  return left.type === 'MemberExpression' && isPlain(left) && isUndefined(right) ? left : undefined;
}

function isUndefined(node: ESTree.Node): boolean {
  switch (node.type) {
    case 'UnaryExpression':
      return node.operator === 'void';
    case 'ParenthesizedExpression':
      return isUndefined(node.expression);
    case 'ChainExpression':
      return breaksOff(node.expression);
    default:
      return false;
  }
}

/** Nothing is there in front of a `?.`, and so nothing behind it happens. */
function breaksOff(node: ESTree.Node): boolean {
  switch (node.type) {
    case 'CallExpression':
      return (node.optional && isUndefined(node.callee)) || breaksOff(node.callee);
    case 'MemberExpression':
      return (node.optional && isUndefined(node.object)) || breaksOff(node.object);
    default:
      return false;
  }
}

function isCallable(node: ESTree.Node): boolean {
  return node.type === 'MethodDefinition' && (node.kind === 'method' || node.kind === 'get');
}

/** A property that is there to be read, without a call or a `?.` on the way. */
function isPlain(node: ESTree.Node): boolean {
  if (node.type !== 'MemberExpression' || node.computed || node.optional) return false;
  const { object } = node;
  return object.type === 'ThisExpression' || object.type === 'Identifier' || isPlain(object);
}
