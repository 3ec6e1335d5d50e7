/** Which requests may become a WebSocket, and which may be for a file. */

import { hash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HttpRefusal } from './http-refusal.ts';

/** Names of MQTT (MQTT 5.0 section 6) and of MQTT 3.1; the first is preferred. */
const subprotocols: readonly string[] = ['mqtt', 'mqttv3.1'];

// Sixteen bytes in Base64 (RFC 6455 section 4.1), and a token (RFC 9110 section 5.6.2).
const keyForm = /^[+/0-9A-Za-z]{22}==$/;
const tokenForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

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
  const offered = offeredSubprotocols(headers);
  // [MQTT-6.0.0-3]
  if (!offered.some((name) => subprotocols.includes(name))) return subprotocolRefused;
  const key = headers['sec-websocket-key'];
  if (key === undefined || !keyForm.test(key)) return notWebSocket('Sec-WebSocket-Key');
  const isList = offered.every((name) => tokenForm.test(name));
  if (!isList || new Set(offered).size < offered.length) {
    return notWebSocket('Sec-WebSocket-Protocol');
  }
  return undefined;
}

/** The answer to a request that may become a WebSocket. */
export function switching({ headers }: IncomingMessage): string {
  const offered = offeredSubprotocols(headers);
  const chosen = subprotocols.find((name) => offered.includes(name)); // [MQTT-6.0.0-4]
  const accepted = acceptOf(headers['sec-websocket-key']!);
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accepted}\r\nSec-WebSocket-Protocol: ${chosen}\r\n\r\n`
  );
}

/** What proves that a server has understood the key. (RFC 6455 section 4.2.2) */
export function acceptOf(key: string): string {
  return hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
}

function offeredSubprotocols(headers: IncomingHttpHeaders): readonly string[] {
  const names = headers['sec-websocket-protocol']?.split(',') ?? [];
  return names.map((name) => name.replace(/^[ \t]+|[ \t]+$/g, ''));
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

function notWebSocket(field: string): HttpRefusal {
  return {
    status: 400,
    told: `This asks for no WebSocket: Missing or invalid ${field} header.`,
  };
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
