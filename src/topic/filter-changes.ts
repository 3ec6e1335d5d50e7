/** Which topics the wildcard filters that came and went lately may match. */

// Levels that are told apart; topics that differ further down only count as one.
const depthMax = 8;
// 256 KB. A topic that is asked about after 1,000 changes is wrongly taken for changed in 3 of 100
// cases, where the changed filters are alike in shape, as those of a fleet are.
const slotCount = 2 ** 15;

const seed = 0x811c9dc5 | 0;

/**
 * A sketch in constant memory that may take a topic for changed that is not, but never the other
 * way round. Noting a filter and asking for a topic take constant time, however many change.
 *
 * What a topic must have to match a filter is made a key, and under the key stands when such a
 * filter changed last: the levels before the first wildcard; and the first literal level behind
 * that, or else how many levels there must be. A topic has few of these keys, and looks for those
 * only whose shape, where the wildcards are, has changed at all.
 */
export class FilterChanges {
  readonly #slots = new Float64Array(slotCount);
  // By the number of levels before the first wildcard, and what comes behind it.
  readonly #shapes = new Float64Array((depthMax + 1) * shapesPerPrefix);
  // Of the text that was read last: hashes of its first levels, and of as many joined.
  readonly #levels = new Int32Array(depthMax + 1);
  readonly #prefixes = new Int32Array(depthMax + 1);
  #now = 0;

  /** Grows with each change. */
  get now(): number {
    return this.#now;
  }

  /** A filter with wildcards has come, gone or changed. */
  note(filter: string): void {
    const depth = this.#read(filter);
    const seen = Math.min(depth, depthMax);
    const levels = this.#levels;
    this.#now++;
    let at = 0;
    // A literal level whose hash is that of a wildcard makes the key wider, which does no harm.
    while (at < seen && levels[at] !== plus && levels[at] !== hash) at++;
    const prefix = at;
    while (at < seen && levels[at] === plus) at++;
    if (at < seen && levels[at] !== hash && at > prefix) {
      this.#set(prefix, shapeOfLiteral(at), levels[at]);
    } else if (at === depth && at > prefix) {
      this.#set(prefix, countedShape, depth);
    } else {
      this.#set(prefix, openShape, 0);
    }
  }

  /** Whether a filter that may match the topic has changed since `now` was that. */
  mayMatch(topic: string, since: number): boolean {
    const depth = this.#read(topic);
    const seen = Math.min(depth, depthMax);
    // [MQTT-4.7.2-1]
    for (let prefix = topic.startsWith('$') ? 1 : 0; prefix <= seen; prefix++) {
      if (this.#changed(prefix, openShape, 0, since)) return true;
      if (prefix < depth && this.#changed(prefix, countedShape, depth, since)) return true;
      for (let at = prefix + 1; at < seen; at++) {
        if (this.#changed(prefix, shapeOfLiteral(at), this.#levels[at], since)) return true;
      }
    }
    return false;
  }

  #set(prefix: number, shape: number, detail: number): void {
    this.#shapes[prefix * shapesPerPrefix + shape] = this.#now;
    this.#slots[this.#slotOf(prefix, shape, detail)] = this.#now;
  }

  #changed(prefix: number, shape: number, detail: number, since: number): boolean {
    if (this.#shapes[prefix * shapesPerPrefix + shape] <= since) return false;
    return this.#slots[this.#slotOf(prefix, shape, detail)] > since;
  }

  #slotOf(prefix: number, shape: number, detail: number): number {
    const mixed = Math.imul(this.#prefixes[prefix] ^ detail, 0x9e3779b1) ^ shape;
    const spread = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
    return (spread ^ (spread >>> 13)) & (slotCount - 1);
  }

  /** @returns how many levels there are, or one more than are told apart */
  #read(text: string): number {
    const levels = this.#levels;
    const prefixes = this.#prefixes;
    let depth = 0;
    let prefix = seed;
    let level = seed;
    prefixes[0] = prefix;
    for (let i = 0; depth < depthMax; i++) {
      const code = i < text.length ? text.charCodeAt(i) : slash;
      if (code !== slash) {
        level = Math.imul(level ^ code, 0x01000193);
        continue;
      }
      levels[depth++] = level;
      prefix = Math.imul(prefix ^ level, 0x85ebca6b);
      prefixes[depth] = prefix;
      if (i >= text.length) return depth;
      level = seed;
    }
    return depth + 1;
  }
}

// Behind the prefix: anything; just so many levels; or a certain level at a certain place.
const openShape = 0;
const countedShape = 1;
const shapesPerPrefix = 2 + depthMax;

function shapeOfLiteral(at: number): number {
  return 2 + at;
}

const slash = '/'.charCodeAt(0);
const plus = hashOf('+');
const hash = hashOf('#');

/** As a level that is this character alone has it. */
function hashOf(character: string): number {
  return Math.imul(seed ^ character.charCodeAt(0), 0x01000193);
}
