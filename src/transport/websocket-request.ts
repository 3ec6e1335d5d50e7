/** Which requests may become a WebSocket, and which may be for a file. */

import type { IncomingMessage } from 'node:http';
import type { HttpRefusal } from './http-refusal.ts';

/** Names of MQTT (MQTT 5.0 section 6) and of MQTT 3.1; the first is preferred. */
export const subprotocols: readonly string[] = ['mqtt', 'mqttv3.1'];

// What Mosquitto takes.
export const headerLinesMax = 100;

/** @returns why this layer answers no such request, whatever it is for */
export function refusalOfRequest(
  { method, headers, rawHeaders }: IncomingMessage,
  headersSize: number,
): HttpRefusal | undefined {
  if (rawHeaders.length > 2 * headerLinesMax) return headerTooLarge(headersSize);
  if (method !== 'GET' && method !== 'HEAD') return methodRefused;
  const length = Number(headers['content-length'] ?? 0);
  return length === 0 && headers['transfer-encoding'] === undefined ? undefined : bodyRefused;
}

/** @returns why such a request does not become a WebSocket */
export function refusalOfUpgrade(
  { method, headers }: IncomingMessage,
  origins: readonly string[],
): HttpRefusal | undefined {
  if (method !== 'GET') return methodRefused;
  if (headers['sec-websocket-version'] !== '13') return versionRefused;
  const { origin } = headers;
  if (origin !== undefined && origins.length > 0 && !origins.includes(origin)) {
    return originRefused(origin);
  }
  // [MQTT-6.0.0-3]
  const offered = headers['sec-websocket-protocol']?.split(',') ?? [];
  const isForMqtt = offered.some((name) => subprotocols.includes(name.trim()));
  return isForMqtt ? undefined : subprotocolRefused;
}

export function isForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

export function headerTooLarge(headersSize: number): HttpRefusal {
  const what = `more than ${headersSize} bytes or ${headerLinesMax} lines`;
  return {
    status: 431,
    told: `The header of the request has ${what}.`,
    reason:
      `the header of its request has ${what}: give the listener a larger ` +
      '"packet_buffer_size" if its clients need that',
  };
}

export const noRequest: HttpRefusal = { status: 400, told: 'This is no request of HTTP/1.1.' };

export const methodRefused: HttpRefusal = {
  status: 405,
  told: 'Only GET and HEAD are answered here.',
  headers: { Allow: 'GET, HEAD' },
};

const bodyRefused: HttpRefusal = { status: 400, told: 'No request here may have a body.' };

export const upgradeRequired: HttpRefusal = {
  status: 426,
  told: 'This port speaks MQTT over WebSocket, and has no pages: an MQTT client connects to it.',
  headers: { Upgrade: 'websocket', Connection: 'Upgrade, close' },
};

const versionRefused: HttpRefusal = {
  status: 426,
  told: 'This port speaks version 13 of WebSocket (header Sec-WebSocket-Version).',
  headers: { 'Sec-WebSocket-Version': '13', Upgrade: 'websocket', Connection: 'Upgrade, close' },
};

const subprotocolRefused: HttpRefusal = {
  status: 400,
  told: 'A client of MQTT asks for the subprotocol "mqtt" (header Sec-WebSocket-Protocol).',
};

export function notWebSocket({ message }: Error): HttpRefusal {
  return { status: 400, told: `This asks for no WebSocket: ${message}.` };
}

const quotedOriginMax = 200;

function originRefused(origin: string): HttpRefusal {
  const quoted = JSON.stringify(origin.slice(0, quotedOriginMax));
  return {
    status: 403,
    told: 'Pages of this origin may not connect here (header Origin).',
    reason:
      `bad http origin ${quoted}: give the listener that as another "websockets_origin" if pages ` +
      'from there may connect',
  };
}
