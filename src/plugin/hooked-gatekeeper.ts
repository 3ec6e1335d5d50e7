/** A gatekeeper that asks plugins first, and another gatekeeper where they leave it open. */

import type {
  Access,
  Admission,
  Answer,
  ClientIdentity,
  Gatekeeper,
  Interceptor,
  Verdict,
} from '../broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Authorization } from './authorization.ts';
import { isDenial, type Refusal, refusalOf } from './denial.ts';
import { accountWith } from './hook-account.ts';
import { type HookCalls, type Inquiry, isPromise, senseless } from './hook-calls.ts';
import type {
  Allowance,
  Client,
  Decision,
  EnhancedAllowance,
  EnhancedAnswer,
  EnhancedRequest,
  Plugin,
  Soon,
} from './hooks.ts';

const failed: Verdict = {
  type: 'refuse',
  reasonCode: reasonCodes.unspecifiedError,
  reason: 'a plugin has failed',
};

const late: Verdict = {
  type: 'refuse',
  reasonCode: reasonCodes.serverUnavailable,
  reason: 'a plugin has not answered in time',
};

/** Nobody knew the method. */
function unknownMethod(method: string): Verdict {
  const reason = `authentication method '${method}' is not known here`;
  return { type: 'refuse', reasonCode: reasonCodes.badAuthenticationMethod, reason };
}

type Proceed = Extract<Verdict, { type: 'challenge' }>['proceed'];

export interface HookedGatekeeperParts {
  readonly calls: HookCalls;
  readonly authorization: Authorization;
  readonly interceptor: Interceptor | undefined;
}

export class HookedGatekeeper implements Gatekeeper {
  readonly mayReceive: Gatekeeper['mayReceive'];
  readonly judgesByAccount: boolean;
  readonly interceptor: Interceptor | undefined;
  readonly #plugins: readonly Plugin[];
  readonly #next: Gatekeeper;
  readonly #calls: HookCalls;
  readonly #authorization: Authorization;

  constructor(
    plugins: readonly Plugin[],
    next: Gatekeeper,
    { calls, authorization, interceptor }: HookedGatekeeperParts,
  ) {
    this.#plugins = plugins;
    this.#next = next;
    this.#calls = calls;
    this.#authorization = authorization;
    this.interceptor = interceptor;
    this.judgesByAccount = !authorization.isEmpty;
    // Absent, it costs the broker nothing.
    this.mayReceive = authorization.isEmpty
      ? next.mayReceive?.bind(next)
      : (client, topic) => authorization.mayReceive(client, topic);
  }

