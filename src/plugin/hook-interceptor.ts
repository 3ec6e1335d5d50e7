/** The interceptor of plugins: who may publish and subscribe, what they change, what they hear. */

import type {
  ClientIdentity,
  Gatekeeper,
  Interceptor,
  Publication,
  PublishVerdict,
  RequestedSubscription,
} from '../broker/ports.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { Authorization, Ruling } from './authorization.ts';
import { isDenial, isRefusal, type Refusal, refusalOf } from './denial.ts';
import { after, type HookCalls, type Inquiry, isPromise, senseless } from './hook-calls.ts';
import type { HookName, Hooks, MessageChange, Plugin, Soon, SubscribeRequest } from './hooks.ts';

export interface HookInterceptorParts {
  readonly calls: HookCalls;
  readonly authorization: Authorization;
  /** Decides what no plugin does. */
  readonly next: Gatekeeper;
}

/** A message on its way through the plugins, and the last one that changed it. */
interface Course {
  readonly message: Publication;
  readonly changer: Plugin | undefined;
}

const pass: PublishVerdict = { type: 'pass' };

/** Has the methods that a plugin wants, and no others: the broker pays for each that is there. */
export class HookInterceptor implements Interceptor {
  readonly publish: Interceptor['publish'];
  readonly subscribe: Interceptor['subscribe'];
  readonly unsubscribed: Interceptor['unsubscribed'];
  readonly connected: Interceptor['connected'];
  readonly disconnected: Interceptor['disconnected'];
  readonly #plugins: readonly Plugin[];
  readonly #calls: HookCalls;
  readonly #authorization: Authorization;
  readonly #next: Gatekeeper;

  constructor(plugins: readonly Plugin[], { calls, authorization, next }: HookInterceptorParts) {
    this.#plugins = plugins;
    this.#calls = calls;
    this.#authorization = authorization;
    this.#next = next;
    const uses = (hook: HookName) => plugins.some(({ hooks }) => hooks[hook] !== undefined);
    if (uses('authorize') || uses('publish')) {
      this.publish = (publication, answer) => this.#publish(publication, answer);
    }
    if (uses('authorize') || uses('subscribe')) {
      this.subscribe = (client, asked, answer) => this.#subscribe(client, asked, answer);
    }
    if (uses('unsubscribe')) {
      this.unsubscribed = (client, filter) =>
        this.#tell('unsubscribe', (hooks) => hooks.unsubscribe?.({ client, filter }));
    }
    if (uses('connected')) {
      this.connected = (client) => this.#tell('connected', (hooks) => hooks.connected?.(client));
    }
    if (uses('disconnected')) {
      this.disconnected = (departure) =>
        this.#tell('disconnected', (hooks) => hooks.disconnected?.(departure));
    }
  }

  /** Nothing of what clients send concerns any plugin. */
  get isEmpty(): boolean {
    const { publish, subscribe, unsubscribed, connected, disconnected } = this;
    return (publish ?? subscribe ?? unsubscribed ?? connected ?? disconnected) === undefined;
  }

