/** Why something that was asked of a client did not happen. */

import type { ReasonCode } from '../packet/reason-codes.ts';
import { hexOf } from '../packet/text.ts';

export type Failure =
  /** The server said no: in CONNACK, SUBACK, UNSUBACK, PUBACK or PUBREC. */
  | 'refused'
  /** The server sent DISCONNECT. */
  | 'disconnected by server'
  /** The network connection ended without one. */
  | 'connection lost'
  /** The server did not answer for longer than the keep-alive allows. */
  | 'keep-alive timeout'
  /** The server did not answer CONNECT in time. */
  | 'connect timeout'
  /** The server sent what MQTT does not allow. */
  | 'protocol error'
  /** The server could not show, in an enhanced authentication, that it is the right one. */
  | 'not authentic'
  /** This side disconnected before it was done. */
  | 'disconnected'
  /** There is no connection that it could use. */
  | 'not connected'
  /** The server has forgotten the session: whether the message arrived is not known. */
  | 'session lost'
  /** Nobody has answered a request in time. */
  | 'no response'
  /** The server has said that it does not offer this. */
  | 'not supported'
  /** The message was not sent: it expired, was too large, or found the queue full. */
  | 'dropped'
  /** The outbox has records that this version cannot read. */
  | 'unreadable outbox';

/** What a client's promises reject with, but for arguments that no server could make sense of. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly failure: Failure;
  /** The code that the server gave, or that MQTT has for it. */
  readonly reasonCode: ReasonCode | undefined;
  /** Where the server wants its client to go, in MQTT 5.0: see section 4.13. */
  readonly serverReference: string | undefined;

  constructor(
    failure: Failure,
    message: string,
    {
      reasonCode,
      serverReference,
      cause,
    }: {
      reasonCode?: ReasonCode | undefined;
      serverReference?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
    this.reasonCode = reasonCode;
    this.serverReference = serverReference;
  }
}

/** `0x87`, and the server's own words where it gave some. */
export function reasonText(reasonCode: ReasonCode, reasonString?: string | undefined): string {
  const code = `reason code ${hexOf(reasonCode)}`;
  return reasonString === undefined ? code : `${code}: ${reasonString}`;
}

/** This side has ended the connection. */
export function disconnected(): ClientError {
  return new ClientError('disconnected', 'the client disconnected');
}
