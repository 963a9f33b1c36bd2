// SPDX-License-Identifier: Apache-2.0
// Runs the cases in order; they build on each other as a person's first hour does.
// Environment: SLIPWAY_URL and SIGN_IN_TOKEN of a running server, or SLIPWAY_BIN to start one; CHROMIUM.
// `node run.mjs WORD…` runs the setting-up cases and those whose name holds one of the words.
import {performance} from 'node:perf_hooks';
import {kCalls} from './cases-calls.mjs';
import {kDatasets} from './cases-datasets.mjs';
import {kEvaluation} from './cases-evaluation.mjs';
import {kEverywhere} from './cases-everywhere.mjs';
import {kGovernance} from './cases-governance.mjs';
import {kPeople} from './cases-people.mjs';
import {kPolicies} from './cases-policies.mjs';
import {kSetUp} from './cases-set-up.mjs';
import {startServer} from './server.mjs';
import {openBrowser, World} from './support.mjs';

const words = process.argv.slice(2);
const kStory = [...kCalls, ...kGovernance, ...kDatasets, ...kEvaluation, ...kPolicies, ...kPeople, ...kEverywhere];
const cases = [...kSetUp.map((c) => ({...c, always: true})), ...kStory].filter((c) => !words.length || c.always || words.some((word) => c.name.includes(word)));
let passed = 0;
let failed = 0;
let server;
let browser;
try {
  server = await startServer();
  browser = await openBrowser();
  const world = new World(browser, server);
  for (const {name, run} of cases) {
    const start = performance.now();
    world.trouble = [];
    world.name = name;
    try {
      await run(world);
      if (world.trouble.length) throw new Error(`the browser reported:\n  ${world.trouble.join('\n  ')}`);
      passed++;
      console.log(`ok    ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}\n${String(error?.stack ?? error).replace(/^/gm, '      ')}`);
      for (const context of browser.contexts()) await context.close().catch(() => {});
    }
  }
} catch (error) {
  failed++;
  console.log(`FAIL  ${error?.stack ?? error}`);
} finally {
  await browser?.close();
  await server?.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
