/** What a client has subscribed to, as MQTT.js remembers it, and what it asks the server for. */

import type { ReasonCode } from '../packet/reason-codes.ts';
import type { RetainHandling, Subscription } from '../packet/subscribe.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import { filterFault } from '../topic/topic-filter.ts';
import type { MqttJsGrant, MqttJsSubscribeOptions, MqttJsTopics } from './client-options.ts';

/** What was asked for in one call. */
interface Remembered {
  readonly wanted: MqttJsGrant[];
  readonly properties: MqttJsSubscribeOptions['properties'];
  /** A server has been asked for it. */
  isGranted: boolean;
}

export class Topics {
  readonly #remembered = new Map<string, Remembered>();

  /** @returns what there is to ask for; a fault is the filter that no server could make sense of */
  request(
    topics: MqttJsTopics,
    options: MqttJsSubscribeOptions,
    version: ProtocolVersion,
  ): { fault?: string | undefined; wanted: MqttJsGrant[] } {
    const isMap = typeof topics === 'object' && !Array.isArray(topics);
    const entries = isMap
      ? Object.entries(topics).filter(([topic]) => topic !== 'resubscribe')
      : [topics].flat().map((topic) => [topic, options] as const);
    const fault = this.fault(entries.map(([topic]) => topic));
    const isFive = version === 5;
    const all = entries.map(
      ([topic, { qos = 0, nl, rap, rh, properties = options.properties }]): MqttJsGrant => {
        if (!isFive) return { topic, qos };
        if (isMap) return { topic, qos, nl, rap, rh, properties };
        return { topic, qos, nl: nl ?? false, rap: rap ?? false, rh: rh ?? 0, properties };
      },
    );
    return { fault, wanted: all.filter((one) => this.#isNew(one)) };
  }

  fault(filters: readonly string[]): string | undefined {
    if (filters.length === 0) return 'empty_topic_list';
    return filters.find((filter) => filterFault(filter) !== undefined);
  }

  /** Has the topics be subscribed to again, where a server has forgotten them. */
  remember(wanted: readonly MqttJsGrant[], properties: Remembered['properties']): void {
    for (const one of wanted) {
      this.#remembered.set(one.topic, { wanted: [{ ...one }], properties, isGranted: false });
    }
  }

  forget(filters: readonly string[]): void {
    for (const filter of filters) this.#remembered.delete(filter);
  }

  /** Those that a server has had; the others wait for their first connection. */
  granted(): Remembered[] {
    return [...this.#remembered.values()].filter(({ isGranted }) => isGranted);
  }

  subscriptions(wanted: readonly MqttJsGrant[]): Subscription[] {
    return wanted.map(({ topic, qos, nl, rap, rh }) => ({
      filter: topic,
      qos: qos as QoS,
      noLocal: nl ?? false,
      retainAsPublished: rap ?? false,
      retainHandling: (rh ?? 0) as RetainHandling,
    }));
  }

  /** A server has answered. */
  grant(wanted: readonly MqttJsGrant[], codes: readonly ReasonCode[]): MqttJsGrant[] {
    for (const { topic } of wanted) {
      const remembered = this.#remembered.get(topic);
      if (remembered !== undefined) remembered.isGranted = true;
    }
    return wanted.map((one, i) => ({ ...one, qos: codes[i] as QoS }));
  }

  /** Or asked for at a higher QoS than before. */
  #isNew({ topic, qos }: MqttJsGrant): boolean {
    const [before] = this.#remembered.get(topic)?.wanted ?? [];
    return before === undefined || before.qos < qos;
  }
}
