/** Records of a store as JSON, one object each; docs/store.md describes them. */

import type { WillRecord } from '../broker/state/session-record.ts';
import type { MessageSource } from '../session/message.ts';
import type { DeliveryRecord, StoreRecord } from './store-record.ts';

type Json = Readonly<Record<string, unknown>>;

/** Makes objects of records in the order of their keys: a session comes before what is its own. */
export class RecordJson {
  readonly #clientIds = new Map<number, string>();

  of(record: StoreRecord): Json {
    switch (record.type) {
      case 'broker': {
        const { brokenOffAt } = record;
        return { ...record, brokenOffAt: brokenOffAt === 0 ? undefined : dateText(brokenOffAt) };
      }
      case 'holders':
        return { type: record.type, message: record.number, count: record.count };
      case 'session':
        return this.#session(record);
      case 'subscription': {
        const { type, session, number, record: subscription } = record;
        return { type, ...this.#client(session), number, ...subscription };
      }
      case 'received':
        return { type: record.type, ...this.#client(record.session), packetId: record.packetId };
      case 'delivery':
        return this.#delivery(record);
      case 'message':
      case 'retained': {
        const { type, number, message } = record;
        const { qos, retain } = message;
        return {
          type,
          number,
          qos,
          retain,
          ...expiryJson(message.expiresAt),
          publisher: message.source && sourceJson(message.source),
          ...contentJson(message),
        };
      }
      case 'unreadable': {
        const { type, keyBytes, message } = record;
        return { type, key: Buffer.from(keyBytes).toString('hex'), reason: message };
      }
      default:
        return record satisfies never;
    }
  }

  #session({ type, session, record }: Extract<StoreRecord, { type: 'session' }>): Json {
    const { clientId, isEnded, expirySeconds, leftAt, identity, will } = record;
    this.#clientIds.set(session, clientId);
    return {
      type,
      session,
      clientId,
      isEnded,
      // JSON knows no Infinity: null is never.
      sessionExpiryInterval: Number.isFinite(expirySeconds) ? expirySeconds : null,
      leftAt: leftAt === 0 ? undefined : dateText(leftAt),
      userName: identity?.userName,
      listener: identity?.listenerName,
      will: will && willJson(will),
    };
  }

  #delivery({ type, session, sequence, head, expiresAt, message }: DeliveryRecord): Json {
    const { qos, state, retain, packetId, subscriptionIdentifiers, share, messageNumber } = head;
    return {
      type,
      ...this.#client(session),
      sequence,
      state,
      qos,
      retain,
      packetId: packetId === 0 ? undefined : packetId,
      subscriptionIdentifiers,
      sharedSubscription: share,
      ...expiryJson(expiresAt),
      ...(message === undefined ? { message: messageNumber } : contentJson(message)),
    };
  }

  #client(session: number): { session: number; clientId: string | undefined } {
    return { session, clientId: this.#clientIds.get(session) };
  }
}

function willJson({ will, dueAt }: WillRecord): Json {
  const { qos, retain } = will;
  const date = dueAt === 0 ? undefined : dateText(dueAt);
  return { dueAt: date, qos, retain, ...contentJson(will) };
}

function sourceJson({ clientId, userName, listenerName }: MessageSource): Json {
  return { clientId, userName, listener: listenerName };
}

/** What a message is about. */
interface Content {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly properties?: object | undefined;
}

function contentJson({ topic, payload, properties }: Content): Json {
  return {
    topic,
    ...bytesJson('payload', payload),
    properties: properties && propertiesJson(properties),
  };
}

/** In the names that the specification gives them, in one word. */
function propertiesJson(properties: object): Json {
  const entries = Object.entries(properties).map(([name, value]) => {
    return value instanceof Uint8Array ? bytesJson(name, value) : { [name]: value };
  });
  return Object.assign({}, ...entries);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As a text where the bytes are one, in UTF-8; else in base64, under another name. */
function bytesJson(name: string, bytes: Uint8Array): Json {
  try {
    return { [name]: utf8.decode(bytes) };
  } catch {
    return { [`${name}Base64`]: Buffer.from(bytes).toString('base64') };
  }
}

function expiryJson(expiresAt: number): Json {
  return { expiresAt: Number.isFinite(expiresAt) ? dateText(expiresAt) : undefined };
}

function dateText(date: number): string {
  return new Date(date).toISOString();
}
