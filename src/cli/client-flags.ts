/** The flags that `pantala pub`, `sub` and `rr` share. */

import type { ProtocolVersion, QoS } from '../packet/version.ts';
import {
  type GivenProperties,
  noProperties,
  propertyCommands,
  readProperty,
} from './client-properties.ts';
import { type ConnectionDraft, connectionDraft, connectionFlags } from './connection-flags.ts';
import { type Flag, type UnservedFlag, wholeNumber } from './flags.ts';
import { UsageError } from './usage-error.ts';

/** What the flags have said so far. */
export interface ClientDraft extends ConnectionDraft {
  help: boolean;
  showsVersion: boolean;
  /** Read in the place of the usual one; there is one at most. */
  readonly optionFiles: string[];
  /** Packets are told as they come and go. */
  debug: boolean;
  /** Nothing is told that goes wrong while it runs. */
  quiet: boolean;
  clientId: string | undefined;
  clientIdPrefix: string | undefined;
  cleanSession: boolean;
  sessionExpiryInterval: number | undefined;
  keepAliveSeconds: number;
  version: ProtocolVersion;
  qos: QoS;
  inflightMessagesMax: number;
  willTopic: string | undefined;
  willPayload: string | undefined;
  willQos: QoS;
  willRetain: boolean;
  readonly properties: GivenProperties;
}

/** Mosquitto's defaults. */
export function clientDraft(): ClientDraft {
  return {
    ...connectionDraft(),
    help: false,
    showsVersion: false,
    optionFiles: [],
    debug: false,
    quiet: false,
    clientId: undefined,
    clientIdPrefix: undefined,
    cleanSession: true,
    sessionExpiryInterval: undefined,
    keepAliveSeconds: 60,
    version: 4,
    qos: 0,
    inflightMessagesMax: 20,
    willTopic: undefined,
    willPayload: undefined,
    willQos: 0,
    willRetain: false,
    properties: noProperties(),
  };
}

export const neverExpires = 0xffff_ffff;

const versions: ReadonlyMap<string, ProtocolVersion> = new Map([
  ['mqttv31', 3],
  ['31', 3],
  ['mqttv311', 4],
  ['311', 4],
  ['mqttv5', 5],
  ['5', 5],
]);

