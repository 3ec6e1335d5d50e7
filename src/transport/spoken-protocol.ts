/** What somebody speaks who speaks something else than the port does, by the first byte. */

export type SpokenProtocol = 'MQTT' | 'TLS' | 'HTTP';

const connectFirstByte = 0x10;
const tlsHandshake = 0x16;
/** Of the methods of HTTP: CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH and POST and PUT, TRACE. */
const httpFirstBytes = new Set(Buffer.from('CDGHOPT'));

/** @returns undefined for what is none of them */
export function spokenProtocol(firstByte: number | undefined): SpokenProtocol | undefined {
  if (firstByte === undefined) return undefined;
  if (firstByte === connectFirstByte) return 'MQTT';
  if (firstByte === tlsHandshake) return 'TLS';
  return httpFirstBytes.has(firstByte) ? 'HTTP' : undefined;
}
