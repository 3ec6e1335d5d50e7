/** Why a TLS handshake failed, for people: what happened, and what to do about it. */

import { noCertificate } from './client-certificate.ts';
import { type Spoken, spokenIn } from './foreign-protocol.ts';

/** What each kind says. */
const messages = {
  'plain MQTT':
    'the client speaks MQTT without TLS, and this port wants TLS: give the client the CA certificate (--cafile), or connect it to a port without TLS',
  HTTP: 'the client speaks HTTP without TLS, and this port wants TLS: use https:// or wss:// in its address',
  'PROXY header':
    'a proxy sends the PROXY protocol, which this listener does not expect: set enable_proxy_protocol, or switch it off in the proxy',
  'not TLS': 'what the client sends is not TLS: check that it is meant for this port',
  'wrong application':
    'the client asks for another protocol than this port speaks (ALPN): check that it is meant for this port',

  'server not trusted':
    "the client does not trust this server's certificate: give it the certificate of the CA that signed it, with --cafile",
  'server not accepted':
    "the client does not accept this server's certificate: either it lacks the CA's certificate (--cafile), or the certificate is not for the host name that it connects to",
  'server expired':
    "the client refuses this server's certificate because it has expired: renew it (or set the client's clock)",
  'server unsupported':
    "the client cannot use this server's certificate: check its kind of key, its hash, and that it may be used for a server",
  'server name':
    "the client does not find the host name that it connects to in this server's certificate: make the certificate for that name, or connect by the name in it",
  'left at once':
    "the client hung up right after the handshake, without a word: most likely this server's certificate is not for the host name that the client connects to, or the client does not trust its CA",
  'gave up':
    "the client hung up during the handshake: most likely it does not accept this server's certificate, because it does not know the CA, or the certificate has expired or is for another host name",
  'client error': 'the client reported an error of its own: see its log',

  'certificate missing':
    'the client has shown no certificate, and this listener requires one: give it one that the CA in cafile has signed, with --cert and --key',
  'certificate expired': "the client's certificate has expired: renew it",
  'certificate not yet valid':
    "the client's certificate is not valid yet: check the clocks of both machines",
  'certificate self-signed':
    "the client's certificate is self-signed: it has to be signed by the CA in cafile",
  'certificate from unknown CA':
    "the client's certificate was signed by a CA that this listener does not know: add that CA's certificate to cafile, and have the client send those between (behind its own in --cert)",
  'certificate revoked': "the client's certificate was revoked: it needs a new one",
  'certificate for another purpose':
    "the client's certificate may not be used by a client: sign it again with extendedKeyUsage=clientAuth",
  'certificate invalid': "the client's certificate cannot be verified",
  'revocation list missing':
    "crlfile has no list of the CA that signed the client's certificate: add it to the file",
  'revocation list expired':
    'the list in crlfile has expired, so that nobody can tell which certificates were revoked: make it again, with openssl ca -gencrl',
  'revocation list invalid':
    "the list in crlfile is not signed by the CA of the client's certificate: make it again, with openssl ca -gencrl",

  'unknown PSK identity':
    'no pre-shared key is known for the identity that the client names: check --psk-identity and psk_file',
  'wrong PSK key':
    'the pre-shared key of the client is not the one that belongs to its identity: check --psk and psk_file',
  'no shared cipher':
    'client and server have no cipher in common: a listener with pre-shared keys only wants --psk from the client, one with a certificate does not; otherwise compare "ciphers" on both sides',
  'version too old':
    'the client speaks only versions of TLS that are older than this listener allows: update it, or see tls_version',
  'version refused':
    'the client refuses the versions of TLS that this listener speaks: see tls_version on both sides',
  'no shared signature':
    "the client knows no signature that this server's key can make: use an RSA or P-256 key",
  'took too long': 'the handshake took too long',
  'crowded out': 'too many handshakes at a time, of which this was the oldest',
  'listener ended': 'the listener ended before the handshake did',
  'broken off': 'the network connection broke during the handshake',
  'protocol violated': 'what the client sends is not a valid handshake',
} as const;

export type HandshakeFault = keyof typeof messages;

export interface HandshakeFailure {
  readonly type: HandshakeFault;
  /** In one sentence, without a full stop; never with a secret. */
  readonly message: string;
  /** What OpenSSL or the system calls it, for whoever wants to look it up. */
  readonly code: string | undefined;
  /** The identity that the client named for its pre-shared key. */
  readonly pskIdentity: string | undefined;
}

export interface FailureDetails {
  readonly code?: string | undefined;
  readonly pskIdentity?: string | undefined;
  /** What the server's certificate says, for faults that clients find in it. */
  readonly certificate?: (() => string | undefined) | undefined;
}

export function handshakeFailure(
  type: HandshakeFault,
  { code, pskIdentity, certificate }: FailureDetails = {},
): HandshakeFailure {
  const known = [
    vague.includes(type) ? code : undefined,
    // Quoted, because it is the client that chooses it.
    pskIdentity === undefined ? undefined : `identity ${JSON.stringify(pskIdentity)}`,
    aboutServer.includes(type) ? certificate?.() : undefined,
  ].filter((detail) => detail !== undefined);
  const message = [messages[type], ...known.map((detail) => `(${detail})`)].join(' ');
  return { type, message, code, pskIdentity };
}

const vague: readonly HandshakeFault[] = [
  'client error',
  'certificate invalid',
  'broken off',
  'protocol violated',
];

