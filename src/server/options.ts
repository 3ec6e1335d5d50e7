/** Every option of mosquitto.conf, with Mosquitto 2.1's names and defaults. */

import type { Option, StructureOption, ValueOption } from './option.ts';
import { unservedOptions } from './unserved-options.ts';

/** One value for the whole broker. */
export const generalOptions = {
  allow_anonymous: {
    type: 'flag',
    default: undefined,
    since: '0.1.0',
    reload: true,
    help: 'Whether clients without a user name may connect; by default only in local only mode.',
  },
  allow_zero_length_clientid: {
    type: 'flag',
    default: true,
    since: '0.1.0',
    reload: true,
    help: 'Whether a client may leave its client identifier empty and be given one.',
  },
  auto_id_prefix: {
    type: 'text',
    default: 'auto-',
    since: '0.1.0',
    reload: true,
    help: 'What the client identifiers that the broker assigns begin with.',
  },
  autosave_interval: {
    type: 'integer',
    default: 1800,
    floor: 0,
    since: '0.1.0',
    reload: true,
    help: 'Accepted and without effect: every change is stored as it happens.',
  },
  autosave_on_changes: {
    type: 'flag',
    default: false,
    since: '0.1.0',
    reload: true,
    help: 'Accepted and without effect: every change is stored as it happens.',
  },
  connection_messages: {
    type: 'flag',
    default: true,
    since: '0.1.0',
    reload: true,
    help: 'Whether the log tells of every client that comes and goes.',
  },
  durability: {
    type: 'choice',
    default: 'sync',
    values: ['sync', 'os', 'none'],
    own: true,
    since: '0.1.0',
    reload: false,
    help:
      'What an acknowledgement waits for: the disk (`sync`), the operating system (`os`) or ' +
      'nothing (`none`).',
  },
  log_timestamp: {
    type: 'flag',
    default: true,
    since: '0.1.0',
    reload: true,
    help: 'Whether log lines begin with the time.',
  },
  log_timestamp_format: {
    type: 'text',
    default: undefined,
    since: '0.1.0',
    reload: true,
    help: 'How the time is written, in the codes of strftime; by default the seconds since 1970.',
  },
  max_inflight_bytes: {
    type: 'integer',
    default: 0,
    floor: 0,
    since: '0.1.0',
    reload: true,
    help: 'Bytes of QoS 1 and 2 messages on their way to one client; 0 for no limit.',
  },
  max_inflight_messages: {
    type: 'integer',
    default: 20,
    floor: 0,
    max: 65_535,
    refusal: "'max_inflight_messages' must be <= 65535.",
    since: '0.1.0',
    reload: true,
    help: 'QoS 1 and 2 messages on their way to one client; 0 for the limit of the client alone.',
  },
  max_keepalive: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 65_535,
    refusal: "Invalid 'max_keepalive' value (%d).",
    since: '0.1.0',
    reload: true,
    help: 'The longest keep-alive, in seconds, that a client may ask for; 0 for any.',
  },
  max_packet_size: {
    type: 'integer',
    default: 2_000_000,
    min: 20,
    refusal: "'max_packet_size' must be >= 20.",
    since: '0.1.0',
    reload: true,
    help: 'Bytes of the largest packet that a client may send.',
  },
  max_queued_bytes: {
    type: 'integer',
    default: 0,
    floor: 0,
    since: '0.1.0',
    reload: true,
    help: 'Bytes of QoS 1 and 2 messages that wait for one client; 0 for no limit.',
  },
  max_queued_messages: {
    type: 'integer',
    default: 1000,
    floor: 0,
    since: '0.1.0',
    reload: true,
    help: 'QoS 1 and 2 messages that wait for one client; 0 for no limit.',
  },
  per_listener_settings: {
    type: 'flag',
    default: false,
    only: false,
    since: '0.1.0',
    reload: true,
    help: 'Makes options of access belong to the listener above; only `false` is served yet.',
  },
  persistence: {
    type: 'flag',
    default: false,
    aliases: ['retained_persistence'],
    since: '0.1.0',
    reload: false,
    help: 'Keeps sessions and retained messages on disk.',
  },
  persistence_file: {
    type: 'text',
    default: 'pantala.mdb',
    isFile: true,
    since: '0.1.0',
    reload: false,
    help: 'The file that state is kept in; `mosquitto.db`, the default of Mosquitto, is not read.',
  },
  persistence_location: {
    type: 'text',
    default: undefined,
    since: '0.1.0',
    reload: false,
    help: 'The directory of that file; by default the one that the broker was started in.',
  },
  persistent_client_expiration: {
    type: 'duration',
    default: undefined,
    since: '0.1.0',
    reload: true,
    help: 'How long the session of an absent client is kept at most; for ever by default.',
  },
  pid_file: {
    type: 'text',
    default: undefined,
    since: '0.1.0',
    reload: false,
    help: 'A file that holds the process id while the broker runs.',
  },
  queue_qos0_messages: {
    type: 'flag',
    default: false,
    since: '0.1.0',
    reload: true,
    help: 'Whether QoS 0 messages, too, wait for an absent client.',
  },
  retain_available: {
    type: 'flag',
    default: true,
    since: '0.1.0',
    reload: true,
    help: 'Whether clients may publish retained messages.',
  },
  set_tcp_nodelay: {
    type: 'flag',
    default: false,
    since: '0.1.0',
    reload: true,
    help: 'Accepted and without effect: TCP_NODELAY is always on.',
  },
  sys_interval: {
    type: 'integer',
    default: 10,
    min: 0,
    max: 65_535,
    refusal: "Invalid 'sys_interval' value (%d).",
    since: '0.1.0',
    reload: true,
    help: 'Seconds between updates of the `$SYS` topics; 0 for no updates.',
  },
  upgrade_outgoing_qos: {
    type: 'flag',
    default: false,
    since: '0.1.0',
    reload: true,
    help: 'Delivers with the QoS of the subscription even what was published with less.',
  },
} as const satisfies Record<string, ValueOption>;

