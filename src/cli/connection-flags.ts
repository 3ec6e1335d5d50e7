/** The flags of `pantala pub`, `sub` and `rr` that say where the broker is, and the way there. */

import type { SocksProxy } from '../transport/socks5.ts';
import { parseClientUrl } from './client-url.ts';
import { type Flag, wholeNumber } from './flags.ts';
import { parseProxyUrl } from './proxy-url.ts';
import { UsageError } from './usage-error.ts';

/** What these flags have said so far. */
export interface ConnectionDraft {
  /** The path of a Unix socket, where the port is 0. */
  host: string;
  /** Undefined: the one of the protocol. */
  port: number | undefined;
  webSocket: boolean;
  /** `host` is a domain, whose SRV records name the brokers. */
  usesSrv: boolean;
  /** Undefined: the way is direct. */
  proxy: SocksProxy | undefined;
  /** An address or a name of this machine to connect from. */
  bindAddress: string | undefined;
  userName: string | undefined;
  password: string | undefined;
  readonly topics: string[];
  readonly tls: TlsDraft;
}

export interface TlsDraft {
  caFile: string | undefined;
  caPath: string | undefined;
  /** The certificates that the system trusts are trusted. */
  usesSystem: boolean;
  certFile: string | undefined;
  keyFile: string | undefined;
  keyForm: string | undefined;
  insecure: boolean;
  version: string | undefined;
  ciphers: string | undefined;
  alpn: string | undefined;
  psk: string | undefined;
  pskIdentity: string | undefined;
  keylogFile: string | undefined;
  /** All of the above is to be forgotten. */
  isOff: boolean;
}

/** Mosquitto's defaults. */
export function connectionDraft(): ConnectionDraft {
  return {
    host: 'localhost',
    port: undefined,
    webSocket: false,
    usesSrv: false,
    proxy: undefined,
    bindAddress: undefined,
    userName: undefined,
    password: undefined,
    topics: [],
    tls: {
      caFile: undefined,
      caPath: undefined,
      usesSystem: false,
      certFile: undefined,
      keyFile: undefined,
      keyForm: undefined,
      insecure: false,
      version: undefined,
      ciphers: undefined,
      alpn: undefined,
      psk: undefined,
      pskIdentity: undefined,
      keylogFile: undefined,
      isOff: false,
    },
  };
}

const wayFlags: readonly Flag<ConnectionDraft>[] = [
  {
    names: ['-h', '--host'],
    argument: 'HOST',
    wants: 'host',
    help: 'where the broker is; localhost by default',
    read: (draft, next) => {
      draft.host = next();
    },
  },
  {
    names: ['-p', '--port'],
    argument: 'PORT',
    wants: 'port',
    help: "the broker's port; 1883 by default, 8883 with TLS, and 8883 means TLS",
    read: (draft, next) => {
      draft.port = portNumber(next(), 0);
    },
  },
  {
    names: ['-L', '--url'],
    argument: 'URL',
    wants: 'URL',
    help:
      'mqtt://[USERNAME[:PASSWORD]@]HOST[:PORT]/TOPIC: user, broker and topic at once; ' +
      'also mqtts, ws and wss',
    read: (draft, next) => {
      const { scheme, userName, password, host, port, topic } = parseClientUrl(next());
      const isSecure = scheme === 'mqtts' || scheme === 'wss';
      draft.userName = userName ?? draft.userName;
      draft.password = password ?? draft.password;
      draft.host = host;
      draft.port = port === undefined ? defaultPort(isSecure) : portNumber(port, 1);
      if (isSecure) draft.tls.usesSystem = true;
      if (scheme === 'ws' || scheme === 'wss') draft.webSocket = true;
      draft.topics.push(topic);
    },
  },
  {
    names: ['--unix'],
    argument: 'PATH',
    wants: 'socket path',
    help: 'connect to a Unix socket in the place of a host and port',
    read: (draft, next) => {
      draft.host = next();
      draft.port = 0;
    },
  },
  {
    names: ['-S'],
    help: 'ask DNS for the brokers of the domain that -h names, by the records of _mqtt._tcp.HOST',
    read: (draft) => {
      draft.usesSrv = true;
    },
  },
  {
    names: ['-A'],
    argument: 'ADDRESS',
    wants: 'address',
    help: 'connect from this address of this machine',
    read: (draft, next) => {
      draft.bindAddress = next();
    },
  },
  {
    names: ['--proxy'],
    argument: 'URL',
    wants: 'proxy url',
    help: 'connect through a SOCKS5 proxy: socks5h://[USERNAME[:PASSWORD]@]HOST[:PORT]',
    read: (draft, next) => {
      draft.proxy = parseProxyUrl(next());
    },
  },
  {
    names: ['--ws'],
    help: 'connect over WebSocket, with or without TLS',
    read: (draft) => {
      draft.webSocket = true;
    },
  },
];

