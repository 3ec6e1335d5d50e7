/** The fields that version 2 of the PROXY protocol puts behind the addresses. */

import { corrupt } from './proxy-header-error.ts';

const fieldHeadBytes = 3;

/** Type, 2 bytes of length, value; and so on to the end. */
export class ProxyFields {
  readonly #values = new Map<number, Uint8Array>();

  /** @throws ProxyHeaderError where a field does not end within `bytes`, or says a thing twice */
  constructor(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; ) {
      const valueAt = at + fieldHeadBytes;
      if (valueAt > bytes.length) throw endsEarly();
      const type = bytes[at];
      const length = (bytes[at + 1] << 8) | bytes[at + 2];
      at = valueAt + length;
      if (at > bytes.length) throw endsEarly();
      this.#add(type, bytes.subarray(valueAt, at));
    }
  }

  value(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }

  // Padding may come as often as it likes. Of anything else two would leave a choice, and with
  // identities nobody should have one.
  #add(type: number, value: Uint8Array): void {
    if (type === paddingType) return;
    if (this.#values.has(type)) {
      throw corrupt(`field 0x${type.toString(16).padStart(2, '0')} comes twice`);
    }
    this.#values.set(type, value);
  }
}

const paddingType = 0x04;

function endsEarly(): Error {
  return corrupt('it ends in the middle of a field');
}
