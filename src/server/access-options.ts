/** The options of access, with Mosquitto 2.1's names and defaults. */

import type { ValueOption } from './option.ts';

/**
 * Who may come in, and do what: one value for the whole broker, or, after
 * `per_listener_settings true`, one for each listener.
 */
export const accessOptions = {
  acl_file: {
    type: 'path',
    default: undefined,
    lastCounts: true,
    since: '0.1.0',
    reload: true,
    help: 'A file that says who may read and write which topics.',
  },
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
    charactersMax: 50,
    lastCounts: true,
    deprecated: "Use 'listener_auto_id_prefix'.",
    since: '0.1.0',
    reload: true,
    help: 'What the client identifiers that the broker assigns begin with.',
  },
  password_file: {
    type: 'path',
    default: undefined,
    lastCounts: true,
    since: '0.1.0',
    reload: true,
    help: 'A file of user names and hashed passwords, as `pantala passwd` writes it.',
  },
  psk_file: {
    type: 'path',
    default: undefined,
    lastCounts: true,
    since: '0.1.0',
    reload: true,
    help: 'A file of identities and pre-shared keys, for listeners with `psk_hint`.',
  },
} as const satisfies Record<string, ValueOption>;
