/** The outbox that is kept by Chromium. */

import { chromiumSuite } from '../harness/chromium-suite.ts';

await chromiumSuite('the outbox of a browser', 'indexeddb-outbox.page.ts');
