/** How two topic filters stand to each other. Both are valid, and neither is a shared one. */

/** Whether there is a topic that both match. */
export function overlaps(one: string, other: string): boolean {
  if (isForSystem(one) !== isForSystem(other)) return false;
  const left = one.split('/');
  const right = other.split('/');
  for (let i = 0; ; i++) {
    // '#' matches the parent level too, so it may stand for nothing.
    if (left[i] === '#' || right[i] === '#') return true;
    if (i === left.length || i === right.length) {
      return left.length === right.length;
    }
    if (left[i] !== right[i] && left[i] !== '+' && right[i] !== '+') return false;
  }
}

/** Whether every topic that `inner` matches is matched by `outer`. */
export function covers(outer: string, inner: string): boolean {
  if (isForSystem(outer) !== isForSystem(inner)) return false;
  const wide = outer.split('/');
  const narrow = inner.split('/');
  for (let i = 0; ; i++) {
    if (wide[i] === '#') return true;
    if (i === wide.length || i === narrow.length) return wide.length === narrow.length;
    if (narrow[i] === '#') return false;
    if (wide[i] !== '+' && wide[i] !== narrow[i]) return false;
  }
}

// [MQTT-4.7.2-1]
function isForSystem(filter: string): boolean {
  return filter.startsWith('$');
}
