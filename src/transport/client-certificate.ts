/** Whether the certificate that a client has shown is good enough for its listener. */

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { issuersOf, isTrustedButForDates } from './certificate-trust.ts';
import type { ClientCertificatePolicy } from './tls-security.ts';

/** What a fault is called when there is no certificate; the others have OpenSSL's names. */
export const noCertificate = 'NO_CERTIFICATE';

/**
 * What is wrong with the certificate of a client whose handshake is over for OpenSSL.
 *
 * @throws DerError when it cannot be read
 */
export function clientFaultOf(
  secure: TLSSocket,
  policy: ClientCertificatePolicy,
): string | undefined {
  const certificate = secure.getPeerX509Certificate();
  if (certificate === undefined) return policy.isRequired ? noCertificate : undefined;
  return faultOf(certificate, verifyErrorOf(secure), policy);
}

const dateFaults: readonly (string | undefined)[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

function faultOf(
  certificate: X509Certificate,
  fault: string | undefined,
  { ignoresDates, authorities, revocations }: ClientCertificatePolicy,
): string | undefined {
  const isExcused = ignoresDates && dateFaults.includes(fault);
  if (fault !== undefined && !isExcused) return fault;
  const sent = sentWith(certificate);
  if (isExcused && !isTrustedButForDates(certificate, sent, authorities)) return 'CERT_UNTRUSTED';
  if (revocations === undefined) return undefined;
  const [issuer] = issuersOf(certificate, [...authorities, ...sent]);
  return revocations.faultOf(certificate, issuer);
}

/** A client chooses what it sends along. */
const sentMax = 10;

/** The certificates that came behind the client's own. */
function sentWith(certificate: X509Certificate): readonly X509Certificate[] {
  const sent: X509Certificate[] = [];
  let next = certificate.issuerCertificate;
  while (next !== undefined && sent.length < sentMax) {
    sent.push(next);
    next = next.issuerCertificate;
  }
  return sent;
}

/**
 * What OpenSSL says of the certificate. Node gives it to the sockets of its own TLS server as
 * `authorizationError`; those without one have to ask where Node does.
 */
function verifyErrorOf(secure: TLSSocket): string | undefined {
  const { ssl } = secure as unknown as { ssl: { verifyError(): { code: string } | null } };
  return ssl.verifyError()?.code;
}
