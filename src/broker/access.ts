/** By what right a client takes part: who it is, or was when it left, and who decides about it. */

import { isMounted } from '../topic/mount-point.ts';
import type { ClientIdentity, Gatekeeper } from './ports.ts';

export interface Access {
  readonly client: ClientIdentity;
  readonly gatekeeper: Gatekeeper;
  /** Of the listener that it came in by; undefined where that has none. */
  readonly listenerName: string | undefined;
  /** See `ListenerRules`. */
  readonly mountPoint: string | undefined;
  /** False for a session that was stored without its client's user name: nobody can judge it. */
  readonly isKnown: boolean;
}

/** Nobody has to be asked: it gets whatever it has subscribed to. */
export function receivesAll(access: Access): boolean {
  return access.mountPoint === undefined && !isJudged(access);
}

export function mayReceive(access: Access, topic: string): boolean {
  const { client, gatekeeper, mountPoint } = access;
  if (mountPoint !== undefined && !isMounted(mountPoint, topic)) return false;
  return !isJudged(access) || gatekeeper.mayReceive!(client, topic);
}

/** Whether the same is decided for both, by all that a gatekeeper goes by but the address. */
export function decidesAlike(one: Access, other: Access): boolean {
  if (receivesAll(one) && receivesAll(other)) return true;
  return (
    one.mountPoint === other.mountPoint &&
    one.gatekeeper === other.gatekeeper &&
    one.isKnown === other.isKnown &&
    one.client.userName === other.client.userName &&
    (one.client.account === other.client.account || !one.gatekeeper.judgesByAccount) &&
    one.client.credentials?.identity === other.client.credentials?.identity &&
    one.client.credentials?.subject === other.client.credentials?.subject
  );
}

/**
 * Whether who has come may take up the session that the other has left. A plugin may have been
 * asked about its subscriptions and not about messages: what it granted is not for another user.
 */
export function maySucceed(left: Access, came: Access): boolean {
  if (came.gatekeeper.interceptor?.subscribe === undefined || !left.isKnown) return true;
  return left.client.userName === came.client.userName;
}

function isJudged({ gatekeeper, isKnown }: Access): boolean {
  return gatekeeper.mayReceive !== undefined && isKnown;
}
