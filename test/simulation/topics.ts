/** The names that the simulated clients use, and matching in its plainest form. */

/** Few, so that clients meet. */
export const plainTopics: readonly string[] = [
  'a',
  'a/b',
  'a/b/c',
  'a/c',
  'b',
  'b/c',
  '/a',
  'a//c',
  '$app/a',
];

/** Topics with shared subscriptions, which plain ones match too. */
export const jobTopics: readonly string[] = ['job', 'job/1', 'job/2', 'job/1/step'];

export const plainFilters: readonly string[] = [
  ...plainTopics,
  'a/#',
  'a/+',
  '+/b',
  'a/+/c',
  'b/#',
  '/+',
  'b/+',
  '$app/#',
];

/** These match jobs as well, so that whoever shares jobs stays away from them. */
export const broadFilters: readonly string[] = ['#', '+', '+/+', '+/#', 'job/+', 'job/1'];

export const willFilters: readonly string[] = ['will/+', 'will/#'];

export const sharedFilters: readonly string[] = [
  '$share/red/job/+',
  '$share/red/job/#',
  '$share/blue/job/+',
  '$share/blue/job/1',
];

/** Whether a filter matches a topic, both split into levels. (MQTT 5.0 section 4.7) */
export function levelsMatch(filter: readonly string[], topic: readonly string[]): boolean {
  const [pattern] = filter;
  // [MQTT-4.7.2-1]
  if (topic[0].startsWith('$') && (pattern === '+' || pattern === '#')) return false;
  return matchFrom(0, filter, topic);
}

function matchFrom(level: number, filter: readonly string[], topic: readonly string[]): boolean {
  const pattern = filter[level];
  if (pattern === '#') return true;
  if (pattern === undefined || level === topic.length) {
    return pattern === undefined && level === topic.length;
  }
  return (pattern === '+' || pattern === topic[level]) && matchFrom(level + 1, filter, topic);
}
