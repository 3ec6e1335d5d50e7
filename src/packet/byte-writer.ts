/** A growing buffer that packets are written into. */

export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  reserve(count: number): void {
    void count;
  }

  u8(value: number): void {
    void value;
  }

  u16(value: number): void {
    void value;
  }

  u32(value: number): void {
    void value;
  }

  varint(value: number): void {
    void value;
  }

  text(text: string): void {
    void text;
  }

  binary(bytes: Uint8Array): void {
    void bytes;
  }

  raw(bytes: Uint8Array): void {
    void bytes;
  }

  reset(): void {
    this.length = 0;
  }

  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }
}
