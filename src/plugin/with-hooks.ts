/** Puts plugins before a gatekeeper: what a listener with hooks is given. */

import type { Gatekeeper } from '../broker/ports.ts';
import { Authorization } from './authorization.ts';
import { HookCalls, type HookCallsOptions } from './hook-calls.ts';
import { HookInterceptor } from './hook-interceptor.ts';
import { HookedGatekeeper } from './hooked-gatekeeper.ts';
import type { Plugin } from './hooks.ts';

export interface WithHooksOptions extends HookCallsOptions {
  /** Decides what all plugins leave open. */
  readonly gatekeeper: Gatekeeper;
}

/**
 * @param plugins are asked in this order
 * @returns the gatekeeper for the listeners of these plugins, with the interceptor that they need
 */
export function withHooks(
  plugins: readonly Plugin[],
  { gatekeeper: next, ...options }: WithHooksOptions,
): Gatekeeper {
  if (plugins.length === 0) return next;
  const calls = new HookCalls(options);
  const authorization = new Authorization(plugins, next, calls);
  const hooked = new HookInterceptor(plugins, { calls, authorization, next });
  const interceptor = hooked.isEmpty ? undefined : hooked;
  return new HookedGatekeeper(plugins, next, { calls, authorization, interceptor });
}
