/** `pantala store dump`: every record of a store as a line of JSON. */

import { textAsBytes } from './byte-text.ts';
import type { Io } from './command.ts';
import { GatheredOutput } from './gathered-output.ts';
import { RecordJson } from './store-json.ts';
import { readStore } from './store-reader.ts';
import { exitCodes } from './tool-failure.ts';

export async function dumpStore(path: string, io: Io): Promise<number> {
  const unread = new AbortController();
  const output = new GatheredOutput(io.stdout, unread);
  const json = new RecordJson();
  let unreadable = 0;
  const report = await readStore(
    path,
    (records) => {
      for (const { record } of records) {
        if (record.type === 'unreadable') unreadable++;
        output.write(textAsBytes(`${JSON.stringify(json.of(record))}\n`));
      }
      return output.isBlocked ? output.drained() : undefined;
    },
    AbortSignal.any([io.signal, unread.signal]),
  );
  output.flush();
  // Who reads no more has seen what it wanted.
  if (unread.signal.aborted) return 0;
  if (report === undefined) return exitCodes.other;
  if (report.damage.length === 0 && unreadable === 0) return 0;
  io.stderr.write(
    `Error: '${path}' is damaged: some of it is missing. 'pantala store check' tells more.\n`,
  );
  return exitCodes.other;
}
