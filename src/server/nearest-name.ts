/** What somebody may have meant by a name that does not exist. */

/** The candidate with the fewest edits to `name`, or undefined when all are far from it. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > nameCharsMax) return undefined;
  let nearest: string | undefined;
  // A third of the letters may be wrong: beyond that a guess confuses more than it helps.
  let fewest = Math.floor(name.length / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue;
    const edits = editDistance(name, candidate);
    if (edits >= fewest) continue;
    fewest = edits;
    nearest = candidate;
  }
  return nearest;
}

// Longer than any name we have: nothing can be near it.
const nameCharsMax = 64;

/** Inserted, deleted and replaced letters, and neighbours swapped, between `a` and `b`. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min(replaced, previous[j] + 1, current[j - 1] + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        current[j] = Math.min(current[j], beforePrevious[j - 2] + 1);
      }
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length];
}