const aboutServer: readonly HandshakeFault[] = [
  'server not trusted',
  'server not accepted',
  'server expired',
  'server unsupported',
  'server name',
  'left at once',
  'gave up',
];

/** An error of OpenSSL, or of the network, before the handshake was over. */
export function failureOfError(error: Error, details: FailureDetails): HandshakeFailure {
  const { code, reason = '' } = error as NodeJS.ErrnoException & { reason?: string };
  const alert = alertPattern.exec(reason)?.[1];
  const type =
    alert === undefined
      ? (codes[code ?? ''] ?? 'protocol violated')
      : (alerts[alert] ?? 'client error');
  // The first thing that client and server encrypt with the key.
  const isKeyWrong = details.pskIdentity !== undefined && keyFaults.includes(code);
  return handshakeFailure(isKeyWrong ? 'wrong PSK key' : type, { ...details, code });
}

const alertPattern = /\balert (.*)/;

/** Alerts that the client has sent, as OpenSSL names them. */
const alerts: Readonly<Record<string, HandshakeFault>> = {
  'unknown ca': 'server not trusted',
  'bad certificate': 'server not accepted',
  'certificate unknown': 'server not accepted',
  'certificate expired': 'server expired',
  'certificate revoked': 'server not accepted',
  'unsupported certificate': 'server unsupported',
  'unrecognized name': 'server name',
  'handshake failure': 'no shared cipher',
  'insufficient security': 'no shared cipher',
  'protocol version': 'version refused',
  'user cancelled': 'gave up',
  'access denied': 'server not accepted',
  // What Mosquitto's clients say of a certificate for another host.
  'internal error': 'server name',
};

const codes: Readonly<Record<string, HandshakeFault>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'certificate missing',
  ERR_SSL_NO_SHARED_CIPHER: 'no shared cipher',
  ERR_SSL_NO_SUITABLE_KEY_SHARE: 'no shared cipher',
  ERR_SSL_NO_SUITABLE_GROUPS: 'no shared cipher',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no shared signature',
  ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS: 'no shared signature',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'version too old',
  ERR_SSL_VERSION_TOO_LOW: 'version too old',
  ERR_SSL_INAPPROPRIATE_FALLBACK: 'version too old',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not TLS',
  ERR_SSL_PSK_IDENTITY_NOT_FOUND: 'unknown PSK identity',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'wrong application',
  ECONNRESET: 'gave up',
  EPIPE: 'gave up',
  ETIMEDOUT: 'broken off',
  EHOSTUNREACH: 'broken off',
};

const keyFaults: readonly (string | undefined)[] = [
  'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  'ERR_SSL_DIGEST_CHECK_FAILED',
  'ERR_SSL_CIPHER_OPERATION_FAILED',
];

/** What is wrong with a client's certificate, and the alert that tells it so (RFC 8446, 6.2). */
export interface CertificateFault {
  readonly type: HandshakeFault;
  readonly alert: number;
}

const alertNumbers = {
  badCertificate: 42,
  unsupportedCertificate: 43,
  certificateRevoked: 44,
  certificateExpired: 45,
  certificateUnknown: 46,
  unknownCa: 48,
  certificateRequired: 116,
} as const;

/** @param code OpenSSL's: `CERT_HAS_EXPIRED` */
export function certificateFault(code: string): CertificateFault {
  return (
    certificateFaults[code] ?? { type: 'certificate invalid', alert: alertNumbers.badCertificate }
  );
}

const unknownCa: CertificateFault = {
  type: 'certificate from unknown CA',
  alert: alertNumbers.unknownCa,
};

const certificateFaults: Readonly<Record<string, CertificateFault>> = {
  [noCertificate]: { type: 'certificate missing', alert: alertNumbers.certificateRequired },
  CERT_HAS_EXPIRED: { type: 'certificate expired', alert: alertNumbers.certificateExpired },
  CERT_NOT_YET_VALID: { type: 'certificate not yet valid', alert: alertNumbers.badCertificate },
  DEPTH_ZERO_SELF_SIGNED_CERT: { type: 'certificate self-signed', alert: alertNumbers.unknownCa },
  SELF_SIGNED_CERT_IN_CHAIN: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownCa,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownCa,
  INVALID_CA: unknownCa,
  CERT_UNTRUSTED: unknownCa,
  INVALID_PURPOSE: {
    type: 'certificate for another purpose',
    alert: alertNumbers.unsupportedCertificate,
  },
  CERT_REVOKED: { type: 'certificate revoked', alert: alertNumbers.certificateRevoked },
  UNABLE_TO_GET_CRL: { type: 'revocation list missing', alert: alertNumbers.unknownCa },
  CRL_HAS_EXPIRED: { type: 'revocation list expired', alert: alertNumbers.certificateExpired },
  CRL_NOT_YET_VALID: { type: 'revocation list expired', alert: alertNumbers.badCertificate },
  CRL_SIGNATURE_FAILURE: {
    type: 'revocation list invalid',
    alert: alertNumbers.certificateUnknown,
  },
};

/** What speaks instead of TLS, by the first bytes of a connection; undefined: it may be TLS. */
export function strangerOf(first: Uint8Array): HandshakeFault | undefined {
  const spoken = spokenIn(first);
  return spoken === undefined ? 'not TLS' : strangers[spoken];
}

const strangers: Readonly<Record<Spoken, HandshakeFault | undefined>> = {
  TLS: undefined,
  MQTT: 'plain MQTT',
  PROXY: 'PROXY header',
  HTTP: 'HTTP',
};