/** One value for each listener. They apply to the listener above them. */
export const listenerOptions = {
  listener_allow_anonymous: {
    type: 'flag',
    default: undefined,
    needsListener: true,
    since: '0.1.0',
    reload: false,
    help: 'What `allow_anonymous` says, for this listener alone.',
  },
  max_connections: {
    type: 'integer',
    default: -1,
    floor: -1,
    since: '0.1.0',
    reload: false,
    help: 'Connections that the listener accepts at a time; -1 for no limit.',
  },
  max_qos: {
    type: 'integer',
    default: 2,
    min: 0,
    max: 2,
    refusal: "'max_qos' must be between 0 and 2 inclusive.",
    aliases: ['maximum_qos'],
    since: '0.1.0',
    reload: false,
    help: 'The highest QoS that clients may publish with.',
  },
  max_topic_alias: {
    type: 'integer',
    default: 10,
    min: 0,
    max: 65_535,
    refusal: "Invalid 'max_topic_alias' value in configuration.",
    needsListener: true,
    since: '0.1.0',
    reload: false,
    help: 'Topic aliases that a client may use towards the broker; 0 for none.',
  },
  max_topic_alias_broker: {
    type: 'integer',
    default: 10,
    min: 0,
    max: 65_535,
    refusal: "Invalid 'max_topic_alias_broker' value in configuration.",
    needsListener: true,
    since: '0.1.0',
    reload: false,
    help: 'Topic aliases that the broker uses towards a client that allows them; 0 for none.',
  },
  protocol: {
    type: 'choice',
    default: 'mqtt',
    values: ['mqtt'],
    unserved: ['websockets', 'http_api'],
    since: '0.1.0',
    reload: false,
    help: 'What is spoken on the listener; only `mqtt` is served yet.',
  },
  socket_domain: {
    type: 'choice',
    default: undefined,
    values: ['ipv4', 'ipv6'],
    refusal: "Invalid 'socket_domain' value '%s' in configuration.",
    since: '0.1.0',
    reload: false,
    help: 'Restricts the listener to one version of IP.',
  },
} as const satisfies Record<string, ValueOption>;

