/** What the certificate of a server says, in one line. */

import type { X509Certificate } from 'node:crypto';

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

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
