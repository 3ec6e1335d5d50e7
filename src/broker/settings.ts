/** What holds for the whole broker at present. */

import type { OutgoingLimits } from '../session/outgoing-options.ts';
import { completeLimits, defaultFeatures, type Features, type Limits } from './limits.ts';

/** What is left out stays as it is. */
export interface SettingsChanges {
  readonly limits?: Partial<Limits> | undefined;
  readonly features?: Partial<Features> | undefined;
}

/** A reload changes them; whoever must notice at once holds them, and not a copy. */
export class Settings {
  #limits: Limits;
  #features: Features;
  readonly #outgoing: { -readonly [Name in keyof OutgoingLimits]: OutgoingLimits[Name] };

  constructor({ limits, features }: SettingsChanges) {
    this.#limits = completeLimits(limits);
    this.#features = { ...defaultFeatures, ...features };
    this.#outgoing = outgoingLimits(this.#limits, this.#features);
  }

  get limits(): Limits {
    return this.#limits;
  }

  get features(): Features {
    return this.#features;
  }

  /** For all sessions: the same object for ever, with the present values. */
  get outgoing(): OutgoingLimits {
    return this.#outgoing;
  }

  change({ limits, features }: SettingsChanges): void {
    this.#limits = completeLimits({ ...this.#limits, ...limits });
    this.#features = { ...this.#features, ...features };
    Object.assign(this.#outgoing, outgoingLimits(this.#limits, this.#features));
  }
}

function outgoingLimits(limits: Limits, features: Features): OutgoingLimits {
  return {
    inflightMessagesMax: limits.inflightMessagesMax,
    inflightBytesMax: limits.inflightBytesMax,
    messagesMax: limits.queuedMessagesMax,
    bytesMax: limits.queuedBytesMax,
    queueQos0: features.queueQos0,
  };
}
