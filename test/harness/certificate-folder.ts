/** Certificates for tests, made by the openssl program in a folder of their own. */

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why tests that need certificates cannot run, if they cannot. */
export function missingOpenssl(): string | undefined {
  const { error } = spawnSync('openssl', ['version']);
  return error === undefined ? undefined : 'openssl is not installed: apt-get install openssl';
}

export interface CertificateRequest {
  /** `/O=Example/CN=localhost` */
  readonly subject?: string;
  /** Who signs it; its own key by default. */
  readonly by?: string;
  /** Lines of an extension file: `subjectAltName=DNS:localhost`. */
  readonly extensions?: readonly string[];
  /** Counted from now; may be negative. */
  readonly days?: number;
  /** Instead of `days`: `20300101000000Z`. */
  readonly from?: string;
  readonly until?: string;
  /** As `-newkey` takes it. */
  readonly key?: readonly string[];
}

const ellipticKey = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] as const;
const authorityExtensions = [
  'basicConstraints=critical,CA:true',
  'keyUsage=critical,keyCertSign,cRLSign',
  'subjectKeyIdentifier=hash',
] as const;

export class CertificateFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'pantala-'));

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  write(name: string, text: string | Uint8Array): string {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }

  /** Writes a file of these one behind the other. */
  join(name: string, parts: readonly string[]): string {
    return this.write(name, parts.map((part) => this.read(part)).join(''));
  }

  /** Runs openssl in the folder. */
  openssl(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync('openssl', args, {
      cwd: this.path,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Makes `NAME.crt` and `NAME.key` of an authority. */
  authority(name: string, request: CertificateRequest = {}): void {
    this.certificate(name, { subject: `/CN=${name}`, extensions: authorityExtensions, ...request });
  }

  /** Makes `NAME.crt` and `NAME.key`. */
  certificate(name: string, request: CertificateRequest): void {
    const { subject = `/CN=${name}`, by, key = ellipticKey } = request;
    const newKey = ['-newkey', ...key, '-nodes', '-keyout', `${name}.key`];
    this.openssl('req', '-new', '-utf8', ...newKey, '-subj', subject, '-out', `${name}.csr`);
    this.sign(name, { ...request, by: by ?? name });
  }

  /** Signs `NAME.csr`, which is there. */
  sign(name: string, { by = name, extensions = [], days = 30, from, until }: CertificateRequest) {
    this.write('extensions', extensions.join('\n'));
    const out = ['-in', `${name}.csr`, '-out', `${name}.crt`, '-extfile', 'extensions'];
    if (from === undefined && until === undefined) {
      const signer =
        by === name
          ? ['-signkey', `${name}.key`]
          : ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial'];
      this.openssl('x509', '-req', ...out, ...signer, '-days', String(days));
      return;
    }
    const dates = ['-startdate', from ?? '20200101000000Z', '-enddate', until ?? '20991231235959Z'];
    const options = [...this.#ledger(by), '-batch', '-notext', '-create_serial'];
    this.openssl('ca', ...options, ...dates, ...out);
  }

  /** Makes a list of what an authority has taken back, in all its lists. */
  revocationList(
    name: string,
    { by, revoked = [], until }: { by: string; revoked?: readonly string[]; until?: string },
  ): string {
    for (const certificate of revoked) {
      this.openssl('ca', ...this.#ledger(by), '-revoke', `${certificate}.crt`);
    }
    const dates =
      until === undefined
        ? ['-crldays', '30']
        : ['-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', until];
    this.openssl('ca', ...this.#ledger(by), '-gencrl', ...dates, '-out', name);
    return this.file(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }

  /** The options by which `openssl ca` finds what it keeps of an authority. */
  #ledger(by: string): readonly string[] {
    appendFileSync(this.file(`${by}.index`), '');
    const config = [
      '[ca]',
      'default_ca = own',
      '[own]',
      `database = ${this.file(`${by}.index`)}`,
      `new_certs_dir = ${this.path}`,
      `serial = ${this.file(`${by}.serial`)}`,
      'default_md = sha256',
      'unique_subject = no',
      'policy = any',
      '[any]',
      ...['commonName', 'organizationName', 'countryName'].map((field) => `${field} = optional`),
    ];
    this.write(`${by}.cnf`, config.join('\n'));
    const { path } = this;
    return ['-config', join(path, `${by}.cnf`), '-cert', `${by}.crt`, '-keyfile', `${by}.key`];
  }
}
