/** What a hook knows a client by, and how hooks see clients. */

import type { ClientIdentity } from '../broker/ports.ts';
import type { Client } from './hooks.ts';

/** The account of a client that a hook has let in. */
class HookAccount {
  readonly grant: unknown;

  constructor(grant: unknown) {
    this.grant = grant;
  }
}

export function accountWith(grant: unknown): object {
  return new HookAccount(grant);
}

/** Whether a hook has let the client in, so that no file knows its account. */
export function isLetInByHook({ account }: Pick<ClientIdentity, 'account'>): boolean {
  return account instanceof HookAccount;
}

// One for each identity, which the broker keeps as long as the client is there.
const views = new WeakMap<ClientIdentity, Client>();

/** The client without what another gatekeeper knows it by. */
export function viewOf<Identity extends ClientIdentity>(
  identity: Identity,
): Omit<Identity, 'account'> & Client {
  const known = views.get(identity);
  if (known !== undefined) return known as Omit<Identity, 'account'> & Client;
  const { account, ...client } = identity;
  const view = { ...client, grant: account instanceof HookAccount ? account.grant : undefined };
  views.set(identity, view);
  return view;
}
