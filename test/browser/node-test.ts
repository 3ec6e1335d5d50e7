/** Stands in for `node:test` in a page: gathers tests, which the runner outside calls one by one. */

type Run = () => void | Promise<void>;

interface Test {
  readonly name: string;
  readonly run: Run;
}

const tests: Test[] = [];
const path: string[] = [];

export function describe(name: string, define: () => void): void {
  path.push(name);
  define();
  path.pop();
}

export function it(name: string, run: Run): void {
  tests.push({ name: [...path, name].join(' › '), run });
}

/** What the runner outside finds in the page. */
Object.assign(globalThis, {
  suite: {
    names: () => tests.map(({ name }) => name),
    /** Resolves with what went wrong; undefined: nothing. */
    run: async (index: number): Promise<string | undefined> => {
      try {
        await tests[index].run();
        return undefined;
      } catch (error) {
        return error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
      }
    },
  },
});
