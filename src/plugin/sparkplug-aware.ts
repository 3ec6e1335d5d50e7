/**
 * Makes the broker a Sparkplug Aware MQTT Server (Sparkplug 3.0.0, section 10.1.4): birth
 * certificates are kept, retained, where late comers find them.
 */

import { matches } from '../topic/topic-filter.ts';
import type { Hooks } from './hooks.ts';
import type { PluginBroker } from './plugin-broker.ts';
import { OptionReader, type PluginOptions } from './plugin-options.ts';
import { withTimestamp } from './sparkplug-payload.ts';

const births = ['spBv1.0/+/NBIRTH/+', 'spBv1.0/+/DBIRTH/+/+'];
const nodeDeaths = 'spBv1.0/+/NDEATH/+';
const certificates = '$sparkplug/certificates/';

/**
 * As Mosquitto's own plugin, which has no options. One is ours: with `plugin_opt_ndeath_timestamp
 * true` the timestamp of a node's death certificate, which was written when the node connected,
 * becomes the time at which it is delivered. [conformance-mqtt-aware-ndeath-timestamp]
 */
export function createHooks(options: PluginOptions, broker: PluginBroker): Hooks {
  const reader = new OptionReader(options);
  const stampsDeaths = reader.flag('ndeath_timestamp', { otherwise: false });
  reader.end();
  return {
    publish({ topic, payload, qos, properties }) {
      if (!topic.startsWith('spBv1.0/')) return;
      if (births.some((filter) => matches(filter, topic))) {
        // [conformance-mqtt-aware-nbirth-mqtt-topic] [conformance-mqtt-aware-nbirth-mqtt-retain]
        // [conformance-mqtt-aware-dbirth-mqtt-topic] [conformance-mqtt-aware-dbirth-mqtt-retain]
        broker.publish(certificates + topic, payload, { qos, retain: true, properties });
        return;
      }
      if (!stampsDeaths || !matches(nodeDeaths, topic)) return;
      const stamped = withTimestamp(payload, Date.now());
      if (stamped !== undefined) return { type: 'change', payload: stamped };
    },
  };
}
