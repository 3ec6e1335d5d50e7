/** A mount point: what the topics of some clients begin with, without their knowing it. */

import { hasTooManyLevels, parseShare, topicSeparatorsMax } from './topic-filter.ts';

/** A filter as such a client writes it, as it is here; of a shared one the filter inside. */
export function mountedFilter(mountPoint: string, filter: string): string {
  const share = parseShare(filter);
  if (share === undefined) return mountPoint + filter;
  return `$share/${share.group}/${mountPoint}${share.filter}`;
}

/** Whether such a client can be told of the topic. */
export function isMounted(mountPoint: string, topic: string): boolean {
  return topic.length > mountPoint.length && topic.startsWith(mountPoint);
}

const bytesMax = 65_535;
const encoder = new TextEncoder();

/**
 * What is wrong with a topic or filter that was valid before its mount point came to it; undefined:
 * nothing. It may be too long to be written into a packet or a record.
 */
export function mountedFault(mounted: string): string | undefined {
  if (hasTooManyLevels(mounted)) {
    return `more than ${topicSeparatorsMax} '/' with its mount point: use fewer levels`;
  }
  // No character takes more than three bytes.
  if (mounted.length * 3 <= bytesMax || encoder.encode(mounted).length <= bytesMax) {
    return undefined;
  }
  return `more than ${bytesMax} bytes with its mount point: use shorter names`;
}
