/** A certificate for the brokers under TLS, of this run alone. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Certificate implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pantala-bench-'));
  readonly certfile = join(this.#folder, 'certificate.pem');
  readonly keyfile = join(this.#folder, 'key.pem');

  /** Signed by itself, on P-256; undefined when openssl is not installed. */
  static make(): Certificate | undefined {
    const certificate = new Certificate();
    const { certfile, keyfile } = certificate;
    const files = ['-out', certfile, '-keyout', keyfile];
    const { status } = spawnSync('openssl', [...request, ...files], { stdio: 'ignore' });
    if (status === 0) return certificate;
    certificate[Symbol.dispose]();
    return undefined;
  }

  private constructor() {}

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const request = [
  ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
  ...['-subj', '/CN=localhost', '-days', '2'],
];
