/** What `--proxy` takes. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProxyUrl } from './proxy-url.ts';
import { UsageError } from './usage-error.ts';

describe('a URL of a proxy', () => {
  for (const { url, host = 'h', port = 1080, userName, password } of [
    { url: 'socks5h://h' },
    { url: 'socks5h://h:99', port: 99 },
    { url: 'socks5h://u@h', userName: 'u' },
    { url: 'socks5h://u:p@h:1', port: 1, userName: 'u', password: 'p' },
    { url: 'socks5h://%40%3a%25:%3A@h', userName: '@:%', password: ':' },
    { url: 'socks5h://[::1]', host: '::1' },
    { url: 'socks5h://u@[fe80::1]:9', host: 'fe80::1', port: 9, userName: 'u' },
  ]) {
    it(`${url} says it all`, () => {
      assert.deepEqual(parseProxyUrl(url), { host, port, userName, password });
    });
  }

  for (const { url, fault } of [
    { url: 'http://h', fault: 'Unsupported proxy protocol: http://h' },
    { url: 'socks5h://', fault: 'Invalid proxy.' },
    { url: 'socks5h://[]', fault: 'Invalid proxy.' },
    { url: 'socks5h://u:p:q@h', fault: "Username cannot contain ':'." },
    { url: 'socks5h://h:0', fault: 'Invalid proxy port 0' },
    { url: 'socks5h://h:99999', fault: 'Invalid proxy port 99999' },
    { url: 'socks5h://h:', fault: 'Invalid proxy port ' },
    { url: 'socks5h://u%20@h', fault: "Invalid proxy: '%20' is none of %25, %3A and %40." },
    { url: 'socks5h://u%@h', fault: "Invalid proxy: '%' is none of %25, %3A and %40." },
  ]) {
    it(`${url} is refused`, () => {
      assert.throws(() => parseProxyUrl(url), new UsageError(fault));
    });
  }
});
