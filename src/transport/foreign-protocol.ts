/** What to tell an operator whose client speaks something else than the port it has come to. */

/** What a port speaks, as the option `protocol` names it. */
export type PortProtocol = 'mqtt' | 'websockets';

type Spoken = 'MQTT' | 'TLS' | 'HTTP';

const connectFirstByte = 0x10;
const tlsHandshake = 0x16;
// CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE
const httpFirstBytes = new Set(Buffer.from('CDGHOPT'));

/**
 * Looks at the first byte of a connection.
 *
 * @returns why it cannot go well, and what would help; undefined where neither is plain
 */
export function foreignProtocol(port: PortProtocol, firstByte: number): string | undefined {
  const spoken = spokenBy(firstByte);
  return spoken && advice[port][spoken];
}

function spokenBy(firstByte: number): Spoken | undefined {
  if (firstByte === connectFirstByte) return 'MQTT';
  if (firstByte === tlsHandshake) return 'TLS';
  return httpFirstBytes.has(firstByte) ? 'HTTP' : undefined;
}

const tls =
  'it speaks TLS, and this port does not: have the client connect without TLS, or give the ' +
  'listener a "certfile" and a "keyfile"';

const advice: Readonly<Record<PortProtocol, Partial<Record<Spoken, string>>>> = {
  mqtt: {
    TLS: tls,
    HTTP:
      'it speaks HTTP, as browsers and WebSocket clients do, and this port speaks MQTT: have it ' +
      'use the port of a listener with "protocol websockets"',
  },
  websockets: {
    TLS: tls,
    MQTT:
      'it speaks MQTT without WebSocket, and this port speaks MQTT over WebSocket: have the ' +
      'client use WebSocket, or the port of a listener without "protocol websockets"',
  },
};
