/** What a client speaks that has come to the wrong port, and what to tell its operator. */

/** What speaks, as far as the first bytes of a connection tell. */
export type Spoken = 'MQTT' | 'TLS' | 'HTTP' | 'PROXY';

const methods = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|PATCH|TRACE|PRI) /;

const signs: readonly { readonly spoken: Spoken; isSeenIn(first: Uint8Array): boolean }[] = [
  // A handshake record; or the hello of SSL 2, which older clients begin with to ask whether there
  // is something newer.
  { spoken: 'TLS', isSeenIn: ([byte]) => byte === 0x16 || byte === 0x80 },
  { spoken: 'MQTT', isSeenIn: ([byte]) => byte === 0x10 },
  { spoken: 'PROXY', isSeenIn: beginsWith(/^PROXY |^\r\n\r\n\0\r\nQUIT\n/) },
  { spoken: 'HTTP', isSeenIn: beginsWith(methods) },
];

/** @returns undefined where it is none of these */
export function spokenIn(first: Uint8Array): Spoken | undefined {
  return signs.find(({ isSeenIn }) => isSeenIn(first))?.spoken;
}

/** What a port without TLS speaks, as the option `protocol` names it. */
export type PortProtocol = 'mqtt' | 'websockets';

/**
 * Looks at the first bytes of a connection to a port that does not speak TLS.
 *
 * @returns why it cannot go well, and what would help; undefined where neither is plain
 */
export function foreignProtocol(port: PortProtocol, first: Uint8Array): string | undefined {
  const spoken = spokenIn(first);
  return spoken && advice[port][spoken];
}

function beginsWith(pattern: RegExp): (first: Uint8Array) => boolean {
  return (first) => pattern.test(Buffer.from(first.subarray(0, 16)).toString('latin1'));
}

const onBoth = {
  TLS:
    'it speaks TLS, and this port does not: have the client connect without TLS (no --cafile), or ' +
    'give the listener a "certfile" and a "keyfile"',
  PROXY:
    'it is a proxy that sends the PROXY protocol, which this listener does not expect: set ' +
    '"enable_proxy_protocol", or switch it off in the proxy',
} as const;

const advice: Readonly<Record<PortProtocol, Partial<Record<Spoken, string>>>> = {
  mqtt: {
    ...onBoth,
    HTTP:
      'it speaks HTTP, as browsers and WebSocket clients do, and this port speaks MQTT: have it ' +
      'use the port of a listener with "protocol websockets"',
  },
  websockets: {
    ...onBoth,
    MQTT:
      'it speaks MQTT without WebSocket, and this port speaks MQTT over WebSocket: have the ' +
      'client use WebSocket, or the port of a listener without "protocol websockets"',
  },
};
