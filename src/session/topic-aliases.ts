/** Topic aliases: numbers that stand for topics while a connection lasts. (MQTT 5.0 3.3.2.3.4) */

import { ProtocolError, protocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';

/** The aliases that the peer has set. */
export class IncomingAliases {
  readonly #max: number;
  readonly #topics = new Map<number, string>();

  /** @param max the Topic Alias Maximum that the peer was told */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * The topic of a PUBLISH with an alias; with a topic beside it the alias is set anew.
   *
   * @throws ProtocolError for an alias above the maximum [MQTT-3.3.2-9] or one that was never set
   */
  resolve(alias: number, topic: string): string {
    if (alias > this.#max) {
      throw new ProtocolError(
        reasonCodes.topicAliasInvalid,
        `topic alias ${alias} is above the maximum of ${this.#max}`,
      );
    }
    if (topic !== '') {
      this.#topics.set(alias, topic);
      return topic;
    }
    const known = this.#topics.get(alias);
    if (known !== undefined) return known;
    throw protocolError(`topic alias ${alias} was not set on this connection`);
  }
}

/** The aliases set towards the peer: for the first topics that are sent, as many as it allows. */
export class OutgoingAliases {
  readonly #max: number;
  readonly #aliases = new Map<string, number>();

  /** @param max the peer's Topic Alias Maximum [MQTT-3.1.2-26] */
  constructor(max: number) {
    this.#max = max;
  }

  /** The alias that the peer knows for `topic`. */
  known(topic: string): number | undefined {
    return this.#aliases.get(topic);
  }

  /** An alias that is free, to be `set` once the PUBLISH that carries it has been written. */
  get free(): number | undefined {
    return this.#aliases.size < this.#max ? this.#aliases.size + 1 : undefined;
  }

  set(topic: string, alias: number): void {
    this.#aliases.set(topic, alias);
  }
}
