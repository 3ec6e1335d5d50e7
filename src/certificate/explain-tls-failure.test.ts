/** What a beginner is told when TLS fails. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { pem } from '../../test/harness/certificates.ts';
import { explainTlsFailure, isTlsAlert, type TlsFailure } from './explain-tls-failure.ts';

interface Case {
  readonly code: string;
  /** The certificate that was shown. */
  readonly shown?: string;
  readonly host?: string;
  readonly identity?: TlsFailure['identity'];
  readonly reason?: string;
  readonly says: RegExp;
}

function check({
  code,
  shown,
  host = 'localhost',
  identity = 'none',
  reason = '',
  says,
}: Case): void {
  const certificate = shown === undefined ? undefined : new X509Certificate(pem(shown));
  const now = new Date('2026-11-26T12:00:00Z');
  const sentence = explainTlsFailure({ code, reason, certificate, host, now, identity });
  assert.match(sentence, says);
  assert.match(sentence, /^[A-Z'][^\n]+\.$/, 'one sentence');
}

describe('explainTlsFailure', () => {
  for (const each of [
    {
      code: 'CERT_HAS_EXPIRED',
      shown: 'expired.crt',
      says: /^The broker's certificate expired on 2021-01-01, and it is 2026-11-26.*certfile/,
    },
    {
      code: 'CERT_HAS_EXPIRED',
      shown: 'of-expired-ca.crt',
      says: /such as that of its CA 'Old CA', has expired.*--cafile/,
    },
    { code: 'CERT_NOT_YET_VALID', shown: 'early.crt', says: /valid on 2099-01-01.*set the clock/ },
    {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      shown: 'self-signed.crt',
      says: /for 'localhost' is self-signed.*give it with --cafile/,
    },
    {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      shown: 'namesake.crt',
      says: /the same name as the CA that issued it, 'Test CA'.*Common Name/,
    },
    { code: 'UNABLE_TO_GET_ISSUER_CERT', shown: 'leaf.crt', says: /the certificates of both/ },
    {
      code: 'SELF_SIGNED_CERT_IN_CHAIN',
      shown: 'server.crt',
      says: /the CA 'Test CA', which is none of those that you trust.*--cafile/,
    },
    {
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      shown: 'leaf.crt',
      says: /issued by 'Test Intermediate'.*behind the broker's own in certfile/,
    },
    {
      code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      shown: 'server.crt',
      says: /issued by 'Test CA'.*if that is your CA, give its certificate with --cafile/,
    },
    {
      code: 'CERT_SIGNATURE_FAILURE',
      shown: 'server.crt',
      says: /not signed by the CA 'Test CA'.*another of the same name/,
    },
    {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      shown: 'elsewhere.crt',
      says: /is for other\.example and \*\.other\.example, not for 'localhost': connect with -h other\.example, or .*subjectAltName=DNS:localhost/,
    },
    {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      shown: 'common-name.crt',
      host: '127.0.0.1',
      says: /is for localhost, and for no address, not for '127\.0\.0\.1': connect with -h localhost, or .*subjectAltName=IP:127\.0\.0\.1/,
    },
    { code: 'CERT_REVOKED', shown: 'server.crt', says: /^The CA 'Test CA' has revoked/ },
    { code: 'INVALID_PURPOSE', shown: 'for-clients.crt', says: /serverAuth/ },
    { code: 'INVALID_CA', shown: 'server.crt', says: /CA:TRUE/ },
    {
      code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      says: /without a certificate.*: give yours with --cert and --key/,
    },
    {
      code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      identity: 'certificate',
      says: /has not accepted yours/,
    },
    { code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', says: /does not trust the CA of your certificate/ },
    { code: 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', says: /finds your certificate wrong/ },
    { code: 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', says: /your certificate has expired/ },
    { code: 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', says: /your certificate is revoked/ },
    { code: 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', says: /does not accept your certificate/ },
    { code: 'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', says: /clientAuth/ },
    { code: 'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED', says: /whom your certificate names/ },
    {
      code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
      says: /wants a certificate of yours .*--ciphers.*--psk and --psk-identity/,
    },
    {
      code: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
      identity: 'certificate',
      says: /check --cert and --key/,
    },
    {
      code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
      identity: 'pre-shared key',
      says: /does not know the pre-shared key: .*psk_file.*psk_hint/,
    },
    {
      code: 'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR',
      identity: 'pre-shared key',
      says: /does not know the pre-shared key/,
    },
    { code: 'ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC', says: /could not read what it was sent/ },
    { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', says: /--tls-version/ },
    { code: 'ERR_SSL_UNSUPPORTED_PROTOCOL', says: /--tls-version/ },
    { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', says: /--tls-alpn/ },
    { code: 'ERR_SSL_TLSV1_ALERT_UNRECOGNIZED_NAME', says: /by the name 'localhost'.*-h/ },
    { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', says: /look into its log/ },
    { code: 'ERR_SSL_WRONG_VERSION_NUMBER', says: /does not speak TLS on this port.*-p/ },
    { code: 'ERR_SSL_EE_KEY_TOO_SMALL', says: /too weak.*2048 bits/ },
    { code: 'UNSPECIFIED', reason: 'EE certificate key too weak', says: /too weak.*2048 bits/ },
    { code: 'UNSPECIFIED', reason: 'of no known kind', says: /has failed: of no known kind/ },
    { code: 'ECONNRESET', says: /hung up.*--cert and --key.*no TLS on this port/ },
    { code: 'ECONNRESET', identity: 'certificate', says: /it may not accept who you are/ },
    { code: 'HANDSHAKE_TIMEOUT', says: /does not answer in TLS/ },
    { code: 'ERR_SSL_SOMETHING_NEW', says: /has failed: ERR_SSL_SOMETHING_NEW/ },
  ] as const satisfies readonly Case[]) {
    const { code, shown, identity } = { shown: undefined, identity: undefined, ...each };
    it(`explains ${[code, shown, identity].filter(Boolean).join(' with ')}`, () => check(each));
  }

  it('says what it can where the certificate was not seen', () => {
    for (const code of [
      'CERT_HAS_EXPIRED',
      'CERT_NOT_YET_VALID',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'CERT_SIGNATURE_FAILURE',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'CERT_REVOKED',
      'INVALID_CA',
    ]) {
      check({ code, says: /certificate(?!.*undefined)/ });
    }
  });

  it('tells a word of the other side from a loss of the network', () => {
    assert.equal(isTlsAlert('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), true);
    assert.equal(isTlsAlert('ECONNRESET'), false);
  });
});
