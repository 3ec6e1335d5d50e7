/** The order of the keys in an LMDB file, and between which of them a page stands. */

import { nodeHeaderBytes } from './lmdb-page.ts';
import type { PageBlock } from './lmdb-pages.ts';

/** Which of two keys comes first, by where they begin in their bytes and how long they are. */
export type CompareKeys = (
  left: Uint8Array,
  leftAt: number,
  leftBytes: number,
  right: Uint8Array,
  rightAt: number,
  rightBytes: number,
) => number;

/** Where a key is: in the node of a branch page. */
interface KeyPlace {
  readonly block: PageBlock;
  readonly node: number;
}

/**
 * What the keys of a page are between, by the branch pages above it: from one key on, and below
 * another. The keys are not copied: their pages stay in their blocks until those below are walked.
 */
export class KeyBounds {
  readonly #compare: CompareKeys;
  readonly #floor: KeyPlace | undefined;
  readonly #ceiling: KeyPlace | undefined;

  constructor(compare: CompareKeys, floor?: KeyPlace, ceiling?: KeyPlace) {
    this.#compare = compare;
    this.#floor = floor;
    this.#ceiling = ceiling;
  }

  /** The bounds between two nodes of a page with these bounds; there may be none on either side. */
  between(block: PageBlock, node: number | undefined, next: number | undefined): KeyBounds {
    const floor = node === undefined ? this.#floor : { block, node };
    const ceiling = next === undefined ? this.#ceiling : { block, node: next };
    return new KeyBounds(this.#compare, floor, ceiling);
  }

  /** Whether the key of the node is inside. */
  admit(block: PageBlock, node: number): boolean {
    const isAbove = this.#floor === undefined || this.#order(this.#floor, block, node) <= 0;
    return isAbove && (this.#ceiling === undefined || this.#order(this.#ceiling, block, node) > 0);
  }

  #order(place: KeyPlace, block: PageBlock, node: number): number {
    return compareNodes(this.#compare, place.block, place.node, block, node);
  }
}

/** The order of two nodes' keys. */
export function compareNodes(
  compare: CompareKeys,
  left: PageBlock,
  leftNode: number,
  right: PageBlock,
  rightNode: number,
): number {
  return compare(
    left.bytes,
    leftNode + nodeHeaderBytes,
    left.halves[leftNode / 2 + 3],
    right.bytes,
    rightNode + nodeHeaderBytes,
    right.halves[rightNode / 2 + 3],
  );
}

/** The order of the main tree: by bytes, and the shorter one first. */
export function compareBytes(
  left: Uint8Array,
  leftAt: number,
  leftBytes: number,
  right: Uint8Array,
  rightAt: number,
  rightBytes: number,
): number {
  const common = Math.min(leftBytes, rightBytes);
  for (let index = 0; index < common; index += 1) {
    const order = left[leftAt + index] - right[rightAt + index];
    if (order !== 0) return order;
  }
  return leftBytes - rightBytes;
}
