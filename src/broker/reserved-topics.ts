/** Topics that clients cannot publish to, whatever they may do otherwise. */

/** Where Mosquitto's bridges tell the broker that they connect to whether they are there. */
const bridgeState = /^\$SYS\/broker\/connection\/[^/]+\/state$/;

/** What the broker says of itself, and bridges of themselves. (MQTT 5.0 section 4.7.2) */
export function isSystemTopic(topic: string): boolean {
  return topic.startsWith('$SYS/');
}

/** Nobody but these speaks under `$SYS`, and under `$share` nobody could hear it. */
export function isReserved(topic: string): boolean {
  if (!topic.startsWith('$')) return false;
  return isSystemTopic(topic) ? !bridgeState.test(topic) : topic.startsWith('$share/');
}
