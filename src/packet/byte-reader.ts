/** A cursor over the bytes of one packet. */

export class ByteReader {
  bytes = new Uint8Array(0);
  at = 0;
  end = 0;
}
