/**
 * The few globals that the pure folders (packet, topic, session, broker, client) may use. They
 * type-check with neither Node's nor the DOM's types; every platform that runs us has these.
 */

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}
