/** Lets programs import `pantala` without a build: `node --import THIS program.ts`. */

import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    const match = /^pantala(?:\/(.*))?$/.exec(specifier);
    if (match === null) return next(specifier, context);
    const [, name = 'client'] = match;
    return next(new URL(`../../src/${name}.ts`, import.meta.url).href, context);
  },
});
