/** The way to the broker that the flags ask for, with the certificates and keys of their files. */

import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { certificateBlocks } from '../certificate/certificate-facts.ts';
import { keyPairProblem } from '../certificate/key-pair.ts';
import type { PreSharedKey, TlsOptions } from '../transport/tls-client.ts';
import { type ConnectionDraft, defaultPort, type TlsDraft } from './connection-flags.ts';
import type { Route } from './open-route.ts';
import { exitCodes, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

/**
 * Reads the files that the flags name.
 *
 * @throws UsageError when the flags do not go together; ToolFailure when a file cannot be used
 */
export function routeOf({
  host,
  port,
  webSocket,
  tls: draft,
  ...draftWay
}: ConnectionDraft): Route {
  checkTogether(draft);
  const { usesSrv, proxy, bindAddress } = draftWay;
  const tls = usesTls(draft, port) ? tlsOptions(draft, port) : undefined;
  const to = port === 0 ? { path: host } : { host, port: port ?? defaultPort(tls !== undefined) };
  return { to, usesSrv, webSocket, tls, proxy, bindAddress };
}

/**
 * What to warn of when flags about TLS are given, and none that asks for TLS itself.
 *
 * @throws UsageError when the flags do not go together
 */
export function idleTlsWarning(draft: ConnectionDraft): string | undefined {
  const { port, tls } = draft;
  checkTogether(tls);
  checkWay(draft);
  if (tls.isOff || usesTls(tls, port)) return undefined;
  const idle = (
    [
      ['--cert', tls.certFile],
      ['--insecure', tls.insecure],
      ['--tls-version', tls.version],
      ['--ciphers', tls.ciphers],
      ['--tls-alpn', tls.alpn],
      ['--tls-keylog', tls.keylogFile],
    ] as const
  ).find(([, value]) => value);
  if (idle === undefined) return undefined;
  return (
    `Warning: ${idle[0]} does nothing, as the connection is not encrypted: ` +
    'give --cafile, --capath or --tls-use-os-certs to have it encrypted.'
  );
}

function usesTls(tls: TlsDraft, port: number | undefined): boolean {
  if (tls.isOff) return false;
  const { caFile, caPath, psk, usesSystem } = tls;
  return (caFile ?? caPath ?? psk) !== undefined || usesSystem || port === 8883;
}

/** @throws UsageError */
function checkWay({ port, usesSrv, proxy, bindAddress }: ConnectionDraft): void {
  if (port !== 0) return;
  if (usesSrv) throw new UsageError('-S and --unix cannot be used together.');
  if (proxy !== undefined) throw new UsageError('--proxy and --unix cannot be used together.');
  if (bindAddress !== undefined) throw new UsageError('-A and --unix cannot be used together.');
}

/** @throws UsageError */
function checkTogether({ caFile, caPath, certFile, keyFile, keyForm, ...tls }: TlsDraft): void {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError('Both certfile and keyfile must be provided if one of them is set.');
  }
  if (keyForm !== undefined && keyFile === undefined) {
    throw new UsageError('If keyform is set, keyfile must be also specified.');
  }
  if ((caFile ?? caPath) !== undefined && tls.psk !== undefined) {
    throw new UsageError('Only one of --psk or --cafile/--capath may be used at once.');
  }
  if (tls.psk !== undefined && tls.pskIdentity === undefined) {
    throw new UsageError('--psk-identity required if --psk used.');
  }
}

/** @throws ToolFailure */
function tlsOptions(draft: TlsDraft, port: number | undefined): TlsOptions {
  const { insecure: unverified, alpn, ciphers } = draft;
  const common = { unverified, alpn, ciphers, minVersion: minVersionOf(draft), ...keylogOf(draft) };
  checkKeyForm(draft);
  const psk = pskOf(draft);
  if (psk !== undefined) return checked({ ...common, psk });
  return checked({ ...common, ca: authoritiesOf(draft, port), ...keyPairOf(draft) });
}

function minVersionOf({ version }: TlsDraft): TlsOptions['minVersion'] {
  if (version === undefined || /^tlsv1\.2$/i.test(version)) return 'TLSv1.2';
  if (/^tlsv1\.3$/i.test(version)) return 'TLSv1.3';
  const remedy = `--tls-version is tlsv1.2 or tlsv1.3, not '${version}'.`;
  throw failure('Error: Problem setting TLS options, check the options are valid.', remedy);
}

function checkKeyForm({ keyForm }: TlsDraft): void {
  if (keyForm === undefined || /^pem$/i.test(keyForm)) return;
  const fault = "Error: Problem setting key form, it must be one of 'pem' or 'engine'.";
  throw failure(fault, 'Leave --keyform out: the key is read from a file in PEM.');
}

