/** Certificates and keys for tests; `certificates/make.sh` has made them, and tells what each is. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The file of a certificate or key, such as `ca.crt`. */
export function certificateFile(name: string): string {
  return fileURLToPath(new URL(`./certificates/${name}`, import.meta.url));
}

/** Its text: PEM. */
export function pem(name: string): string {
  return readFileSync(certificateFile(name), 'utf8');
}
