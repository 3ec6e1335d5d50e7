/** Makes log lines in Mosquitto's words of what happens in the broker. */

import type { ConnectedClient, DisconnectCause, Observer } from '../broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { denialEvents } from './denial-lines.ts';
import type { Log } from './log.ts';
import { loggedAddress, loggedPeer } from './logged-peer.ts';
import { packetEvents } from './packet-lines.ts';
import { pluginEvents } from './plugin-lines.ts';

export interface LogObserverOptions {
  /** `connection_messages`: whether to tell of every client that comes and goes. */
  readonly connectionMessages: boolean;
}

/** An observer with the events that the log wants, and no others. */
export function logObserver(log: Log, { connectionMessages }: LogObserverOptions): Observer {
  const packets = log.isOn('debug') ? packetEvents(log) : undefined;
  return {
    ...(connectionMessages && log.isOn('notice') && connectionEvents(log)),
    ...(log.isOn('notice') && sessionEvents(log)),
    ...(log.isOn('error') && storeEvents(log)),
    ...(log.isOn('error') && pluginEvents(log)),
    ...(log.isOn('subscribe') && subscribeEvents(log)),
    ...(log.isOn('unsubscribe') && unsubscribeEvents(log)),
    ...packets,
    ...((packets !== undefined || log.isOn('notice')) && denialEvents(log, { packets })),
  };
}

function storeEvents(log: Log): Observer {
  return {
    storeFailed({ code, message }) {
      log.write('error', `Error: State cannot be stored (${code}: ${message}).`);
      log.write(
        'error',
        'Error: Publishers of QoS 1 and 2 are refused or wait until it can; it is tried every second.',
      );
    },
    storeRecovered() {
      log.write('notice', 'State can be stored again.');
    },
    messagesUnreadable(clientId, count) {
      log.write(
        'error',
        `Error: ${count} messages for client ${clientId} cannot be read any more.`,
      );
    },
  };
}

function connectionEvents(log: Log): Observer {
  return {
    connectionRefused({ peer, clientId, reasonCode, message }) {
      const id = clientId ?? loggedAddress(peer);
      const reason = because(reasonCode, message);
      log.write('notice', `Client ${id} [${loggedPeer(peer)}] disconnected: ${reason}.`);
    },
    connectionTurnedAway(peer) {
      const address = loggedAddress(peer);
      // Also for `global_max_connections`.
      log.write('notice', `Client connection from ${address} denied: max_connections exceeded.`);
    },
    clientConnected(client) {
      const from = loggedPeer(client.peer);
      log.write('notice', `New client connected from ${from} as ${described(client)}.`);
      const encryption = client.credentials?.cipher;
      if (encryption === undefined) return;
      const [version, cipher] = encryption.split('/');
      log.write('notice', `Client ${client.clientId} negotiated ${version} cipher ${cipher}`);
    },
    clientDisconnected({ client, cause, reasonCode, message }) {
      const reason = endedBy(cause, reasonCode, message);
      const from = loggedPeer(client.peer);
      log.write('notice', `Client ${client.clientId} [${from}] disconnected${reason}.`);
    },
  };
}

function described(client: ConnectedClient): string {
  const { clientId, version, cleanStart, keepAliveSeconds, userName } = client;
  const user = userName === undefined ? '' : `, u'${userName}'`;
  const parts = `p${version}, c${cleanStart ? 1 : 0}, k${keepAliveSeconds}`;
  return `${clientId} (${parts}${user})`;
}

function endedBy(cause: DisconnectCause, reasonCode: ReasonCode, message: string): string {
  switch (cause) {
    case 'disconnect':
      return '';
    case 'connection lost':
      return ': connection closed by client';
    case 'keep-alive timeout':
      return ': exceeded timeout';
    case 'session taken over':
    case 'server shutting down':
      return `: ${cause}`;
    case 'not authorized':
    case 'protocol error':
      return `: ${because(reasonCode, message)}`;
    default:
      return cause satisfies never;
  }
}

/** Mosquitto's words for a reason; any other is a protocol error to it. */
const reasonWords: Readonly<Partial<Record<ReasonCode, string>>> = {
  [reasonCodes.malformedPacket]: 'malformed packet',
  [reasonCodes.unsupportedProtocolVersion]: 'unsupported protocol version',
  [reasonCodes.clientIdentifierNotValid]: 'client identifier not valid',
  [reasonCodes.badUserNameOrPassword]: 'bad username or password',
  [reasonCodes.notAuthorized]: 'not authorised',
  [reasonCodes.serverUnavailable]: 'server unavailable',
  [reasonCodes.serverBusy]: 'server busy',
  [reasonCodes.banned]: 'client banned',
  [reasonCodes.badAuthenticationMethod]: 'bad authentication method',
  [reasonCodes.receiveMaximumExceeded]: 'receive maximum exceeded',
  [reasonCodes.topicAliasInvalid]: 'topic alias invalid',
  [reasonCodes.packetTooLarge]: 'oversize packet',
  [reasonCodes.quotaExceeded]: 'quota exceeded',
  [reasonCodes.administrativeAction]: 'administrative action',
  [reasonCodes.connectionRateExceeded]: 'connection rate exceeded',
};

// What the broker says of a connection that ended by itself before CONNECT.
const goneWords = 'the client closed its connection';

function because(reasonCode: ReasonCode, message: string): string {
  if (message === goneWords) return 'connection closed by client';
  const words = reasonWords[reasonCode] ?? 'protocol error';
  return message === '' || message === words ? words : `${words} (${message})`;
}

function sessionEvents(log: Log): Observer {
  // A client that loses messages loses many: one line until it connects again or is forgotten.
  const dropping = new Set<string>();
  return {
    sessionExpired(clientId) {
      dropping.delete(clientId);
      log.write('notice', `Expiring client ${clientId} due to timeout.`);
    },
    messageDropped(clientId, _topic, _qos, cause) {
      if (hasNoLimit.has(cause) || dropping.has(clientId)) return;
      if (dropping.size >= droppingMax) dropping.clear();
      dropping.add(clientId);
      log.write('notice', `Outgoing messages are being dropped for client ${clientId}.`);
    },
  };
}

const hasNoLimit: ReadonlySet<string> = new Set(['expired', 'offline', 'not allowed']);

// Then the lines may repeat; better than a set that grows with every client ever seen.
const droppingMax = 10_000;

function subscribeEvents(log: Log): Observer {
  return {
    subscribed(clientId, filter, qos) {
      log.write('subscribe', `${clientId} ${qos} ${filter}`);
    },
  };
}

function unsubscribeEvents(log: Log): Observer {
  return {
    unsubscribed(clientId, filter) {
      log.write('unsubscribe', `${clientId} ${filter}`);
    },
  };
}