const ownFlags: readonly Flag<ClientDraft>[] = [
  {
    names: ['-c', '--disable-clean-session'],
    help: 'go on with the session that the broker keeps for the id, and have it kept',
    read: (draft) => {
      draft.cleanSession = false;
    },
  },
  {
    names: ['-d', '--debug'],
    help: 'tell of every packet',
    read: (draft) => {
      draft.debug = true;
    },
  },
  {
    names: ['-D', '--property'],
    argument: 'COMMAND IDENTIFIER VALUE',
    missing: '--property argument given but not enough arguments specified.',
    values: propertyCommands,
    help: 'a property of MQTT 5.0: -D publish content-type text/plain',
    read: (draft, next) => {
      readProperty(draft.properties, next);
      draft.version = 5;
    },
  },
  {
    names: ['--help'],
    help: 'print this help',
    read: (draft) => {
      draft.help = true;
    },
  },
  {
    names: ['--version'],
    help: 'print which version this is',
    read: (draft) => {
      draft.showsVersion = true;
    },
  },
  {
    names: ['-i', '--id'],
    argument: 'ID',
    wants: 'id',
    help: "the client identifier; the broker's choice by default",
    read: (draft, next) => {
      draft.clientId = next();
    },
  },
  {
    names: ['-I', '--id-prefix'],
    argument: 'PREFIX',
    wants: 'id prefix',
    help: 'a client identifier of this prefix and the process id',
    read: (draft, next) => {
      draft.clientIdPrefix = next();
    },
  },
  {
    names: ['-k', '--keepalive'],
    argument: 'SECONDS',
    wants: 'keepalive',
    help: 'how long the broker hears nothing at most; 60 by default',
    read: (draft, next) => {
      const fault = 'Invalid keepalive given, it must be between 5 and 65535 inclusive.';
      draft.keepAliveSeconds = wholeNumber(next(), 5, 65_535, fault);
    },
  },
  {
    names: ['-M'],
    argument: 'COUNT',
    missing: '-M argument given but max_inflight not specified.',
    help: 'messages of QoS 1 and 2 on their way at a time; 20 by default',
    read: (draft, next) => {
      const fault = 'Maximum inflight messages must be greater than 0.';
      draft.inflightMessagesMax = wholeNumber(next(), 1, 65_535, fault);
    },
  },
  {
    names: ['--nodelay'],
    help: 'send small packets at once, which is done in any case',
    read: () => {},
  },
  {
    names: ['-o'],
    argument: 'FILE',
    wants: 'options file',
    help: 'read default flags from this file, one to a line, not from the usual one',
    read: (draft, next) => draft.optionFiles.push(next()),
  },
  {
    names: ['-P', '--pw'],
    argument: 'PASSWORD',
    wants: 'password',
    help: 'the password, with -u',
    read: (draft, next) => {
      draft.password = next();
    },
  },
  {
    names: ['-q', '--qos'],
    argument: 'QOS',
    wants: 'QoS',
    values: ['0', '1', '2'],
    help: '0, 1 or 2; 0 by default',
    read: (draft, next) => {
      const text = next();
      draft.qos = wholeNumber(text, 0, 2, `Invalid QoS given: ${text}`) as QoS;
    },
  },
  {
    names: ['--quiet'],
    help: 'do not print what goes wrong',
    read: (draft) => {
      draft.quiet = true;
    },
  },
  {
    names: ['-u', '--username'],
    argument: 'USERNAME',
    wants: 'username',
    help: 'who the broker is to let in',
    read: (draft, next) => {
      draft.userName = next();
    },
  },
  {
    names: ['-V', '--protocol-version'],
    argument: 'VERSION',
    missing: '--protocol-version argument given but no version specified.',
    values: [...versions.keys()],
    help: 'mqttv31, mqttv311 (the default, but of rr) or mqttv5, or 31, 311 or 5',
    read: (draft, next) => {
      const version = versions.get(next());
      if (version === undefined) {
        throw new UsageError('Invalid protocol version argument given.');
      }
      draft.version = version;
    },
  },
  {
    names: ['--will-topic'],
    argument: 'TOPIC',
    wants: 'will topic',
    help: 'have the broker publish a message here when the client is lost',
    read: (draft, next) => {
      draft.willTopic = next();
    },
  },
  {
    names: ['--will-payload'],
    argument: 'PAYLOAD',
    wants: 'will payload',
    help: 'what it then publishes; nothing by default',
    read: (draft, next) => {
      draft.willPayload = next();
    },
  },
  {
    names: ['--will-qos'],
    argument: 'QOS',
    wants: 'will QoS',
    values: ['0', '1', '2'],
    help: 'its QoS; 0 by default',
    read: (draft, next) => {
      const text = next();
      draft.willQos = wholeNumber(text, 0, 2, `Invalid will QoS ${text}.`) as QoS;
    },
  },
  {
    names: ['--will-retain'],
    help: 'have it retained',
    read: (draft) => {
      draft.willRetain = true;
    },
  },
  {
    names: ['-x'],
    argument: 'SECONDS',
    wants: 'session expiry interval',
    help: 'speak MQTT 5.0, and have the broker keep the session so long; -1: for ever',
    read: (draft, next) => {
      draft.sessionExpiryInterval = expiryInterval(next());
      draft.version = 5;
    },
  },
];

export const clientFlags: readonly Flag<ClientDraft>[] = [...ownFlags, ...connectionFlags];

export const unservedClientFlags: readonly UnservedFlag[] = [
  {
    names: ['--tls-engine', '--tls-engine-kpass-sha1'],
    remedy: 'give the key as a file in PEM with --key',
  },
  // Node opens no such sockets.
  { names: ['--mptcp'], remedy: 'leave it out, and it is plain TCP' },
];

function expiryInterval(text: string): number {
  if (text === '-1' || text === '∞') return neverExpires;
  if (!/^-?\d+$/.test(text)) throw new UsageError('session-expiry-interval not a number.');
  return wholeNumber(text, 0, neverExpires, 'session-expiry-interval out of range.');
}
