/** Puts plugins before a gatekeeper: what a listener with hooks is given. */

import type { Gatekeeper, Interceptor } from '../broker/ports.ts';
import { Authorization } from './authorization.ts';
import { HookCalls, type HookCallsOptions } from './hook-calls.ts';
import { HookInterceptor } from './hook-interceptor.ts';
import { HookedGatekeeper } from './hooked-gatekeeper.ts';
import type { Plugin } from './hooks.ts';

export interface WithHooksOptions extends HookCallsOptions {
  /** Decides what all plugins leave open. */
  readonly gatekeeper: Gatekeeper;
}

/** Both go to the same listener. */
export interface HookedListener {
  readonly gatekeeper: Gatekeeper;
  readonly interceptor: Interceptor | undefined;
}

/** @param plugins are asked in this order */
export function withHooks(
  plugins: readonly Plugin[],
  { gatekeeper: next, ...options }: WithHooksOptions,
): HookedListener {
  if (plugins.length === 0) return { gatekeeper: next, interceptor: undefined };
  const calls = new HookCalls(options);
  const authorization = new Authorization(plugins, next, calls);
  const interceptor = new HookInterceptor(plugins, { calls, authorization, next });
  return {
    gatekeeper: new HookedGatekeeper(plugins, next, { calls, authorization }),
    interceptor: interceptor.isEmpty ? undefined : interceptor,
  };
}
