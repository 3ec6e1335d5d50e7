/** The options of Mosquitto 2.1 that Pantala knows and does not serve, or not yet. */

/** Options of one subject, with a sentence for each. */
export interface UnservedOptions {
  readonly title: string;
  /** Why, and what to do instead. */
  readonly remedy: string;
  /** The value that asks for nothing: with it a line is passed over. */
  readonly off?: string;
  readonly options: Readonly<Record<string, string>>;
}

export const unservedOptions: readonly UnservedOptions[] = [
  {
    title: 'OpenSSL engines',
    remedy: 'Write the private key to a PEM file and name that in keyfile.',
    options: {
      tls_engine: 'An OpenSSL engine.',
      tls_engine_kpass_sha1: 'The hash of the password of a key in an engine.',
    },
  },
  {
    title: 'Network',
    remedy: 'Remove the line.',
    off: 'false',
    options: {
      mptcp: 'Accepts Multipath TCP.',
    },
  },
  {
    title: 'Bridges',
    remedy: 'Bridges are not served yet. Remove the line, or bridge with a program of your own.',
    options: {
      address: 'The brokers that a bridge connects to.',
      addresses: 'The brokers that a bridge connects to.',
      bridge_alpn: 'The protocol named in the TLS handshake.',
      bridge_attempt_unsubscribe: 'Unsubscribes from topics that are not bridged any more.',
      bridge_bind_address: 'The local address to connect from.',
      bridge_cafile: 'A file of authorities whose servers are trusted.',
      bridge_capath: 'A directory of authorities whose servers are trusted.',
      bridge_certfile: 'The certificate that the bridge shows.',
      bridge_ciphers: 'The ciphers up to TLS 1.2.',
      'bridge_ciphers_tls1.3': 'The cipher suites of TLS 1.3.',
      bridge_identity: 'The identity for pre-shared keys.',
      bridge_insecure: 'Accepts certificates for another host.',
      bridge_keyfile: 'The private key of the bridge.',
      bridge_max_packet_size: 'The largest packet that the bridge accepts.',
      bridge_max_topic_alias: 'The topic aliases that the bridge accepts.',
      bridge_mptcp: 'Connects by Multipath TCP.',
      bridge_outgoing_retain: 'Keeps the retain flag on the way out.',
      bridge_protocol_version: 'The protocol version of the bridge.',
      bridge_psk: 'The pre-shared key.',
      bridge_receive_maximum: 'The unacknowledged messages that the bridge accepts.',
      bridge_reload_type: 'Whether a reload restarts the bridge at once.',
      bridge_require_ocsp: 'Requires the server to prove that it is not revoked.',
      bridge_session_expiry_interval: 'How long the remote session is kept.',
      bridge_tcp_keepalive: 'When TCP probes an idle connection.',
      bridge_tcp_user_timeout: 'How long TCP waits for an acknowledgement.',
      bridge_tls_use_os_certs: 'Trusts the authorities of the operating system.',
      bridge_tls_version: 'The lowest version of TLS.',
      cleansession: 'Starts with a clean remote session.',
      clientid: 'The client identifier of the bridge, under its old name.',
      connection: 'Begins a bridge and names it.',
      idle_timeout: 'The seconds after which a lazy bridge disconnects.',
      keepalive_interval: 'The keep-alive of the bridge.',
      local_cleansession: 'Starts with a clean local session.',
      local_clientid: 'The client identifier on the local side.',
      local_password: 'The password on the local side.',
      local_username: 'The user name on the local side.',
      notification_topic: 'The topic that tells the state of the bridge.',
      notifications: 'Publishes the state of the bridge.',
      notifications_local_only: 'Publishes the state on the local side alone.',
      password: 'The password of the bridge, under its old name.',
      remote_clientid: 'The client identifier on the remote side.',
      remote_password: 'The password on the remote side.',
      remote_username: 'The user name on the remote side.',
      restart_timeout: 'How long the bridge waits before it connects again.',
      round_robin: 'Takes the addresses in turns instead of preferring the first.',
      start_type: 'When the bridge connects.',
      threshold: 'The waiting messages that make a lazy bridge connect.',
      topic: 'A topic to bridge, its direction, QoS and prefixes.',
      try_private: 'Tells the other side that this is a bridge.',
      username: 'The user name of the bridge, under its old name.',
    },
  },
];
