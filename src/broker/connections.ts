/** All network connections of the broker, whether a client has come through them or not. */

import type { ReasonCode } from '../packet/reason-codes.ts';
import type { ConnectedClient } from './ports.ts';

/** A connection, as far as somebody else may end it. */
export interface OpenConnection {
  /** Undefined until it has been let in; CONNACK may still wait for the store. */
  readonly client: ConnectedClient | undefined;
  readonly listenerName: string | undefined;
  /** The broker ends. */
  shutDown(): void;
  /** The client may not be here any more. */
  expel(reasonCode: ReasonCode, message: string): void;
}

/** Whether a client is meant that came through the listener of this name. */
export type ClientTest = (client: ConnectedClient, listenerName: string | undefined) => boolean;

export class Connections {
  readonly #all = new Set<OpenConnection>();

  get count(): number {
    return this.#all.size;
  }

  add(connection: OpenConnection): void {
    this.#all.add(connection);
  }

  remove(connection: OpenConnection): void {
    this.#all.delete(connection);
  }

  shutDown(): void {
    for (const connection of this.#all) connection.shutDown();
  }

  expel(isMeant: ClientTest, reasonCode: ReasonCode, message: string): void {
    for (const connection of [...this.#all]) {
      const { client, listenerName } = connection;
      if (client !== undefined && isMeant(client, listenerName)) {
        connection.expel(reasonCode, message);
      }
    }
  }
}
