/** Headers of the PROXY protocol: what they say, and what is wrong with them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryHeader, proxyField, tlsField } from '../../test/harness/proxy-headers.ts';
import { crc32c } from './crc-32c.ts';
import { type ProxyHeader, type ProxyVersion, readProxyHeader } from './proxy-header.ts';

const mqtt = Buffer.from('100c00044d5154540402003c0000', 'hex');

/** The same, however many of its bytes have come; behind it is what is not the header's. */
function checkRead(version: ProxyVersion, bytes: Uint8Array, header: ProxyHeader): void {
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(readProxyHeader(bytes.subarray(0, length), version), undefined);
  }
  const read = readProxyHeader(Buffer.concat([bytes, mqtt]), version);
  assert.deepEqual(read, { header, length: bytes.length });
}

function checkFault(version: ProxyVersion, bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => readProxyHeader(bytes, version), { name: 'ProxyHeaderError', message });
}

describe('a PROXY header of version 1', () => {
  const reads = (line: string, header: ProxyHeader) =>
    it(`is read: ${line}`, () => checkRead(1, Buffer.from(`${line}\r\n`), header));
  const from = (peer: string): ProxyHeader => ({ type: 'proxied', peer, tls: undefined });
  const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

  reads('PROXY TCP4 192.0.2.1 198.51.100.1 51234 1883', from('192.0.2.1:51234'));
  reads('PROXY TCP4 192.0.2.1 198.51.100.1 0 65535', from('192.0.2.1:0'));
  reads('PROXY TCP6 2001:db8::1 2001:db8::2 51234 1883', from('[2001:db8::1]:51234'));
  reads('PROXY TCP6 ::ffff:192.0.2.1 ::1 51234 1883', from('192.0.2.1:51234'));
  reads('PROXY UNKNOWN', { type: 'local' });
  reads(`PROXY UNKNOWN ${longest} ${longest} 65535 65535`, { type: 'local' });

  const refuses = (text: string, message: RegExp) =>
    it(`is refused: ${JSON.stringify(text.slice(0, 50))}`, () =>
      checkFault(1, Buffer.from(text), message));
  const behind = '198.51.100.1 51234 1883\r\n';

  refuses('PROXY TCP5 192.0.2.1 198.51.100.1 51234 1883\r\n', /none of TCP4, TCP6 and UNKNOWN/);
  refuses('PROXY constructor a b c d\r\n', /none of TCP4, TCP6 and UNKNOWN/);
  refuses('PROXY \r\n', /none of TCP4, TCP6 and UNKNOWN/);
  refuses('PROXY TCP4\r\n', /two addresses and two ports/);
  refuses('PROXY TCP4 192.0.2.1 198.51.100.1 51234\r\n', /two addresses and two ports/);
  refuses('PROXY TCP4 192.0.2.1 198.51.100.1 51234 1883 \r\n', /two addresses and two ports/);
  refuses('PROXY TCP4  192.0.2.1 198.51.100.1 51234 1883\r\n', /two addresses and two ports/);
  refuses(`PROXY TCP4 192.0.2.256 ${behind}`, /an address that is none of TCP4/);
  refuses(`PROXY TCP4 ::1 ${behind}`, /an address that is none of TCP4/);
  refuses(`PROXY TCP6 192.0.2.1 ${behind}`, /an address that is none of TCP6/);
  refuses('PROXY TCP6 fe80::1%eth0 ::1 51234 1883\r\n', /an address that is none of TCP6/);
  refuses('PROXY TCP4 192.0.2.1 x 51234 1883\r\n', /an address that is none of TCP4/);
  refuses('PROXY TCP4 192.0.2.1 198.51.100.1 65536 1883\r\n', /a port that is none of/);
  refuses('PROXY TCP4 192.0.2.1 198.51.100.1 051234 1883\r\n', /a port that is none of/);
  refuses('PROXY TCP4 192.0.2.1 198.51.100.1 51234 -1\r\n', /a port that is none of/);
  refuses('PROXZ', /does not begin with "PROXY "/);
  refuses(`PROXY UNKNOWN ${'x'.repeat(107)}\r\n`, /no end of line in 107 bytes/);
  refuses('\r\n\r\n', /it seems to be one of version 2: set enable_proxy_protocol 2/);
  refuses('GET / HTTP/1.1', /it is missing, as if an HTTP client had come past the load balancer/);
});

