/** Lets programs import `pantala/NAME` without a build: `node --import THIS program.ts`. */

import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('pantala/')) return next(specifier, context);
    const name = specifier.slice('pantala/'.length);
    return next(new URL(`../../src/${name}.ts`, import.meta.url).href, context);
  },
});