/** Options with a syntax of their own. */
export const structureOptions = {
  bind_address: {
    type: 'structure',
    syntax: 'ADDRESS',
    default: undefined,
    since: '0.1.0',
    reload: false,
    help: 'The address of the default listener. Deprecated: use `listener`.',
  },
  include_dir: {
    type: 'structure',
    syntax: 'DIRECTORY',
    default: undefined,
    since: '0.1.0',
    reload: true,
    help: 'Reads the files of the directory that end in `.conf`, in alphabetical order.',
  },
  listener: {
    type: 'structure',
    syntax: 'PORT [ADDRESS]',
    default: undefined,
    since: '0.1.0',
    reload: false,
    help: 'Opens a port, on one address or on all.',
  },
  log_dest: {
    type: 'structure',
    syntax: 'stderr | stdout | topic | file PATH | none',
    default: 'stderr',
    since: '0.1.0',
    reload: true,
    help: 'Where log lines go; may be given several times. `topic`: to `$SYS/broker/log/…`.',
  },
  log_type: {
    type: 'structure',
    syntax: 'error | warning | notice | information | debug | subscribe | unsubscribe | all | none',
    default: 'error, warning, notice, information',
    since: '0.1.0',
    reload: true,
    help: 'Which lines are logged; may be given several times.',
  },
  port: {
    type: 'structure',
    syntax: 'PORT',
    default: '1883',
    since: '0.1.0',
    reload: false,
    help: 'The port of the default listener. Deprecated: use `listener`.',
  },
} as const satisfies Record<string, StructureOption>;

/** Options that Mosquitto has given up itself; they are passed over with a warning. */
const withdrawnOptions: ReadonlySet<string> = new Set(['retry_interval', 'store_clean_interval']);

export type GeneralOptionName = keyof typeof generalOptions;
export type ListenerOptionName = keyof typeof listenerOptions;
export type StructureOptionName = keyof typeof structureOptions;

/** Where a name in a configuration file leads. */
export type FoundOption =
  | { readonly scope: 'general'; readonly name: GeneralOptionName; readonly option: ValueOption }
  | { readonly scope: 'listener'; readonly name: ListenerOptionName; readonly option: ValueOption }
  | { readonly scope: 'structure'; readonly name: StructureOptionName }
  | { readonly scope: 'withdrawn' }
  | { readonly scope: 'unserved' };

/** Looks up a name as it stands in a configuration file; undefined when no such option exists. */
export function findOption(name: string): FoundOption | undefined {
  const found = served.get(name);
  if (found !== undefined) return found;
  if (withdrawnOptions.has(name)) return { scope: 'withdrawn' };
  if (unservedNames.has(name) || unservedPrefixes.some((prefix) => name.startsWith(prefix))) {
    return { scope: 'unserved' };
  }
  return undefined;
}

/** All names that may stand in a configuration file, served or not. */
export function optionNames(): string[] {
  return [...served.keys(), ...unservedNames];
}

const served = indexServed();
const unservedNames = new Set(unservedOptions.flatMap(({ options }) => Object.keys(options)));
const unservedPrefixes = [...unservedNames]
  .filter((name) => name.endsWith('*'))
  .map((name) => name.slice(0, -1));

function indexServed(): ReadonlyMap<string, FoundOption> {
  const index = new Map<string, FoundOption>();
  const add = (name: string, option: Option, found: FoundOption) => {
    for (const key of [name, ...(option.aliases ?? [])]) index.set(key, found);
  };
  for (const name of keysOf(generalOptions)) {
    const option = generalOptions[name];
    add(name, option, { scope: 'general', name, option });
  }
  for (const name of keysOf(listenerOptions)) {
    const option = listenerOptions[name];
    add(name, option, { scope: 'listener', name, option });
  }
  for (const name of keysOf(structureOptions)) {
    const option = structureOptions[name];
    add(name, option, { scope: 'structure', name });
  }
  return index;
}

function keysOf<Table extends object>(table: Table): (keyof Table & string)[] {
  return Object.keys(table) as (keyof Table & string)[];
}
