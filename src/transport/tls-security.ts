/** From the TLS settings of a listener to what its handshakes need, replaceable while it runs. */

import { constants, randomBytes, type X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { type RevocationList, RevocationLists } from './revocation-list.ts';
import {
  readAuthorityFile,
  readAuthorityFolder,
  readDhParameters,
  readRevocationLists,
  readServerCertificates,
  readServerKey,
} from './tls-files.ts';
import { TlsSettingsError } from './tls-settings-error.ts';

/** As in mosquitto.conf; every file is in PEM. */
export interface TlsSettings {
  /** The server's certificate, and behind it those between it and its root. */
  readonly certfile?: string | undefined;
  readonly keyfile?: string | undefined;
  /** Authorities whose certificates clients may show. */
  readonly cafile?: string | undefined;
  readonly capath?: string | undefined;
  /** Certificates of clients that were taken back. */
  readonly crlfile?: string | undefined;
  /** Undefined: parameters as strong as the certificate's key. */
  readonly dhparamfile?: string | undefined;
  /** For TLS 1.2, in OpenSSL's notation. */
  readonly ciphers?: string | undefined;
  /** For TLS 1.3. */
  readonly ciphersTls13?: string | undefined;
  /** The oldest that is spoken. */
  readonly tlsVersion?: string | undefined;
  readonly requireCertificate?: boolean;
  readonly disableClientCertDateChecks?: boolean;
  /** What `PeerCredentials.identity` is taken from in a client's certificate. */
  readonly identity?: CertificateIdentity;
  readonly psk?: PskSettings | undefined;
  /** What is spoken inside, for clients that ask (ALPN). */
  readonly applicationProtocol?: ApplicationProtocol;
}

export type CertificateIdentity = 'none' | 'common-name' | 'subject';
export type ApplicationProtocol = 'mqtt' | 'http/1.1';

export interface PskSettings {
  readonly hint: string;
  /** The key of an identity, as of now; undefined: nobody has that name. */
  readonly keyOf: (identity: string) => Uint8Array | undefined;
}

/** Everything that a handshake needs, read and checked. */
export interface TlsMaterial {
  /** What the operator should know of lists of what was revoked, each a whole sentence. */
  readonly warnings: readonly string[];
  readonly context: SecureContext;
  /** The server's certificate and those behind it; undefined: it has pre-shared keys only. */
  readonly server: readonly X509Certificate[] | undefined;
  /** Those of cafile and capath, whatever they are for. */
  readonly authorities: readonly X509Certificate[];
  readonly clientCertificate: ClientCertificatePolicy | undefined;
  readonly psk: PskSettings | undefined;
  readonly applicationProtocol: ApplicationProtocol;
}

/** What is asked of a client's certificate; none is requested without. */
export interface ClientCertificatePolicy {
  readonly isRequired: boolean;
  readonly ignoresDates: boolean;
  readonly identity: CertificateIdentity;
  readonly authorities: readonly X509Certificate[];
  readonly revocations: RevocationLists | undefined;
}

/** The material of a listener, as of now. */
export class TlsSecurity {
  #material: TlsMaterial;

  constructor(material: TlsMaterial) {
    this.#material = material;
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  /** For handshakes that begin from now on; connections that are open stay as they are. */
  replace(material: TlsMaterial): void {
    this.#material = material;
  }
}

/**
 * Reads and checks all that the settings name.
 *
 * @throws TlsSettingsError
 */
export function loadTls(settings: TlsSettings, now = Date.now()): TlsMaterial {
  const { cafile, capath, crlfile, dhparamfile, psk } = settings;
  const ownPair = loadServer(settings);
  const authorities = [
    ...(cafile === undefined ? [] : readAuthorityFile(cafile)),
    ...(capath === undefined ? [] : readAuthorityFolder(capath)),
  ];
  const server = ownPair && { ...ownPair, chain: completeChain(ownPair.chain, authorities) };
  const lists = crlfile === undefined ? undefined : readRevocationLists(crlfile);
  const clientCertificate = clientCertificatePolicy(settings, authorities, lists);
  const context = contextOf(settings, {
    ...(server && { cert: server.chain.join(''), key: server.key }),
    // Without this, OpenSSL would trust every public CA in the world.
    ca: clientCertificate ? authorities.map(String) : [],
    dhparam: dhparamfile === undefined ? 'auto' : readDhParameters(dhparamfile),
    mayResume: clientCertificate === undefined && psk === undefined,
  });
  return {
    warnings: (lists ?? []).flatMap((list) => revocationWarnings(list, crlfile!, now)),
    context,
    server: server?.chain,
    authorities,
    clientCertificate,
    psk,
    applicationProtocol: settings.applicationProtocol ?? 'mqtt',
  };
}

interface Server {
  readonly chain: readonly X509Certificate[];
  readonly key: string;
}

function loadServer({ certfile, keyfile, cafile, psk }: TlsSettings): Server | undefined {
  if (certfile === undefined && keyfile === undefined && psk !== undefined) return undefined;
  if (certfile === undefined || keyfile === undefined) {
    throw new TlsSettingsError(
      'Both certfile and keyfile must be provided if one of them is set.',
      'Name the server\'s certificate with "certfile" and its private key with "keyfile".',
    );
  }
  const chain = readServerCertificates(certfile);
  const { pem, key } = readServerKey(keyfile);
  if (chain[0].checkPrivateKey(key)) return { chain, key: pem };
  throw new TlsSettingsError(
    `Unable to load server key file "${keyfile}". Check keyfile.`,
    mismatchRemedy({
      isOfLater: chain.some((certificate) => certificate.checkPrivateKey(key)),
      isAuthority: chain[0].ca || certfile === cafile,
      certfile,
    }),
  );
}

/**
 * Behind what certfile holds come the intermediates that cafile has, as in Mosquitto, where both
 * are one to OpenSSL. The root is for the client to have.
 */
function completeChain(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): readonly X509Certificate[] {
  const whole = [...chain];
  for (let last = chain.at(-1); last !== undefined && whole.length < chainMax; ) {
    const issued: X509Certificate = last;
    last = authorities.find(
      (authority) => authority.subject !== authority.issuer && issued.checkIssued(authority),
    );
    if (last !== undefined) whole.push(last);
  }
  return whole;
}

// Two authorities may have issued each other's certificates.
const chainMax = 10;

function mismatchRemedy({
  isOfLater,
  isAuthority,
  certfile,
}: {
  isOfLater: boolean;
  isAuthority: boolean;
  certfile: string;
}): string {
  if (isOfLater) {
    return `The key belongs to a certificate further down in "${certfile}": put that of the server first.`;
  }
  if (isAuthority) {
    return `"${certfile}" holds the certificate of a CA and not that of the server: certfile is the one that the CA has signed for this key, such as server.crt.`;
  }
  return `The key does not belong to the certificate in "${certfile}": name the key that its certificate request was made with.`;
}

/**
 * Mosquitto asks a client for its certificate only where it has to have one. Where a user name is
 * taken from it, it is asked for as well: without one, nobody could be let in.
 */
function clientCertificatePolicy(
  settings: TlsSettings,
  authorities: readonly X509Certificate[],
  lists: readonly RevocationList[] | undefined,
): ClientCertificatePolicy | undefined {
  const { requireCertificate = false, identity = 'none' } = settings;
  if (!requireCertificate && (identity === 'none' || authorities.length === 0)) return undefined;
  if (authorities.length === 0) {
    throw new TlsSettingsError(
      'Unable to verify client certificates: require_certificate is set without cafile or capath.',
      'Name the file with the certificate of the CA that signs those of the clients with "cafile".',
    );
  }
  return {
    isRequired: requireCertificate,
    ignoresDates: settings.disableClientCertDateChecks ?? false,
    identity,
    authorities,
    revocations: lists && new RevocationLists(lists),
  };
}

function revocationWarnings({ nextUpdate }: RevocationList, path: string, now: number): string[] {
  if (nextUpdate === undefined || nextUpdate >= now) return [];
  const day = new Date(nextUpdate).toISOString().slice(0, 10);
  return [
    `The revocation list "${path}" expired on ${day}: every client with a certificate is refused until there is a new one (openssl ca -gencrl -out ${path}).`,
  ];
}

// Mosquitto's own.
const defaultCiphers = 'DEFAULT:!aNULL:!eNULL:!LOW:!EXPORT:!SSLv2:@STRENGTH';
const defaultCiphersTls13 =
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

const versions: Readonly<Record<string, SecureContextOptions['minVersion']>> = {
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
};

interface ContextOptions extends SecureContextOptions {
  /** Whether sessions may be resumed: then nothing about the client is checked again. */
  readonly mayResume: boolean;
}

function contextOf(settings: TlsSettings, options: ContextOptions): SecureContext {
  const { tlsVersion = 'tlsv1.2', psk } = settings;
  const { mayResume, ...rest } = options;
  const minVersion = versions[tlsVersion];
  if (minVersion === undefined) {
    throw new TlsSettingsError(
      `Unsupported tls_version "${tlsVersion}".`,
      'Use tlsv1.2, which allows TLS 1.2 and newer, or tlsv1.3.',
    );
  }
  // With a pre-shared key the identity is certain only in TLS 1.2; see decisions/010-tls.md.
  const maxVersion = psk === undefined ? 'TLSv1.3' : 'TLSv1.2';
  if (minVersion > maxVersion) {
    throw new TlsSettingsError(
      `Unsupported tls_version "${tlsVersion}".`,
      'Pre-shared keys need TLS 1.2: set tlsv1.2, or remove psk_hint from this listener.',
    );
  }
  const ciphers = [checkedCiphers(settings), checkedCiphersTls13(settings)].join(':');
  const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET } = constants;
  try {
    return createSecureContext({
      ...rest,
      ciphers,
      minVersion,
      maxVersion,
      honorCipherOrder: true,
      secureOptions: SSL_OP_NO_RENEGOTIATION | (mayResume ? 0 : SSL_OP_NO_TICKET),
      // A session of other material, before or beside this, is none here.
      sessionIdContext: randomBytes(16).toString('hex'),
    });
  } catch (error) {
    throw settingsError(error as Error & { code?: string }, settings);
  }
}

function checkedCiphers({ ciphers = defaultCiphers }: TlsSettings): string {
  try {
    if (!ciphers.split(':').some((name) => name.startsWith('TLS_'))) {
      createSecureContext({ ciphers, maxVersion: 'TLSv1.2' });
      return ciphers;
    }
  } catch {}
  throw new TlsSettingsError(
    `Unable to set TLS ciphers. Check cipher list "${ciphers}".`,
    'No cipher of TLS 1.2 has such a name: "openssl ciphers -tls1_2" lists them, and those of TLS 1.3, which begin with "TLS_", belong to ciphers_tls1.3.',
  );
}

function checkedCiphersTls13({ ciphersTls13 = defaultCiphersTls13 }: TlsSettings): string {
  try {
    if (ciphersTls13.split(':').every((name) => name.startsWith('TLS_'))) {
      createSecureContext({ ciphers: ciphersTls13, minVersion: 'TLSv1.3' });
      return ciphersTls13;
    }
  } catch {}
  throw new TlsSettingsError(
    `Unable to set TLS 1.3 ciphersuites. Check cipher_tls13 list "${ciphersTls13}".`,
    `Each has to be one of those that begin with "TLS_", such as ${defaultCiphersTls13}.`,
  );
}

/** What OpenSSL says of a certificate, key or parameters that could be read. */
const refusals: Readonly<
  Record<string, (settings: TlsSettings) => readonly [message: string, remedy: string]>
> = {
  ERR_SSL_EE_KEY_TOO_SMALL: ({ certfile }) => [
    `Unable to load server certificate "${certfile}". Check certfile.`,
    'Its key is too short to be safe: make one of 2048 bits, with: openssl genrsa -out server.key 2048',
  ],
  ERR_SSL_CA_MD_TOO_WEAK: ({ certfile }) => [
    `Unable to load server certificate "${certfile}". Check certfile.`,
    'It is signed with a hash that is not safe any more: sign it again with -sha256.',
  ],
  ERR_SSL_CA_KEY_TOO_SMALL: ({ certfile }) => [
    `Unable to load server certificate "${certfile}". Check certfile.`,
    'The key of its CA is too short to be safe: make the CA again with 2048 bits.',
  ],
  ERR_INVALID_ARG_VALUE: ({ dhparamfile }) => [
    `Unable to load DH parameters "${dhparamfile}". Check dhparamfile.`,
    'They are too short to be safe: openssl dhparam -out dhparam.pem 2048',
  ],
};

function settingsError(error: Error & { code?: string }, settings: TlsSettings): TlsSettingsError {
  const [message, remedy] = refusals[error.code ?? '']?.(settings) ?? [
    'Unable to create TLS context.',
    `OpenSSL does not accept the certificate, key or parameters: ${error.message}.`,
  ];
  return new TlsSettingsError(message, remedy);
}
