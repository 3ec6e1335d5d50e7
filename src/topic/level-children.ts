/** The children of a trie node by level; no Map while there is only one, as in most nodes. */

/** A node of a trie whose edges are topic levels. */
export interface LevelNode {
  readonly level: string;
}

export type LevelChildren<N extends LevelNode> = N | Map<string, N> | undefined;

export function childAt<N extends LevelNode>(
  children: LevelChildren<N>,
  level: string,
): N | undefined {
  if (children === undefined) return undefined;
  if (children instanceof Map) return children.get(level);
  return children.level === level ? children : undefined;
}

/** The children with a new `child` among them: keep them in place of `children`. */
export function withChild<N extends LevelNode>(
  children: LevelChildren<N>,
  child: N,
): LevelChildren<N> {
  if (children === undefined) return child;
  if (children instanceof Map) return children.set(child.level, child);
  return new Map([
    [children.level, children],
    [child.level, child],
  ]);
}

/** The children without `child`, which is one of them: keep them in place of `children`. */
export function withoutChild<N extends LevelNode>(
  children: LevelChildren<N>,
  child: N,
): LevelChildren<N> {
  if (!(children instanceof Map)) return undefined;
  children.delete(child.level);
  return children.size === 0 ? undefined : children;
}

/** Goes on while children come and go: those that stay are seen exactly once. */
export function eachChild<N extends LevelNode>(children: LevelChildren<N>): Iterator<N> {
  if (children instanceof Map) return children.values();
  return (children === undefined ? [] : [children]).values();
}
