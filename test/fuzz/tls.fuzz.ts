/** Hostile certificates and revocation lists: read, or refused with a DerError. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { commonNameOf, subjectOf } from '../../src/transport/certificate-subject.ts';
import { issuersOf, isTrustedButForDates } from '../../src/transport/certificate-trust.ts';
import { DerError } from '../../src/transport/der.ts';
import { RevocationList, RevocationLists } from '../../src/transport/revocation-list.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

/** An authority, a certificate that it has signed and revoked, and the list that says so. */
const authorityBase64 = [
  'MIIBcTCCARegAwIBAgIUKx3nSM/kFqRF0Y9sSsBxs1I1eKkwCgYIKoZIzj0EAwIwDTELMAkGA1UEAwwCY2EwIBcNMjYx',
  'MTI2MTgzNjU4WhgPMjEyNjExMDIxODM2NThaMA0xCzAJBgNVBAMMAmNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE',
  'IKkQl+MlB3w2JnMsAzZ+XG1ujr7IiPGpEynyVjVDURV8X8Zc+DlfYCH2FnUmaDnDziZyGNrOdKj97HJJG3h3aqNTMFEw',
  'HQYDVR0OBBYEFBlwcN1wtQqGwg6FtF5qj8pV4BzfMB8GA1UdIwQYMBaAFBlwcN1wtQqGwg6FtF5qj8pV4BzfMA8GA1Ud',
  'EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAMbXfmB4zxSLUCeqhssTimuGlzjZTS4EoNry4coneG20AiAJQVUt',
  'LyyaPzm1YaMPSZ5Y+v6oS+MAT+eRn7vS/g7+8Q==',
].join('');
const certificateBase64 = [
  'MIIBkzCCATigAwIBAgICEjQwCgYIKoZIzj0EAwIwDTELMAkGA1UEAwwCY2EwIBcNMjYxMTI2MTgzNjU4WhgPMjEyNjEx',
  'MDIxODM2NThaMBoxCzAJBgNVBAoMAkV4MQswCQYDVQQDDAJncjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE68PK8x',
  'BuNdnfW5NbMhUN8dnu8jbQhQRYpB0jx/HKMr3EKbmMHyOOqj6Sw99LxzjQASAZwl+FqU3xz4OnktlGCjeTB3MBMGA1Ud',
  'JQQMMAoGCCsGAQUFBwMCMBIGA1UdEwEB/wQIMAYBAf8CAQEwDAYDVR0RBAUwA4IBYTAdBgNVHQ4EFgQUGpqsn1lXdASB',
  'Tdxqns/8evNa77QwHwYDVR0jBBgwFoAUGXBw3XC1CobCDoW0XmqPylXgHN8wCgYIKoZIzj0EAwIDSQAwRgIhAOA82Cle',
  'vHvDA4qMwAYQpIXR1glAkaYi1qz8ajkFSdNEAiEA7iiKzm/zN6qkGujEdhma0tGOjHiT9WSN9ouFrHrVaLI=',
].join('');
const listBase64 = [
  'MIHeMIGGAgEBMAoGCCqGSM49BAMCMA0xCzAJBgNVBAMMAmNhFw0yNjExMjYxODM2NThaGA8yMTI2MTEwMjE4MzY1OFow',
  'FTATAgISNBcNMjYxMTI2MTgzNjU4WqAvMC0wHwYDVR0jBBgwFoAUGXBw3XC1CobCDoW0XmqPylXgHN8wCgYDVR0UBAMC',
  'AQEwCgYIKoZIzj0EAwIDRwAwRAIgZwPA5X1+o1JTg1cpzbe+A3JG6eZ4c6kW5AQj7urI34ACIEcxK+lV5shUOGKRJwFm',
  'eJxUGiqnahlYArPhpRrt44VZ',
].join('');

const authority = new X509Certificate(bytesOf(authorityBase64));
const certificate = new X509Certificate(bytesOf(certificateBase64));
const list = bytesOf(listBase64);

export const tlsFuzz: FuzzTarget = {
  name: 'tls',
  run(seed, until) {
    const random = randomFrom(seed);
    assert.equal(lists(list).faultOf(certificate, authority), 'CERT_REVOKED');
    assert.equal(isTrustedButForDates(certificate, [], [authority]), true);
    let iterations = 0;
    for (; !until(); iterations += 1) {
      orDerError(() => checkList(mutated(list, random)));
      orDerError(() => checkCertificate(mutated(certificate.raw, random)));
    }
    return iterations;
  },
};

function checkList(der: Uint8Array): void {
  const fault = lists(der).faultOf(certificate, authority);
  // Whatever is changed in it, nobody has signed it.
  const isWhole = Buffer.from(der).equals(list);
  if (!isWhole) assert.notEqual(fault, undefined);
}

function checkCertificate(der: Uint8Array): void {
  let changed: X509Certificate;
  try {
    changed = new X509Certificate(der);
  } catch {
    // OpenSSL does not read it: no client can show it.
    return;
  }
  orDerError(() => assert.equal(typeof subjectOf(changed), 'string'));
  orDerError(() => commonNameOf(changed));
  orDerError(() => lists(list).faultOf(changed, issuersOf(changed, [authority])[0]));
  orDerError(() => {
    const isTrusted = isTrustedButForDates(changed, [certificate, changed], [authority]);
    assert.ok(
      !isTrusted || changed.verify(authority.publicKey) || changed.verify(certificate.publicKey),
    );
  });
}

function lists(der: Uint8Array): RevocationLists {
  return new RevocationLists([new RevocationList(der)]);
}

function orDerError(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
}

/** Some bytes are changed, left out or doubled; mostly few, so that the rest still makes sense. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let result = Buffer.from(bytes);
  for (let count = 1 + random(random(4) === 0 ? 10 : 2); count > 0; count--) {
    const at = random(result.length);
    const kind = random(4);
    if (kind < 2) result[at] = kind === 0 ? random(256) : result[at] ^ (1 << random(8));
    else if (kind === 2)
      result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random(8))]);
    else
      result = Buffer.concat([
        result.subarray(0, at),
        result.subarray(Math.max(0, at - random(8))),
      ]);
    if (result.length === 0) return result;
  }
  return result;
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
