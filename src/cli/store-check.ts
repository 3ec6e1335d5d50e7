/** `pantala store check`: says whether a store is sound, and if not, where and what helps. */

import type { Io } from './command.ts';
import { Audit } from './store-audit.ts';
import { readStore } from './store-reader.ts';
import { exitCodes } from './tool-failure.ts';

export async function checkStore(path: string, io: Io): Promise<number> {
  const audit = new Audit();
  const report = await readStore(
    path,
    (records) => {
      for (const record of records) audit.take(record);
    },
    io.signal,
  );
  if (report === undefined) return exitCodes.other;
  const { faults, count } = audit.finish(report);
  const print = (line: string): void => void io.stdout.write(`${path}${line}\n`);
  for (const { what, remedy } of faults) print(`: ${what}; ${remedy}.`);
  if (count === 0) {
    const { records, pages } = report;
    print(records === 0 ? ' has no records.' : ` is sound: records ${records}, pages ${pages}.`);
    return 0;
  }
  const more = count > faults.length ? `, of which the first ${faults.length} are above` : '';
  print(`: ${count} ${count === 1 ? 'fault' : 'faults'}${more}.`);
  return exitCodes.other;
}