describe('a PROXY header of version 2', () => {
  const reads = (name: string, bytes: Uint8Array, header: ProxyHeader) =>
    it(`is read: ${name}`, () => checkRead(2, bytes, header));
  const from = (peer: string, tls?: Extract<ProxyHeader, { type: 'proxied' }>['tls']) =>
    ({ type: 'proxied', peer, tls }) as const;
  const ipv6 = (source: string) =>
    binaryHeader({ family: '21', addresses: `${source} ${'00'.repeat(16)} c822 075b` });
  const unix = (source: Buffer) =>
    binaryHeader({
      family: '31',
      addresses: Buffer.concat([source, Buffer.alloc(216 - source.length)]).toString('hex'),
    });

  reads('TCP over IPv4', binaryHeader(), from('192.0.2.1:51234'));
  reads('TCP over IPv6', ipv6(`20010db8${'00'.repeat(11)}01`), from('[2001:db8::1]:51234'));
  reads('a mapped IPv4', ipv6(`${'00'.repeat(10)}ffff c0000201`), from('192.0.2.1:51234'));
  reads('a Unix socket', unix(Buffer.from('/run/a.sock')), from('/run/a.sock:0'));
  reads('the longest path', unix(Buffer.from('p'.repeat(108))), from(`${'p'.repeat(108)}:0`));
  reads('an abstract socket', unix(Buffer.from('\0name')), from('@name:0'));
  reads('a socket without a name', unix(Buffer.alloc(0)), from('unix-socket:0'));
  reads('a path that would begin a line', unix(Buffer.from('a\nb')), from('a?b:0'));
  reads('LOCAL', binaryHeader({ command: '20', family: '00', addresses: '' }), { type: 'local' });
  reads('LOCAL with addresses', binaryHeader({ command: '20' }), { type: 'local' });
  reads('LOCAL with anything', binaryHeader({ command: '20', family: '00', addresses: 'ff' }), {
    type: 'local',
  });

  const fields = [proxyField(0x04, 'padding'), proxyField(0x04, ''), proxyField(0xe0, 'of ours')];
  reads('fields of no concern', binaryHeader({ fields }), from('192.0.2.1:51234'));

  const version = proxyField(0x21, 'TLSv1.3');
  const cipher = proxyField(0x23, 'TLS_AES_256_GCM_SHA384');
  const commonName = proxyField(0x22, 'sensör');
  const withTls = (...tls: Parameters<typeof tlsField>) =>
    binaryHeader({ fields: [tlsField(...tls)] });
  const tls = (cipher: string, commonName?: string) => ({
    cipher,
    hasVerifiedCertificate: commonName !== undefined,
    commonName,
  });
  const peer = '192.0.2.1:51234';

  reads('TLS of which nothing is told', withTls(0x01, 0), from(peer, tls('TLS')));
  reads('TLS with version', withTls(0x01, 0, version), from(peer, tls('TLSv1.3')));
  reads(
    'TLS with version and cipher',
    withTls(0x01, 0, cipher, version),
    from(peer, tls('TLSv1.3/TLS_AES_256_GCM_SHA384')),
  );
  reads(
    'a verified certificate',
    withTls(0x07, 0, version, commonName),
    from(peer, tls('TLSv1.3', 'sensör')),
  );
  reads(
    'a certificate of the session alone',
    withTls(0x05, 0, version, commonName),
    from(peer, tls('TLSv1.3', 'sensör')),
  );
  reads('a verified certificate without a name', withTls(0x07, 0, version), {
    ...from(peer, { cipher: 'TLSv1.3', hasVerifiedCertificate: true, commonName: undefined }),
  });
  reads(
    'a certificate that was found bad',
    withTls(0x07, 1, version, commonName),
    from(peer, tls('TLSv1.3')),
  );
  reads(
    'a name without a certificate',
    withTls(0x01, 0, version, commonName),
    from(peer, tls('TLSv1.3')),
  );
  reads('a certificate without TLS', withTls(0x06, 0, version, commonName), from(peer));

  const sealed = (fields: readonly Uint8Array[]) => {
    const bytes = binaryHeader({ fields: [...fields, proxyField(0x03, Buffer.alloc(4))] });
    bytes.writeUInt32BE(crc32c(bytes), bytes.length - 4);
    return bytes;
  };
  reads('a checksum', sealed([tlsField(0x01, 0)]), from(peer, tls('TLS')));

  const refuses = (name: string, bytes: Uint8Array, message: RegExp) =>
    it(`is refused: ${name}`, () => checkFault(2, bytes, message));
  const broken = sealed([]);
  broken[16] ^= 1;

  refuses('a wrong checksum', broken, /its checksum is wrong/);
  refuses(
    'half a checksum',
    binaryHeader({ fields: [proxyField(0x03, 'ab')] }),
    /checksum has not 4/,
  );
  refuses('version 3', binaryHeader({ command: '31' }), /0x31 are neither 0x20, LOCAL, nor/);
  refuses('command 2', binaryHeader({ command: '22' }), /0x22 are neither/);
  refuses('UDP', binaryHeader({ family: '12' }), /family 0x12 is none of 0x11/);
  refuses('PROXY of no family', binaryHeader({ family: '00' }), /family 0x00 is none of/);
  refuses('LOCAL of family 4', binaryHeader({ command: '20', family: '41' }), /family 0x41/);
  refuses('no addresses', binaryHeader({ addresses: '' }), /in the middle of its addresses/);
  refuses('IPv6 of 12 bytes', binaryHeader({ family: '21' }), /in the middle of its addresses/);
  refuses(
    'half a field',
    binaryHeader({ fields: [Buffer.of(0x04, 0)] }),
    /in the middle of a field/,
  );
  refuses(
    'a field beyond the end',
    binaryHeader({ fields: [Buffer.of(0xe0, 0, 2, 0)] }),
    /in the middle of a field/,
  );
  refuses('a field of TLS beyond its end', withTls(0x01, 0, Buffer.of(0x21, 0, 9)), /middle of a/);
  refuses('short TLS', binaryHeader({ fields: [proxyField(0x20, 'abcd')] }), /less than 5 bytes/);
  refuses(
    'TLS twice',
    binaryHeader({ fields: [tlsField(0x01, 0), tlsField(0x07, 0)] }),
    /field 0x20 comes twice/,
  );
  refuses('two names', withTls(0x07, 0, commonName, commonName), /field 0x22 comes twice/);
  refuses(
    'a name not UTF-8',
    withTls(0x07, 0, proxyField(0x22, Buffer.of(0xff))),
    /a text that is not UTF-8/,
  );
  refuses(
    'a name of two lines',
    withTls(0x07, 0, proxyField(0x22, 'a\nb')),
    /with control characters/,
  );
  refuses(
    'a broken signature',
    Buffer.from('\r\n\r\r'),
    /its first 12 bytes are not the signature/,
  );
  refuses('version 1', Buffer.from('P'), /it seems to be one of version 1: set enable_proxy_/);
  refuses('MQTT', mqtt, /it is missing, as if an MQTT client had come past/);
  refuses('TLS', Buffer.of(0x16, 3), /it is missing, as if a TLS client had come past/);
  refuses('anything else', Buffer.of(0), /it is missing, as if a client had come past/);
  refuses(
    'more than anybody sends',
    binaryHeader({ fields: [proxyField(0xe0, Buffer.alloc(4_096))] }).subarray(0, 16),
    /4127 bytes, at most 4096 are accepted/,
  );
});
