/** A mount point: what the topics of some clients begin with, without their knowing it. */

import { parseShare } from './topic-filter.ts';

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
