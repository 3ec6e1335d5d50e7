/** The topics that a client has received, which need not be decoded again. */

import { TopicCache } from '../packet/topic-cache.ts';
import { decodeTopicName } from '../packet/topic-name.ts';

const topicsMax = 1024;

export function knownTopics(): TopicCache {
  return new TopicCache(topicsMax, decodeTopicName);
}
