/** Why a client and a server did not come to speak TLS, in one sentence that can be acted on. */

import { certificateProblem, type ShownCertificate } from './certificate-problem.ts';

export interface TlsFailure extends ShownCertificate {
  /** Of Node or OpenSSL: `CERT_HAS_EXPIRED`, `ERR_SSL_WRONG_VERSION_NUMBER`, `ECONNRESET`. */
  readonly code: string;
  /** What Node or OpenSSL says besides. */
  readonly reason?: string;
  /** How this side shows who it is. */
  readonly identity: 'certificate' | 'pre-shared key' | 'none';
}

/** For whoever runs `pantala pub` or `pantala sub`: the flags that it names are theirs. */
export function explainTlsFailure(failure: TlsFailure): string {
  const { code, reason = '' } = failure;
  const text =
    certificateProblem(code, failure) ??
    alerts.get(alertOf(code) ?? '')?.(failure) ??
    handshakeProblems
      .find(({ pattern }) => pattern.test(code === 'UNSPECIFIED' ? reason : code))
      ?.sentence(failure) ??
    `the TLS handshake has failed: ${code === 'UNSPECIFIED' ? reason : code}`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The server says that it does not take this client; what follows a network loss is none of it. */
export function isTlsAlert(code: string): boolean {
  return alertOf(code) !== undefined;
}

/**
 * An alert of the other side's by its name in RFC 8446 section 6, however the version of OpenSSL
 * dresses it: `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`, `ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE`.
 */
function alertOf(code: string): string | undefined {
  return /^ERR_SSL_.*_ALERT_(?:NUMBER_)?(\w+)$/.exec(code)?.[1];
}

type Sentence = (failure: TlsFailure) => string;

const alerts: ReadonlyMap<string, Sentence> = new Map<string, Sentence>([
  ['CERTIFICATE_REQUIRED', wantsCertificate],
  ['HANDSHAKE_FAILURE', nothingInCommon],
  ['INSUFFICIENT_SECURITY', nothingInCommon],
  ['UNKNOWN_CA', () => refusedCertificate('does not trust the CA of your certificate', issuedAnew)],
  ['BAD_CERTIFICATE', () => refusedCertificate('finds your certificate wrong', issuedAnew)],
  ['CERTIFICATE_UNKNOWN', () => refusedCertificate('does not accept your certificate', issuedAnew)],
  [
    'UNSUPPORTED_CERTIFICATE',
    () => refusedCertificate('does not take your kind of certificate', forClients),
  ],
  [
    'CERTIFICATE_EXPIRED',
    () => refusedCertificate('says that your certificate has expired', renewed),
  ],
  [
    'CERTIFICATE_REVOKED',
    () => refusedCertificate('says that your certificate is revoked', renewed),
  ],
  [
    'ACCESS_DENIED',
    () => refusedCertificate('does not let in whom your certificate names', renewed),
  ],
  ['UNKNOWN_PSK_IDENTITY', wrongPsk],
  ['DECRYPT_ERROR', wrongPsk],
  ['BAD_RECORD_MAC', wrongPsk],
  ['DECRYPTION_FAILED', wrongPsk],
  ['PROTOCOL_VERSION', wrongVersion],
  [
    'NO_APPLICATION_PROTOCOL',
    () => 'the broker does not know the protocol of --tls-alpn: leave it out, or give mqtt',
  ],
  [
    'UNRECOGNIZED_NAME',
    ({ host }) => `the broker does not go by the name '${host}': give another of its names with -h`,
  ],
  [
    'INTERNAL_ERROR',
    () => 'the broker had to give up the TLS handshake for an error of its own: look into its log',
  ],
]);

const issuedAnew = "give one with --cert and --key that was issued by a CA in the broker's cafile";
const forClients = 'have one made without extendedKeyUsage, or with extendedKeyUsage=clientAuth';
const renewed = 'have a new one made, and give it with --cert and --key';

function refusedCertificate(what: string, remedy: string): string {
  return `the broker ${what}: ${remedy}`;
}

// What is found on this side, or is no word of the other side's at all.
const handshakeProblems: readonly { readonly pattern: RegExp; readonly sentence: Sentence }[] = [
  {
    pattern: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE/,
    sentence: ({ host }) =>
      `what answers at '${host}' does not speak TLS on this port: give the port of the ` +
      `broker's TLS listener with -p, often 8883, or connect without TLS`,
  },
  { pattern: /UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE/, sentence: wrongVersion },
  {
    pattern: /(?:KEY|MD)_TOO_(?:SMALL|WEAK)|(?:key|algorithm) too weak/,
    sentence: () =>
      "the broker's certificate or key is too weak to be trusted: have one made with RSA of 2048 " +
      'bits or more, and SHA-256',
  },
  {
    pattern: /^(?:ECONNRESET|EPIPE|ECONNABORTED)$|UNEXPECTED_EOF/,
    sentence: hungUp,
  },
  {
    pattern: /^(?:HANDSHAKE_TIMEOUT|ETIMEDOUT)$/,
    sentence: ({ host }) =>
      `'${host}' takes the connection, but does not answer in TLS: check that the port given ` +
      `with -p is that of a TLS listener`,
  },
];

function wantsCertificate({ identity }: TlsFailure): string {
  const want = 'the broker lets nobody in without a certificate (require_certificate)';
  if (identity !== 'certificate') return `${want}: give yours with --cert and --key`;
  return `${want} and has not accepted yours: ${issuedAnew}`;
}

function nothingInCommon(failure: TlsFailure): string {
  const { identity } = failure;
  if (identity === 'pre-shared key') return wrongPsk(failure);
  const certificate =
    identity === 'certificate' ? 'takes no certificate of your CA' : 'wants a certificate of yours';
  const remedy =
    identity === 'certificate' ? 'check --cert and --key' : 'give one with --cert and --key';
  return (
    `the broker found no way to speak TLS with you: it ${certificate} (then ${remedy}), has no cipher ` +
    `in common with you (check --ciphers), or wants a pre-shared key (give --psk and --psk-identity)`
  );
}

function wrongPsk({ identity }: TlsFailure): string {
  if (identity !== 'pre-shared key')
    return 'the broker could not read what it was sent in the TLS handshake';
  return (
    'the broker does not know the pre-shared key: --psk and --psk-identity must be as in its ' +
    'psk_file, and the listener must have a psk_hint'
  );
}

function wrongVersion(): string {
  return (
    'the broker does not speak the version of TLS that you ask for: leave out --tls-version, or ' +
    'give the one of its tls_version; below TLS 1.2 nothing is spoken'
  );
}

function hungUp({ host, identity }: TlsFailure): string {
  const who = identity === 'none' ? 'it may want a certificate (give --cert and --key), or' : '';
  return (
    `'${host}' hung up during the TLS handshake: ${who || 'it may not accept who you are, or'} ` +
    `there is no TLS on this port (check -p); the log of the broker says which`
  );
}
