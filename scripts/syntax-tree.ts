/** Trees of what the compiler has written. */

import { type ESTree, parseSync } from 'rolldown/utils';

/** @param path its ending says whether it holds declarations only */
export function parse(path: string, code: string): ESTree.Program {
  const { program, errors } = parseSync(path, code);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  return program;
}

/** What is in it, but for the name that `keyOf` gives. */
export function childrenOf(node: ESTree.Node): ESTree.Node[] {
  const key = keyNodeOf(node);
  return Object.values(node)
    .flat()
    .filter((child) => isNode(child) && child !== key);
}

/** The name of the property that is declared, given or asked for, `#name` of a private one. */
export function keyOf(node: ESTree.Node): string | undefined {
  const key = keyNodeOf(node);
  if (key?.type === 'Identifier') return key.name;
  return key?.type === 'PrivateIdentifier' ? `#${key.name}` : undefined;
}

function keyNodeOf(node: ESTree.Node): ESTree.Node | undefined {
  // As in `#name in object`.
  if (node.type === 'PrivateIdentifier') return node;
  if ('computed' in node && node.computed) return undefined;
  if (node.type === 'MemberExpression') return node.property;
  return 'key' in node && isNode(node.key) ? node.key : undefined;
}

export function isNode(value: unknown): value is ESTree.Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}
