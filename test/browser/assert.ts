/** Stands in for `node:assert/strict` in a page, as far as contract suites use it. */

interface Assert {
  ok(value: unknown, message?: string): asserts value;
  equal(actual: unknown, expected: unknown, message?: string): void;
  notEqual(actual: unknown, expected: unknown, message?: string): void;
  deepEqual(actual: unknown, expected: unknown, message?: string): void;
  match(text: string, pattern: RegExp): void;
  throws(run: () => unknown, expected?: RegExp): void;
  rejects(run: Promise<unknown> | (() => Promise<unknown>), expected?: RegExp): Promise<void>;
  fail(message: string): never;
}

const assert: Assert = {
  ok(value, message) {
    if (!value) throw new Error(message ?? `${show(value)} is not true`);
  },
  equal(actual, expected, message) {
    assert.ok(Object.is(actual, expected), message ?? `${show(actual)} is not ${show(expected)}`);
  },
  notEqual(actual, expected, message) {
    assert.ok(!Object.is(actual, expected), message ?? `it is ${show(expected)}`);
  },
  deepEqual(actual, expected, message) {
    const text = message ?? `${show(actual)} is not as ${show(expected)}`;
    assert.ok(isDeepEqual(actual, expected), text);
  },
  match(text, pattern) {
    assert.ok(pattern.test(text), `${show(text)} does not match ${pattern}`);
  },
  throws(run, expected) {
    try {
      run();
    } catch (error) {
      return checkError(error, expected);
    }
    assert.fail('nothing was thrown');
  },
  async rejects(run, expected) {
    try {
      await (typeof run === 'function' ? run() : run);
    } catch (error) {
      return checkError(error, expected);
    }
    assert.fail('nothing was rejected');
  },
  fail(message) {
    throw new Error(message);
  },
};

function checkError(error: unknown, expected: RegExp | undefined): void {
  if (expected !== undefined) assert.match(String(error), expected);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map || a instanceof Set) {
    return isDeepEqual([...a], [...(b as Iterable<unknown>)]);
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => {
    return Object.hasOwn(b, key) && isDeepEqual(a[key as never], b[key as never]);
  });
}

// Whoever imports it from Node has it so.
// biome-ignore lint/style/noDefaultExport: it stands in for a module that has one
export { assert as default };
