/** The topics that clients have received, which need not be decoded again. */

import { TopicCache } from '../packet/topic-cache.ts';
import { decodeTopicName } from '../packet/topic-name.ts';

const topicsMax = 1024;

/** One for all clients of a program: for each of a thousand it would be 8 KB. */
export const knownTopics = new TopicCache(topicsMax, decodeTopicName);
