/** Calls hooks, so that none of them can harm more than what it was asked about. */

import type { Observer } from '../broker/ports.ts';
import { isRefusal, type Refusal } from './denial.ts';
import type { HookName, Plugin, Soon } from './hooks.ts';
import { Patience } from './patience.ts';

export interface HookCallsOptions {
  readonly observer?: Pick<Observer, 'hookFailed'> | undefined;
  /**
   * How long all plugins together may take for an answer; the broker gives a client that connects
   * three times as long.
   */
  readonly deadlineSeconds?: number | undefined;
}

const deadlineSecondsDefault = 10;

/** One thing that plugins are asked, one after another. */
export interface Inquiry<Answer> {
  /** What they are asked by now. */
  hook: HookName;
  /** What counts when a hook fails. */
  readonly failed: Answer;
  /** What counts when the deadline passes. */
  readonly late: Answer;
  /** Who is being asked. */
  plugin?: Plugin;
  isOver?: boolean;
}

export class HookCalls {
  readonly #observer: Pick<Observer, 'hookFailed'>;
  readonly #deadlineSeconds: number;
  readonly #patience: Patience;

  constructor({ observer = {}, deadlineSeconds = deadlineSecondsDefault }: HookCallsOptions = {}) {
    this.#observer = observer;
    this.#deadlineSeconds = deadlineSeconds;
    this.#patience = new Patience(deadlineSeconds);
  }

  /** Asks one plugin; whatever goes wrong in it or in its answer becomes `failed`. */
  ask<Said, Answer>(
    inquiry: Inquiry<Answer>,
    plugin: Plugin,
    { call, judge }: { call: () => Soon<Said>; judge: (said: Said) => Answer },
  ): Soon<Answer> {
    inquiry.plugin = plugin;
    const fail = (error: unknown): Answer => {
      this.report(plugin, inquiry.hook, error);
      return inquiry.failed;
    };
    try {
      const said = call();
      if (!isPromise(said)) return judge(said);
      return Promise.resolve(said).then(judge).catch(fail);
    } catch (error) {
      return fail(error);
    }
  }

  /** Asks one plugin after another until one of them decides. */
  first<Answer>(
    inquiry: Inquiry<Answer | undefined>,
    plugins: readonly Plugin[],
    ask: (plugin: Plugin) => Soon<Answer | undefined>,
    start = 0,
  ): Soon<Answer | undefined> {
    for (let i = start; i < plugins.length; i++) {
      const answer = ask(plugins[i]);
      if (isPromise(answer)) {
        return answer.then((later) => {
          if (later !== undefined || inquiry.isOver) return later;
          return this.first(inquiry, plugins, ask, i + 1);
        });
      }
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  /** Asks one plugin after another, each about what those before it have made of `state`. */
  fold<State extends object>(
    inquiry: Inquiry<Refusal>,
    plugins: readonly Plugin[],
    state: State,
    ask: (plugin: Plugin, state: State) => Soon<State | Refusal>,
    start = 0,
  ): Soon<State | Refusal> {
    let now = state;
    for (let i = start; i < plugins.length; i++) {
      const next = ask(plugins[i], now);
      if (isPromise(next)) {
        return next.then((later) => {
          if (isRefusal(later) || inquiry.isOver) return later;
          return this.fold(inquiry, plugins, later, ask, i + 1);
        });
      }
      if (isRefusal(next)) return next;
      now = next;
    }
    return now;
  }

  /** Hands on an answer when it comes, or says `late`; once, and not before this has returned. */
  settle<Answer>(
    inquiry: Inquiry<unknown>,
    answer: PromiseLike<Answer>,
    { done, late }: { done: (answer: Answer) => void; late: Answer },
  ): void {
    this.#patience.await(answer, done, () => {
      inquiry.isOver = true;
      this.report(inquiry.plugin, inquiry.hook, this.#lateError());
      done(late);
    });
  }

  /** Tells one plugin what has happened; nobody waits for what it does. */
  tell(hook: HookName, plugin: Plugin, call: () => Soon<unknown>): void {
    const inquiry: Inquiry<undefined> = { hook, failed: undefined, late: undefined };
    this.ask(inquiry, plugin, { call, judge: () => undefined });
  }

  report(plugin: Plugin | undefined, hook: HookName, error: unknown): void {
    this.#observer.hookFailed?.({ plugin: plugin?.name ?? 'a plugin', hook, error });
  }

  #lateError(): Error {
    return new Error(`no answer within ${this.#deadlineSeconds} s: make it faster, or defer`);
  }
}

export function isPromise<Value>(value: Soon<Value>): value is PromiseLike<Value> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** Does the next step at once where the value is there. */
export function after<Value, Next>(
  value: Soon<Value>,
  next: (value: Value) => Soon<Next>,
): Soon<Next> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** A hook that answered something else than it may. */
export function senseless(said: unknown, right: string): TypeError {
  const shown = typeof said === 'object' && said !== null ? 'an object' : String(said).slice(0, 80);
  return new TypeError(`the answer was ${shown}: return ${right}`);
}