/** A flag whose argument is kept as it is. */
function kept(
  name: string,
  field: { [Key in keyof TlsDraft]: TlsDraft[Key] extends boolean ? never : Key }[keyof TlsDraft],
  texts: Pick<Flag<ConnectionDraft>, 'argument' | 'wants' | 'values' | 'help'>,
): Flag<ConnectionDraft> {
  return {
    names: [name],
    ...texts,
    read: ({ tls }, next) => {
      tls[field] = next();
    },
  };
}

const tlsFlags: readonly Flag<ConnectionDraft>[] = [
  kept('--cafile', 'caFile', {
    argument: 'FILE',
    wants: 'file',
    help: 'speak TLS, and trust the CA certificates in this file',
  }),
  kept('--capath', 'caPath', {
    argument: 'FOLDER',
    wants: 'directory',
    help: 'speak TLS, and trust the CA certificates in this folder, prepared by openssl rehash',
  }),
  {
    names: ['--tls-use-os-certs'],
    help: 'speak TLS, and trust the CA certificates that this system trusts',
    read: ({ tls }) => {
      tls.usesSystem = true;
    },
  },
  {
    names: ['--no-tls'],
    help: 'speak no TLS, whatever other flags and the port say',
    read: ({ tls }) => {
      tls.isOff = true;
    },
  },
  kept('--cert', 'certFile', {
    argument: 'FILE',
    wants: 'file',
    help: "the client's own certificate, for a broker that wants one",
  }),
  kept('--key', 'keyFile', { argument: 'FILE', wants: 'file', help: 'the private key to --cert' }),
  {
    names: ['--keyform'],
    argument: 'FORM',
    wants: 'keyform',
    values: ['pem'],
    help: 'the form of --key: pem, which it is by default; others are not served',
    read: ({ tls }, next) => {
      const form = next();
      if (/^(?:engine|uri)$/i.test(form)) {
        throw new UsageError(
          `Keyform '${form}' is not served: give the key as a file in PEM with --key.`,
        );
      }
      tls.keyForm = form;
    },
  },
  {
    names: ['--insecure'],
    help: "take any certificate of the broker's, whoever it may be; for testing only",
    read: ({ tls }) => {
      tls.insecure = true;
    },
  },
  kept('--tls-version', 'version', {
    argument: 'VERSION',
    wants: 'version',
    values: ['tlsv1.2', 'tlsv1.3'],
    help: 'speak nothing older than tlsv1.2 (the default) or tlsv1.3',
  }),
  kept('--ciphers', 'ciphers', {
    argument: 'CIPHERS',
    wants: 'ciphers',
    help: 'the ciphers to offer, as openssl-ciphers(1) names them',
  }),
  kept('--tls-alpn', 'alpn', {
    argument: 'PROTOCOL',
    wants: 'protocol',
    help: 'the protocol to ask for by ALPN, such as mqtt',
  }),
  kept('--psk', 'psk', {
    argument: 'KEY',
    wants: 'key',
    help: 'speak TLS with a pre-shared key, in hexadecimal digits, and no certificates',
  }),
  kept('--psk-identity', 'pskIdentity', {
    argument: 'NAME',
    wants: 'identity',
    help: 'whose key --psk is',
  }),
  kept('--tls-keylog', 'keylogFile', {
    argument: 'FILE',
    wants: 'file',
    help: 'append the keys of the connection, so that Wireshark can read it; for debugging only',
  }),
];

export const connectionFlags: readonly Flag<ConnectionDraft>[] = [...wayFlags, ...tlsFlags];

export function defaultPort(isSecure: boolean): number {
  return isSecure ? 8883 : 1883;
}

function portNumber(text: string, min: number): number {
  return wholeNumber(text, min, 65_535, `Invalid port given: ${text}`);
}
