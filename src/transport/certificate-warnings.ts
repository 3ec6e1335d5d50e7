/** What clients will not like about a certificate that works as far as the server can tell. */

import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { subjectOf } from './certificate-subject.ts';

/** @param now milliseconds since 1970 */
export function serverWarnings(
  chain: readonly X509Certificate[],
  {
    path,
    authorities,
    now,
  }: { path: string; authorities: readonly X509Certificate[]; now: number },
): readonly string[] {
  const [server] = chain;
  const name = `The server certificate "${path}"`;
  return [
    ...dateWarnings(server, name, now),
    ...nameWarnings(server, name),
    ...issuerWarnings(chain, name, authorities),
  ];
}

export function authorityWarnings(
  authorities: readonly X509Certificate[],
  now: number,
): readonly string[] {
  return authorities.flatMap((authority) =>
    dateWarnings(authority, `The CA certificate "${subjectOf(authority)}"`, now),
  );
}

/** What a client has to like about the server's certificate, for whoever looks for the reason. */
export function serverDescription(
  [server, ...rest]: readonly X509Certificate[],
  { authorities, now }: { readonly authorities: readonly X509Certificate[]; readonly now: number },
): string {
  const { subjectAltName, subject, issuer, validToDate } = server;
  const names = subjectAltName ?? /^CN=.*$/m.exec(subject ?? '')?.[0] ?? 'no host';
  // A client has the certificate at the end of the chain itself.
  const isRoot = (each: X509Certificate) => each.subject === issuer && each.issuer === issuer;
  const isAlone = rest.length === 0 && !authorities.some(isRoot);
  return [
    `the certificate is for ${names}`,
    validToDate.getTime() < now ? `expired on ${dayOf(validToDate)}` : '',
    subject === issuer
      ? 'is self-signed'
      : `is signed by ${issuer.replaceAll('\n', ', ')}${isAlone ? ', whose own certificate is not in certfile' : ''}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function dateWarnings(certificate: X509Certificate, name: string, now: number): string[] {
  const { validFromDate, validToDate } = certificate;
  if (validToDate.getTime() < now) {
    return [`${name} expired on ${dayOf(validToDate)}: clients refuse it until it is renewed.`];
  }
  if (validFromDate.getTime() > now) {
    const start = validFromDate.toISOString();
    return [`${name} is not valid before ${start}: check the clock of this machine.`];
  }
  return [];
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function nameWarnings({ subjectAltName, subject }: X509Certificate, name: string): string[] {
  if (subjectAltName !== undefined) return [];
  const commonName = /^CN=(.*)$/m.exec(subject ?? '')?.[1];
  if (commonName === undefined) {
    return [
      `${name} names no host: clients refuse it. Make it again with subjectAltName=DNS:HOST, where HOST is the name that clients connect to.`,
    ];
  }
  const host = /^[\w.-]+$/.test(commonName) ? commonName : 'HOST';
  return [
    `${name} has no subjectAltName: mosquitto_sub compares the host it connects to with the Common Name "${commonName}", but browsers and clients in Go or Rust want subjectAltName=DNS:${host}.`,
  ];
}

function issuerWarnings(
  chain: readonly X509Certificate[],
  name: string,
  authorities: readonly X509Certificate[],
): string[] {
  const [server] = chain;
  const isSelfIssued = server.subject === server.issuer;
  if (isSelfIssued && !isSignedBy(server, server)) {
    return [
      `${name} has the same subject as its CA, "${subjectOf(server)}", so clients take it for self-signed and refuse it: make it again with another Common Name, that of the host.`,
    ];
  }
  if (isSelfIssued) {
    const what = server.ca ? 'is that of a CA itself' : 'is self-signed';
    return [`${name} ${what}: clients accept it only if they are given it, with --cafile.`];
  }
  return brokenChain(chain, name) ?? missingIssuer(chain, name, authorities);
}

/** Each must have issued the one before it. */
function brokenChain(chain: readonly X509Certificate[], name: string): string[] | undefined {
  const at = chain.findIndex((issuer, i) => i > 0 && !chain[i - 1].checkIssued(issuer));
  if (at === -1) return undefined;
  const [issued, other] = [chain[at - 1], chain[at]].map(subjectOf);
  return [
    `${name} is followed by "${other}", which did not issue "${issued}": put each certificate right behind the one that it has issued.`,
  ];
}

function missingIssuer(
  chain: readonly X509Certificate[],
  name: string,
  authorities: readonly X509Certificate[],
): string[] {
  const last = chain[chain.length - 1];
  if (last.subject === last.issuer) return [];
  const issuer = authorities.find((authority) => last.checkIssued(authority));
  const isRoot = issuer !== undefined && issuer.subject === issuer.issuer;
  // Only public CAs say where their certificate is to be had, and they sign with intermediates.
  const isIntermediate = issuer !== undefined || last.infoAccess?.includes('CA Issuers');
  if (isRoot || !isIntermediate || isPublicRoot(last.issuer)) return [];
  const missing = issuer ? subjectOf(issuer) : last.issuer.replaceAll('\n', ', ');
  return [
    `${name} comes without the certificate of its issuer "${missing}", so clients that only know the root refuse it: append that certificate to the file (the file is often called fullchain.pem).`,
  ];
}

function isPublicRoot(name: string): boolean {
  return rootCertificates.some((root) => new X509Certificate(root).subject === name);
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}
