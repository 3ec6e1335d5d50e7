/** A set of values that costs nothing extra while it holds only one, as most filters' sets do. */

export type ValueSet<T> = T | Several<T> | undefined;

class Several<T> {
  readonly values = new Set<T>();
}

export function hasValue<T>(set: ValueSet<T>, value: T): boolean {
  return set instanceof Several ? set.values.has(value) : set === value;
}

/** The set with `value`, which was not in it: keep it in place of `set`. */
export function withValue<T>(set: ValueSet<T>, value: T): ValueSet<T> {
  if (set === undefined) return value;
  if (set instanceof Several) {
    set.values.add(value);
    return set;
  }
  const several = new Several<T>();
  several.values.add(set).add(value);
  return several;
}

/** The set without `value`: keep it in place of `set`. */
export function withoutValue<T>(set: ValueSet<T>, value: T): ValueSet<T> {
  if (!(set instanceof Several)) return set === value ? undefined : set;
  set.values.delete(value);
  return set.values.size === 0 ? undefined : set;
}

export function visitValues<T>(set: ValueSet<T>, visit: (value: T) => void): void {
  if (set === undefined) return;
  if (!(set instanceof Several)) {
    visit(set);
    return;
  }
  for (const value of set.values) visit(value);
}