  #publish(
    publication: Publication,
    answer: (verdict: PublishVerdict) => void,
  ): PublishVerdict | undefined {
    const { client, topic } = publication;
    const inquiry = this.#authorization.inquiry();
    const ruling = this.#authorization.publication(inquiry, publication);
    const verdict = after(ruling, (ruled): Soon<PublishVerdict> => {
      if (inquiry.isOver) return inquiry.late;
      const refusal = refusalBy(ruled, () => this.#next.mayPublish(client, topic));
      if (refusal !== undefined) return refusal;
      inquiry.hook = 'publish';
      const start: Course = { message: publication, changer: undefined };
      const course = this.#calls.fold(inquiry, this.#plugins, start, (plugin, now) =>
        this.#change(inquiry, plugin, now),
      );
      return after(course, (end) => this.#verdictAfter(end, publication));
    });
    return this.#answer(inquiry, verdict, answer);
  }

  #change(inquiry: Inquiry<Refusal>, plugin: Plugin, course: Course): Soon<Course | Refusal> {
    const { hooks } = plugin;
    const { message } = course;
    if (hooks.publish === undefined) return course;
    return this.#calls.ask(inquiry, plugin, {
      call: () => hooks.publish!(message),
      judge: (said): Course | Refusal => {
        if (said === undefined) return course;
        if (isDenial(said)) return refusalOf(said, 'PUBACK');
        if (said?.type === 'change') return { message: changed(message, said), changer: plugin };
        throw senseless(said, "nothing, 'deny', { type: 'change' } or { type: 'deny' }");
      },
    });
  }

  #verdictAfter(end: Course | Refusal, published: Publication): PublishVerdict {
    if (isRefusal(end)) return end;
    if (end.message === published) return pass;
    const { topic, payload, qos, retain, properties } = end.message;
    const rejected = (fault: string): void =>
      this.#calls.report(end.changer, 'publish', new RangeError(`the changed message: ${fault}`));
    return { type: 'change', topic, payload, qos, retain, properties, rejected };
  }

  #subscribe(
    client: ClientIdentity,
    asked: readonly RequestedSubscription[],
    answer: (verdicts: readonly ReasonCode[]) => void,
  ): readonly ReasonCode[] | undefined {
    const inquiry = this.#authorization.inquiry();
    const verdicts = asked.map((each) => this.#subscribeTo(inquiry, client, each));
    const all = verdicts.some(isPromise) ? Promise.all(verdicts) : (verdicts as ReasonCode[]);
    const late = asked.map(() => inquiry.late.reasonCode);
    return this.#answer(inquiry, all, answer, late);
  }

  #subscribeTo(
    inquiry: Inquiry<Refusal>,
    client: ClientIdentity,
    { filter, group, qos }: RequestedSubscription,
  ): Soon<ReasonCode> {
    inquiry.hook = 'authorize';
    const ruling = this.#authorization.subscription(inquiry, { client, topic: filter, group, qos });
    return after(ruling, (ruled): Soon<ReasonCode> => {
      const refusal = refusalBy(ruled, () => this.#next.maySubscribe(client, filter));
      if (refusal !== undefined || inquiry.isOver) return (refusal ?? inquiry.late).reasonCode;
      inquiry.hook = 'subscribe';
      const request: SubscribeRequest = { client, filter, group, qos };
      const granted = this.#calls.fold(inquiry, this.#plugins, request, (plugin, now) =>
        this.#lower(inquiry, plugin, now),
      );
      return after(granted, (end) => (isRefusal(end) ? end.reasonCode : end.qos));
    });
  }

  #lower(
    inquiry: Inquiry<Refusal>,
    plugin: Plugin,
    request: SubscribeRequest,
  ): Soon<SubscribeRequest | Refusal> {
    const { hooks } = plugin;
    if (hooks.subscribe === undefined) return request;
    return this.#calls.ask(inquiry, plugin, {
      call: () => hooks.subscribe!(request),
      judge: (said): SubscribeRequest | Refusal => {
        if (said === undefined) return request;
        if (isDenial(said)) return refusalOf(said, 'SUBACK');
        const isLower = said?.type === 'change' && said.qos >= 0 && said.qos <= request.qos;
        if (isLower) return { ...request, qos: said.qos };
        throw senseless(said, "nothing, 'deny', { type: 'deny' }, or a change to a lower QoS");
      },
    });
  }

  /** Answers at once where it can. */
  #answer<Verdict>(
    inquiry: Inquiry<Refusal>,
    verdict: Soon<Verdict>,
    answer: (verdict: Verdict) => void,
    late: Verdict = inquiry.late as Verdict,
  ): Verdict | undefined {
    if (!isPromise(verdict)) return verdict;
    this.#calls.settle(inquiry, verdict, { done: answer, late });
    return undefined;
  }

  #tell(hook: HookName, call: (hooks: Hooks) => Soon<unknown>): void {
    for (const plugin of this.#plugins) this.#calls.tell(hook, plugin, () => call(plugin.hooks));
  }
}

/** @param next is asked where no plugin has decided */
function refusalBy(ruling: Ruling, next: () => ReasonCode): Refusal | undefined {
  if (ruling === 'allow') return undefined;
  if (ruling !== undefined) return ruling;
  const reasonCode = next();
  return reasonCode < 0x80 ? undefined : { type: 'refuse', reasonCode };
}

function changed(message: Publication, change: MessageChange): Publication {
  const { topic, payload, qos, retain } = change;
  return {
    ...message,
    topic: topic ?? message.topic,
    payload: payload === undefined ? message.payload : bytesOf(payload),
    qos: qos ?? message.qos,
    retain: retain ?? message.retain,
    properties: 'properties' in change ? change.properties : message.properties,
  };
}

function bytesOf(payload: Uint8Array | string): Uint8Array {
  if (typeof payload === 'string') return encoder.encode(payload);
  if (payload instanceof Uint8Array) return payload;
  throw senseless(payload, 'a payload of text or bytes');
}

const encoder = new TextEncoder();
