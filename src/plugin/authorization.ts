/** Who may do what: plugins decide first, and another gatekeeper where they leave it open. */

import type { Access, ClientIdentity, Gatekeeper } from '../broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { type AnsweringPacket, isDenial, type Refusal, refusalOf } from './denial.ts';
import { viewOf } from './hook-account.ts';
import { type HookCalls, type Inquiry, isPromise, senseless } from './hook-calls.ts';
import type {
  AuthorizeRequest,
  Decision,
  Plugin,
  PublishedMessage,
  Soon,
  SubscribeQuestion,
} from './hooks.ts';

/** Undefined: no plugin has decided. */
export type Ruling = 'allow' | Refusal | undefined;

const answeringPackets: Readonly<Record<Access, AnsweringPacket>> = {
  publish: 'PUBACK',
  subscribe: 'SUBACK',
  receive: 'PUBACK',
};

/** PUBACK and SUBACK have no word for a server that is busy with itself. */
const failed: Refusal = {
  type: 'refuse',
  reasonCode: reasonCodes.implementationSpecificError,
  reason: 'a plugin has failed',
};

const late: Refusal = { ...failed, reason: 'a plugin has not answered in time' };

/** The refusal that the log may ask about next. */
interface LastRefusal {
  readonly clientId: string;
  readonly access: Access;
  readonly topic: string;
  readonly rule: string;
}

export class Authorization {
  readonly #plugins: readonly Plugin[];
  readonly #next: Gatekeeper;
  readonly #calls: HookCalls;
  #lastRefusal: LastRefusal | undefined;

  constructor(plugins: readonly Plugin[], next: Gatekeeper, calls: HookCalls) {
    this.#plugins = plugins.filter(({ hooks }) => hooks.authorize !== undefined);
    this.#next = next;
    this.#calls = calls;
  }

  /** No plugin has a say. */
  get isEmpty(): boolean {
    return this.#plugins.length === 0;
  }

  inquiry(): Inquiry<Refusal> {
    return { hook: 'authorize', failed, late };
  }

  /** What plugins say, and then the other gatekeeper. */
  publication(inquiry: Inquiry<Ruling>, publication: PublishedMessage): Soon<Ruling> {
    return this.#rule(inquiry, { access: 'publish', ...publication });
  }

  subscription(inquiry: Inquiry<Ruling>, request: Omit<SubscribeQuestion, 'access'>): Soon<Ruling> {
    return this.#rule(inquiry, { access: 'subscribe', ...request });
  }

  maySubscribe(client: ClientIdentity, filter: string): ReasonCode {
    const about = { client: viewOf(client), topic: filter, group: undefined, qos: 0 } as const;
    const ruling = this.#ruleNow({ access: 'subscribe', ...about });
    if (ruling === undefined) return this.#next.maySubscribe(client, filter);
    return ruling === 'allow' ? reasonCodes.success : ruling.reasonCode;
  }

  mayReceive(client: ClientIdentity, topic: string): boolean {
    const ruling = this.#ruleNow({ access: 'receive', client: viewOf(client), topic });
    if (ruling === undefined) return this.#next.mayReceive?.(client, topic) ?? true;
    return ruling === 'allow';
  }

  ruleFor(client: ClientIdentity, access: Access, topic: string): string | undefined {
    const last = this.#lastRefusal;
    const { clientId } = client;
    if (last?.clientId === clientId && last.access === access && last.topic === topic) {
      return last.rule;
    }
    return this.#next.ruleFor?.(client, access, topic);
  }

  #rule(inquiry: Inquiry<Ruling>, request: AuthorizeRequest): Soon<Ruling> {
    return this.#calls.first(inquiry, this.#plugins, (plugin) => {
      const call = () => plugin.hooks.authorize!(request);
      const judge = (said: Decision) => this.#judge(said, plugin, request);
      return this.#calls.ask(inquiry, plugin, { call, judge });
    });
  }

  #ruleNow(request: AuthorizeRequest): Ruling {
    const inquiry: Inquiry<Ruling> = this.inquiry();
    const ruling = this.#rule(inquiry, request);
    if (!isPromise(ruling)) return ruling;
    inquiry.isOver = true;
    const error = new TypeError(
      `the answer about '${request.access}' was a promise: answer at once where nobody can wait`,
    );
    this.#calls.report(inquiry.plugin, 'authorize', error);
    return failed;
  }

  #judge(said: Decision, plugin: Plugin, { access, client, topic }: AuthorizeRequest): Ruling {
    if (said === 'defer') return undefined;
    if (said === 'allow') return 'allow';
    if (!isDenial(said)) throw senseless(said, "'allow', 'deny', 'defer' or { type: 'deny' }");
    const refusal = refusalOf(said, answeringPackets[access]);
    const because = refusal.reason === undefined ? '' : `: ${refusal.reason}`;
    const rule = `plugin ${plugin.name}${because}`;
    this.#lastRefusal = { clientId: client.clientId, access, topic, rule };
    return refusal;
  }
}
