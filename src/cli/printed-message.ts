/** What is printed of a message: by a format, or else the payload, with -v behind its topic. */

import { bytesAsText, textAsBytes } from './byte-text.ts';
import { type MessageFormat, messageFormat } from './message-format.ts';
import type { PrintDraft } from './print-flags.ts';

/**
 * @param complain is told of payloads that the format cannot print
 * @throws UsageError when the format is none
 */
export function printedMessage(
  { format, pretty, newlines, verbose }: PrintDraft,
  complain: (line: string) => void,
): MessageFormat {
  const end = newlines ? '\n' : '';
  if (format !== undefined) {
    const formatted = messageFormat(format, { pretty, complain });
    return (message) => formatted(message) + end;
  }
  return ({ topic, payload }) => {
    const start = verbose ? `${textAsBytes(topic)} ` : '';
    if (payload.length > 0) return start + bytesAsText(payload) + end;
    return verbose && newlines ? `${start}(null)\n` : '';
  };
}
