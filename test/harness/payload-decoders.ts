/** What every decoder of payloads promises, whatever the bytes. */

import { printJson } from '../../src/cli/json-text.ts';
import { decodeCbor } from '../../src/cli/output-cbor.ts';
import { decodeMessagePack } from '../../src/cli/output-msgpack.ts';
import { decodeSparkplug } from '../../src/cli/output-sparkplug.ts';
import { UndecodableError } from '../../src/cli/undecodable-error.ts';
import { hexOf } from '../../src/packet/packet-notation.ts';

const decoders = { cbor: decodeCbor, msgpack: decodeMessagePack, sparkplug: decodeSparkplug };

/** @throws when a decoder gives no valid JSON, and throws something else than UndecodableError */
export function checkDecoders(payload: Uint8Array): void {
  for (const [name, decode] of Object.entries(decoders)) {
    try {
      JSON.parse(printJson(decode(payload)));
    } catch (error) {
      if (error instanceof UndecodableError) continue;
      throw new Error(`${name} of ${hexOf(payload)}`, { cause: error });
    }
  }
}
