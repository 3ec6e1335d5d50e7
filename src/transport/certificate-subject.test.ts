/** Names in certificates are written as OpenSSL writes them. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { CertificateFolder, missingOpenssl } from '../../test/harness/certificate-folder.ts';
import { commonNameOf, subjectOf } from './certificate-subject.ts';

const missing = missingOpenssl();
if (missing !== undefined) it('the subject of a certificate', { skip: missing });
else describe('the subject of a certificate', suite);

function suite(): void {
  let folder: CertificateFolder;

  before(() => {
    folder = new CertificateFolder();
    folder.openssl('genrsa', '-out', 'key', '2048');
  });

  after(() => folder[Symbol.dispose]());

  /** A certificate whose subject has these lines of a request's configuration. */
  function certificate(lines: readonly string[]): X509Certificate {
    folder.write(
      'config',
      ['[req]', 'prompt=no', 'distinguished_name=dn', '[dn]', ...lines].join('\n'),
    );
    const request = ['req', '-new', '-x509', '-utf8', '-config', 'config', '-key', 'key'];
    folder.openssl(...request, '-out', 'crt');
    return new X509Certificate(folder.read('crt'));
  }

  function check(lines: readonly string[], expected: string): void {
    const subject = subjectOf(certificate(lines));
    const line = folder.openssl('x509', '-in', 'crt', '-noout', '-subject', '-nameopt', 'RFC2253');
    assert.equal(`subject=${subject}\n`, line);
    assert.equal(subject, expected);
  }

  it('has its last attribute first', () => {
    check(
      ['C=GB', 'ST=Nottinghamshire', 'O=Server', 'OU=Production', 'CN=test client'],
      'CN=test client,OU=Production,O=Server,ST=Nottinghamshire,C=GB',
    );
  });

  it('has characters escaped that mean something, and those beyond ASCII', () => {
    check(
      ['O=Ex\\, \\"Inc\\" <x>;', 'OU=\\#lead+', 'CN=größe 🦟'],
      'CN=gr\\C3\\B6\\C3\\9Fe \\F0\\9F\\A6\\9F,OU=\\#lead\\+,O=Ex\\, \\"Inc\\" \\<x\\>\\;',
    );
  });

  it('has several attributes at one place joined by a plus', () => {
    check(['O=Example', 'CN=first', '+UID=second'], 'UID=second+CN=first,O=Example');
  });

  it('has the bytes of attributes that have no name', () => {
    check(['0.1.3.6.1.4.1.99999.1=custom', 'CN=x'], 'CN=x,1.3.6.1.4.1.99999.1=#0C06637573746F6D');
  });

  it('has the name of common ones', () => {
    check(
      ['DC=org', 'emailAddress=a@b.c', 'serialNumber=7', 'CN=x'],
      'CN=x,serialNumber=7,emailAddress=a@b.c,DC=org',
    );
  });

  describe('the Common Name', () => {
    it('is the first there is, as it is', () => {
      const first = 'größe 🦟';
      assert.equal(commonNameOf(certificate(['O=x', `0.CN=${first}`, '1.CN=other'])), first);
    });

    it('is none where the subject has none', () => {
      assert.equal(commonNameOf(certificate(['O=x'])), undefined);
    });

    it('is none when it could forge a line of the log', () => {
      assert.equal(commonNameOf(certificate(['CN=a\\nb'])), undefined);
    });
  });
}
