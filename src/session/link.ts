/** A byte pipe to the other side, whatever carries it: TCP, TLS, WebSocket, memory. */

/** What a transport knows of the other side besides its address. */
export interface PeerCredentials {
  /** How the way to it is encrypted, as `TLSv1.3/TLS_AES_256_GCM_SHA384`; undefined: not at all. */
  readonly cipher: string | undefined;
  /**
   * Whom it has proved to be: the identity of its pre-shared key, or what the listener takes from
   * its certificate for a name; undefined: nobody.
   */
  readonly identity: string | undefined;
  /** The subject of its certificate, as `CN=sensor,O=Example`; undefined: it has shown none. */
  readonly subject: string | undefined;
}

/** The sending half of a network connection, as a transport offers it. */
export interface Link {
  /** The other end for people and logs: `127.0.0.1:51234`, or whatever names it. */
  readonly peer: string;

  /** Absent where the transport can know nothing of the other side. */
  readonly credentials?: PeerCredentials | undefined;

  /** Bytes that `write` was given and the network has not taken yet. */
  readonly pendingBytes: number;

  /**
   * Sends `bytes`, in order, always all of them.
   *
   * @returns true when they have left already and the caller may use the buffer again; false when
   *   the link keeps the buffer, in which case `LinkReceiver.drained` follows once it is empty.
   */
  write(bytes: Uint8Array): boolean;

  /** Stops reading from the network, so that the other side feels it; `resume` goes on. */
  pause(): void;
  resume(): void;

  /** Ends the connection after all that was written has been taken. */
  close(): void;

  /** Ends the connection now; what is pending is lost. */
  destroy(): void;
}

/** The receiving half, as the protocol offers it to a transport. */
export interface LinkReceiver {
  /**
   * Bytes in the order of the network. They are lent: when the receiver returns, their memory may
   * be used for other bytes, and what it needs later it has copied.
   */
  receive(bytes: Uint8Array): void;

  /** All pending bytes have been taken by the network. */
  drained(): void;

  /** The connection is over; nothing is called afterwards. */
  closed(error?: Error): void;
}

/** What a transport calls for each new connection. */
export type Accept = (link: Link) => LinkReceiver;