  admit(request: Admission, answer: Answer): void {
    const inquiry = { hook: hookFor(request), failed, late };
    const verdict =
      request.authenticationMethod === undefined
        ? this.#authenticate(inquiry, request)
        : this.#begin(inquiry, enhanced(request, { isReauthentication: false }));
    this.#answerWith(inquiry, verdict, (decided) => {
      if (decided === undefined) this.#next.admit(request, answer);
      else answer(decided);
    });
  }

  reauthenticate(request: Admission, answer: Answer): void {
    if (request.authenticationMethod === undefined) return this.admit(request, answer);
    const inquiry = { hook: hookFor(request), failed, late };
    const verdict = this.#begin(inquiry, enhanced(request, { isReauthentication: true }));
    this.#answerWith(inquiry, verdict, (decided) => {
      if (decided === undefined) this.#next.reauthenticate(request, answer);
      else answer(decided);
    });
  }

  /**
   * Plugins that have a say are asked by the interceptor. What is left is a retained message that
   * they have let pass, whose publisher may be long gone, with all that they knew it by.
   */
  mayPublish(client: ClientIdentity, topic: string): ReasonCode {
    return this.#next.mayPublish(client, topic);
  }

  maySubscribe(client: ClientIdentity, filter: string): ReasonCode {
    return this.#authorization.maySubscribe(client, filter);
  }

  ruleFor(client: ClientIdentity, access: Access, topic: string): string | undefined {
    return this.#authorization.ruleFor(client, access, topic);
  }

  #authenticate(
    inquiry: Inquiry<Verdict | undefined>,
    request: Admission,
  ): Soon<Verdict | undefined> {
    const { version, password, isVouchedFor } = request;
    const asked = { ...clientOf(request), version, password, isVouchedFor };
    return this.#calls.first(inquiry, this.#plugins, (plugin) => {
      if (plugin.hooks.authenticate === undefined) return undefined;
      const call = () => plugin.hooks.authenticate!(asked);
      const judge = (said: Decision | Allowance) => verdictOn(said, plugin);
      return this.#calls.ask(inquiry, plugin, { call, judge });
    });
  }

  #begin(
    inquiry: Inquiry<Verdict | undefined>,
    request: EnhancedRequest,
  ): Soon<Verdict | undefined> {
    return this.#calls.first(inquiry, this.#plugins, (plugin) => {
      if (plugin.hooks.authenticateEnhanced === undefined) return undefined;
      const call = () => plugin.hooks.authenticateEnhanced!(request);
      const judge = (said: EnhancedAnswer) => this.#verdictOnStep(said, plugin, request);
      return this.#calls.ask(inquiry, plugin, { call, judge });
    });
  }

  #verdictOnStep(
    said: EnhancedAnswer,
    plugin: Plugin,
    request: EnhancedRequest,
  ): Verdict | undefined {
    if (typeof said !== 'object' || said === null || said.type !== 'challenge') {
      return verdictOn(said, plugin);
    }
    const { data, proceed } = said;
    if (typeof proceed !== 'function') throw senseless(said, 'a challenge with proceed');
    const step: Proceed = (reply, answer) =>
      this.#proceed(plugin, request, { proceed, reply, answer });
    return { type: 'challenge', ...(data !== undefined && { data }), proceed: step };
  }

  #proceed(
    plugin: Plugin,
    request: EnhancedRequest,
    {
      proceed,
      reply,
      answer,
    }: {
      proceed: (reply: Uint8Array | undefined) => Soon<EnhancedAnswer>;
      reply: Uint8Array | undefined;
      answer: Answer;
    },
  ): void {
    const inquiry: Inquiry<Verdict> = { hook: 'authenticateEnhanced', failed, late };
    const call = () => proceed(reply);
    // Whoever has begun an exchange cannot leave it to others.
    const judge = (said: EnhancedAnswer) =>
      this.#verdictOnStep(said, plugin, request) ?? unknownMethod(request.method);
    this.#answerWith(inquiry, this.#calls.ask(inquiry, plugin, { call, judge }), answer);
  }

  /** A port never answers before it returns. */
  #answerWith<Decided>(
    inquiry: Inquiry<Decided>,
    decided: Soon<Decided>,
    done: (decided: Decided) => void,
  ): void {
    const { late } = inquiry;
    if (isPromise(decided)) this.#calls.settle(inquiry, decided, { done, late });
    else queueMicrotask(() => done(decided));
  }
}

function hookFor({ authenticationMethod }: Admission): 'authenticate' | 'authenticateEnhanced' {
  return authenticationMethod === undefined ? 'authenticate' : 'authenticateEnhanced';
}

function enhanced(
  request: Admission,
  { isReauthentication }: Pick<EnhancedRequest, 'isReauthentication'>,
): EnhancedRequest {
  const { authenticationMethod: method, authenticationData: data } = request;
  return { ...clientOf(request), method: method!, data, isReauthentication };
}

function clientOf({ clientId, userName, peer, credentials }: Admission): Client {
  return { clientId, userName, peer, credentials };
}

function verdictOn(
  said: Decision | Allowance | EnhancedAllowance,
  { name }: Plugin,
): Verdict | undefined {
  if (said === 'defer') return undefined;
  if (said === 'allow') return { type: 'accept', account: accountWith(undefined) };
  if (isDenial(said)) return refused(refusalOf(said, 'CONNACK'), name);
  if (said?.type === 'allow') return acceptanceOf(said);
  throw senseless(said, "'allow', 'deny', 'defer' or an object whose type is one of the first two");
}

/** The reason of a hook is meant for the client, too; without one the log names the plugin. */
function refused(refusal: Refusal, plugin: string): Verdict {
  const { reason } = refusal;
  if (reason === undefined) return { ...refusal, reason: `plugin ${plugin}` };
  return { ...refusal, reasonString: reason };
}

function acceptanceOf(said: Allowance | EnhancedAllowance): Verdict {
  const { validSeconds, grant } = said;
  if (validSeconds !== undefined && !(validSeconds >= 0)) {
    throw senseless(validSeconds, 'validSeconds as a number of 0 or more');
  }
  const authenticationData = 'data' in said ? said.data : undefined;
  return { type: 'accept', authenticationData, validSeconds, account: accountWith(grant) };
}
