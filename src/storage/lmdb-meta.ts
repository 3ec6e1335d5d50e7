/** The two meta pages of an LMDB file: each is where one version of its trees begins. */

import { pageFlags } from './lmdb-page.ts';
import { PageBlock, readWhole } from './lmdb-pages.ts';

/*
 * All numbers are in the byte order of the machine. Behind the 24 bytes of a page's header:
 *
 *   0 magic u32 | 4 version u32 | 8 address u64 | 16 map size u64 | 24 free tree | 72 main tree
 *   120 last page u64 | 128 transaction u64 | 136 boot id u64
 *
 * and a tree:
 *
 *   0 page size u32 (in the free tree) | 4 flags u16 | 6 depth u16 | 8 branch pages u64
 *   16 leaf pages u64 | 24 overflow pages u64 | 32 entries u64 | 40 root page u64
 *
 * The map size is not looked at: LMDB takes it as the least that it maps only if told no size.
 */
const metaBytes = 168;
const at = { magic: 24, version: 28, freeTree: 48, mainTree: 96, lastPage: 144, transaction: 152 };

const magic = 0xbeefc0de;
const formatVersion = 2;
export const pageBytesMin = 256;
export const pageBytesMax = 65_536;

/** The stack of LMDB's cursors. */
export const depthMax = 32;

/** Keys of the free tree are numbers; the bits from 0x400 on are how the file was opened. */
const freeTreeFlags = 0x08;
const openFlags = 0x5c00;

/** One of the two trees: how LMDB says that it is. */
export interface LmdbTree {
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  /** Undefined: the tree is empty. */
  readonly root: number | undefined;
}

export interface LmdbMeta {
  readonly page: number;
  readonly pageBytes: number;
  readonly freeTree: LmdbTree;
  readonly mainTree: LmdbTree;
  /** The highest page that is in use or has been. */
  readonly lastPage: number;
  readonly transaction: number;
}

/** What stands where a meta page should; a text says why it is none. */
export type MetaReading = LmdbMeta | string;

/** Both metas, the first page's first. */
export function readMetas(descriptor: number, fileBytes: number): readonly MetaReading[] {
  const first = readMeta(descriptor, 0, 0);
  if (typeof first !== 'string') {
    const second = readMeta(descriptor, 1, first.pageBytes);
    if (typeof second === 'string' || second.pageBytes === first.pageBytes) return [first, second];
  }
  // It is where its own page size says that it is: no chance puts one there.
  for (let bytes = pageBytesMin; bytes <= pageBytesMax && bytes < fileBytes; bytes *= 2) {
    const second = readMeta(descriptor, 1, bytes);
    if (typeof second === 'string' || second.pageBytes !== bytes) continue;
    if (typeof first === 'string') return [first, second];
    return [`its page size is ${first.pageBytes}, that of the second ${bytes}`, second];
  }
  return [first, 'it is not behind the first at any page size'];
}

function readMeta(descriptor: number, page: number, position: number): MetaReading {
  const block = new PageBlock(metaBytes);
  if (!readWhole(descriptor, block.bytes, metaBytes, position)) return 'the file ends before it';
  const { halves, words } = block;
  if (words[at.magic / 4] !== magic) return 'it does not begin as an LMDB file of this machine';
  if (words[at.version / 4] !== formatVersion) {
    return `its format is version ${words[at.version / 4]}, readable is ${formatVersion}`;
  }
  if (numberAt(words, 0) !== page || halves[9] !== pageFlags.meta) return 'it is no meta page';

  const pageBytes = words[at.freeTree / 4];
  if (pageBytes < pageBytesMin || pageBytes > pageBytesMax || (pageBytes & (pageBytes - 1)) !== 0) {
    return `its page size is ${pageBytes}, no power of two from ${pageBytesMin} to ${pageBytesMax}`;
  }
  const flags = [halves[(at.freeTree + 4) / 2] & ~openFlags, halves[(at.mainTree + 4) / 2]];
  if (flags[0] !== freeTreeFlags || flags[1] !== 0) return `its tree flags are ${flags}, not 8,0`;

  const meta = {
    page,
    pageBytes,
    freeTree: treeAt(block, at.freeTree),
    mainTree: treeAt(block, at.mainTree),
    lastPage: numberAt(words, at.lastPage),
    transaction: numberAt(words, at.transaction),
  };
  return metaFault(meta) ?? meta;
}

function metaFault(meta: LmdbMeta): string | undefined {
  const { page, lastPage, transaction } = meta;
  if (lastPage < 1 || !Number.isSafeInteger(lastPage)) return `its last page is ${lastPage}`;
  // LMDB writes a transaction to the page of its last bit, and looks for it there.
  const inPlace = transaction % 2 === page || transaction === 0;
  if (!inPlace || !Number.isSafeInteger(transaction)) return `its transaction is ${transaction}`;
  return treeFault(meta.freeTree, lastPage) ?? treeFault(meta.mainTree, lastPage);
}

function treeFault(tree: LmdbTree, lastPage: number): string | undefined {
  const { root, depth, branchPages, leafPages, overflowPages, entries } = tree;
  if (root === undefined) {
    const rest = depth + branchPages + leafPages + overflowPages + entries;
    return rest === 0 ? undefined : 'a tree has no root and is not empty';
  }
  if (root < 2 || root > lastPage) return `a tree's root ${root} is not from 2 to ${lastPage}`;
  return depth >= 1 && depth <= depthMax ? undefined : `a tree's depth is ${depth}`;
}

function treeAt({ halves, words }: PageBlock, position: number): LmdbTree {
  const root = (position + 40) / 4;
  const isEmpty = words[root] === 0xffffffff && words[root + 1] === 0xffffffff;
  return {
    depth: halves[(position + 6) / 2],
    branchPages: numberAt(words, position + 8),
    leafPages: numberAt(words, position + 16),
    overflowPages: numberAt(words, position + 24),
    entries: numberAt(words, position + 32),
    root: isEmpty ? undefined : numberAt(words, position + 40),
  };
}

/** 64 bits; what is beyond 2^53 is rounded, and no number that the file could rightly have. */
function numberAt(words: Uint32Array, position: number): number {
  return words[position / 4] + words[position / 4 + 1] * 2 ** 32;
}
