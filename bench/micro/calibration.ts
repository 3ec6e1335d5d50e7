/**
 * What budgets are counted in: a fixed piece of work in plain JavaScript, of the kinds that a broker
 * does most. It must never change, or all budgets do.
 */

const slots = 4096;
const names = Array.from({ length: slots }, (_, id) => `calibration/${id}/${id % 7}`);
const table = new Map(
  names.map((name, id) => [name, { id, next: undefined as object | undefined }]),
);
const bytes = new Uint8Array(64).fill(0x61);

/** Hashes 64 bytes, looks a text up, makes an object: some 100 ns. */
export function calibrate(turn: number): void {
  let hash = turn;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  const entry = table.get(names[(hash >>> 8) & (slots - 1)])!;
  entry.next = { id: hash, turn };
}