function pskOf({ psk, pskIdentity }: TlsDraft): PreSharedKey | undefined {
  if (psk === undefined) return undefined;
  if (!/^[0-9a-f]+$/i.test(psk)) {
    const remedy = '--psk is a key in hexadecimal digits, without 0x before it.';
    throw failure('Error: Problem setting TLS-PSK options.', remedy);
  }
  const digits = psk.length % 2 === 0 ? psk : `0${psk}`;
  return { identity: pskIdentity!, key: Buffer.from(digits, 'hex') };
}

function authoritiesOf(
  { caFile, caPath, usesSystem }: TlsDraft,
  port: number | undefined,
): string[] {
  const isGiven = (caFile ?? caPath) !== undefined;
  return [
    ...(caFile === undefined ? [] : fileAuthorities(caFile)),
    ...(caPath === undefined ? [] : folderAuthorities(caPath)),
    ...(usesSystem || (port === 8883 && !isGiven) ? nodeTls().getCACertificates('system') : []),
  ];
}

function fileAuthorities(file: string): string[] {
  const blocks = certificateBlocks(readGiven('--cafile', file));
  if (blocks.length > 0) return blocks;
  throw unusable(`'${file}' holds no certificate: give --cafile the certificate of the CA, ca.crt`);
}

// As `openssl rehash` names them, by the hash of the subject.
const hashedName = /^[0-9a-f]{8}\.\d+$/;

function folderAuthorities(folder: string): string[] {
  const names = readdirSafely(folder).filter((name) => hashedName.test(name));
  const blocks = names.flatMap((name) => {
    return certificateBlocks(readGiven('--capath', join(folder, name)));
  });
  if (blocks.length > 0) return blocks;
  throw unusable(
    `no CA certificate is found in '${folder}': put it there, and run openssl rehash on the folder`,
  );
}

function readdirSafely(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function keyPairOf({ certFile, keyFile }: TlsDraft): { cert?: string; key?: string } {
  if (certFile === undefined || keyFile === undefined) return {};
  const cert = readGiven('--cert', certFile);
  const key = readGiven('--key', keyFile);
  const names = { certName: `'${certFile}'`, keyName: `'${keyFile}'` };
  const problem = keyPairProblem({ certPem: cert, keyPem: key, ...names });
  if (problem !== undefined) throw unusable(problem);
  return { cert, key };
}

function keylogOf({ keylogFile }: TlsDraft): Pick<TlsOptions, 'keylog'> {
  if (keylogFile === undefined) return {};
  appendKeys(keylogFile, new Uint8Array());
  return { keylog: (line) => appendKeys(keylogFile, line) };
}

/** Whoever can read them can read along. */
function appendKeys(file: string, line: Uint8Array): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'a', 0o600);
  } catch {
    throw unusable(`'${file}' cannot be written: give --tls-keylog a file in a folder of yours`);
  }
  writeSync(descriptor, line);
  closeSync(descriptor);
}

function nodeTls() {
  return process.getBuiltinModule('node:tls');
}

/** What OpenSSL says to all of it, before there is a connection. */
function checked(options: TlsOptions): TlsOptions {
  const { ca, cert, key, ciphers, minVersion, psk } = options;
  try {
    nodeTls().createSecureContext({
      ...(ca && { ca: [...ca] }),
      ...(cert !== undefined && { cert, key }),
      ...(ciphers !== undefined && { ciphers }),
      ...(psk === undefined && { minVersion }),
    });
    return options;
  } catch (error) {
    const { code = 'an unknown error' } = error as { readonly code?: string };
    throw unusable(contextProblems.get(code) ?? `the options for TLS cannot be used: ${code}`);
  }
}

const contextProblems: ReadonlyMap<string, string> = new Map([
  [
    'ERR_SSL_NO_CIPHER_MATCH',
    'none of --ciphers is known: leave it out, or give names as openssl ciphers lists them',
  ],
  [
    'ERR_SSL_EE_KEY_TOO_SMALL',
    'the key of --cert is too short to be safe: have one made with RSA of 2048 bits or more',
  ],
  [
    'ERR_SSL_CA_MD_TOO_WEAK',
    'the certificate of --cert is signed with SHA-1 or MD5: have it issued again with SHA-256',
  ],
]);

/** @throws ToolFailure in Mosquitto's words when the file cannot be read */
function readGiven(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as { readonly code?: string };
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    const fault = 'Error: Problem setting TLS options: File not found.';
    throw failure(fault, `${flag} '${file}': ${why}.`);
  }
}

function unusable(problem: string): ToolFailure {
  const sentence = `${problem.charAt(0).toUpperCase()}${problem.slice(1)}.`;
  return failure('Unable to connect (A TLS error occurred.).', sentence);
}

function failure(fault: string, remedy: string): ToolFailure {
  return new ToolFailure(exitCodes.other, `${fault}\n${remedy}`);
}
