/** How many files and sockets the process may have open. */

import process from 'node:process';

/** As the system counts them; undefined where there is no such limit, or it cannot be told. */
export function openFilesMax(): number | undefined {
  // The declarations of Node's types lack the property.
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  const { excludeNetwork } = report;
  // Looking up the names of addresses could take seconds, all the rest takes milliseconds.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: UserLimits };
  report.excludeNetwork = excludeNetwork;
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

interface UserLimits {
  readonly open_files?: { readonly soft: number | 'unlimited' };
}
