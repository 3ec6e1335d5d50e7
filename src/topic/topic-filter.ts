/** Topic names and topic filters: what makes one valid, and which filter matches which name. */

/**
 * The most '/' in a topic name or filter. MQTT itself allows 65,535; every level of a filter costs
 * the index a node, so a few hostile filters would fill the memory. It is Mosquitto's.
 */
export const topicSeparatorsMax = 200;

/** A subscription shared by all members of `group`, who take turns (MQTT 5.0 section 4.8.2). */
export interface ShareName {
  readonly group: string;
  readonly filter: string;
}

const sharePrefix = '$share/';

/**
 * What is wrong with a topic filter, or undefined when it is valid. `$share/GROUP/FILTER` is
 * checked with the filter inside. The length in UTF-8 bytes is the packet's matter.
 */
export function filterFault(filter: string): string | undefined {
  const fault = textFault('topic filter', filter);
  if (fault !== undefined) return fault;
  return filter.startsWith(sharePrefix) ? shareFault(filter) : wildcardFault(filter);
}

/** What is wrong with a topic name, or undefined when messages can be published to it. */
export function nameFault(topic: string): string | undefined {
  const fault = textFault('topic name', topic);
  if (fault !== undefined) return fault;
  if (!hasWildcard(topic)) return undefined;
  // [MQTT-4.7.0-1]
  return `topic name ${quote(topic)} has a wildcard: '+' and '#' may stand in filters only`;
}

/**
 * Whether a message to `topic` belongs to a subscription to `filter`, both being valid. A shared
 * subscription matches as the filter inside it does: see `parseShare`.
 */
export function matches(filter: string, topic: string): boolean {
  const patterns = filter.split('/');
  const levels = topic.split('/');
  // [MQTT-4.7.2-1]
  if (topic.startsWith('$') && (patterns[0] === '+' || patterns[0] === '#')) return false;
  for (const [depth, pattern] of patterns.entries()) {
    if (pattern === '#') return true; // the parent level too: 'a/#' matches 'a'
    if (depth === levels.length) return false;
    if (pattern !== '+' && pattern !== levels[depth]) return false;
  }
  return patterns.length === levels.length;
}

/** The parts of `$share/GROUP/FILTER`; undefined for any other filter. */
export function parseShare(filter: string): ShareName | undefined {
  if (!filter.startsWith(sharePrefix)) return undefined;
  const groupEnd = filter.indexOf('/', sharePrefix.length);
  if (groupEnd === -1) return undefined;
  return { group: filter.slice(sharePrefix.length, groupEnd), filter: filter.slice(groupEnd + 1) };
}

/** More levels than topics and filters may have here: see `topicSeparatorsMax`. */
export function hasTooManyLevels(text: string): boolean {
  return text.length > topicSeparatorsMax && text.split('/').length > topicSeparatorsMax + 1;
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

function textFault(kind: 'topic name' | 'topic filter', text: string): string | undefined {
  // [MQTT-4.7.3-1]
  if (text === '') return `${kind} is empty: it needs at least one character`;
  // [MQTT-4.7.3-2]
  if (text.includes('\0')) return `${kind} ${quote(text)} has a null character: leave it out`;
  if (hasTooManyLevels(text)) {
    return `${kind} ${quote(text)} has too many levels: at most ${topicSeparatorsMax} '/'`;
  }
  return undefined;
}

function shareFault(filter: string): string | undefined {
  const share = parseShare(filter);
  // [MQTT-4.8.2-2]
  if (share === undefined || share.filter === '') {
    return `shared subscription ${quote(filter)} has no topic filter: write $share/GROUP/FILTER`;
  }
  // [MQTT-4.8.2-1]
  if (share.group === '') {
    return `shared subscription ${quote(filter)} has no group: write $share/GROUP/FILTER`;
  }
  // [MQTT-4.8.2-2]
  if (hasWildcard(share.group)) {
    return `shared subscription ${quote(filter)} has a wildcard in its group: leave it out`;
  }
  return wildcardFault(share.filter);
}

/** Whether a `+` or `#` stands where none may, whatever kind of filter it is. */
export function hasMisplacedWildcard(filter: string): boolean {
  return wildcardFault(filter) !== undefined;
}

function wildcardFault(filter: string): string | undefined {
  if (!hasWildcard(filter)) return undefined;
  const levels = filter.split('/');
  const isAlone = (wildcard: string) => (level: string) =>
    level === wildcard || !level.includes(wildcard);
  // [MQTT-4.7.1-1]
  if (filter.slice(0, -1).includes('#') || !levels.every(isAlone('#'))) {
    return `topic filter ${quote(filter)} has a misplaced '#': it must be the whole last level`;
  }
  // [MQTT-4.7.1-2]
  if (levels.every(isAlone('+'))) return undefined;
  return `topic filter ${quote(filter)} has a misplaced '+': it must be a whole level`;
}

/** For messages: control characters made visible, and no more than fits a log line. */
function quote(text: string): string {
  return text.length <= 80 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 80))}…`;
}
