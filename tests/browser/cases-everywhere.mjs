// SPDX-License-Identifier: Apache-2.0
// What holds on every page.
import assert from 'node:assert/strict';
import {checkAccess} from './support.mjs';

const kPages = [
  ['overview', '/?range=24h'], ['invocations', '/invocations?range=24h'], ['keys', '/keys'], ['playground', '/playground'], ['use-cases', '/use-cases'],
  ['register', '/use-cases/new'], ['catalogue', '/catalogue'], ['evaluations', '/evaluations'], ['runs', '/runs'], ['releases', '/releases'], ['approvals', '/approvals'],
  ['policies', '/policies'], ['people', '/people'], ['audit', '/audit'],
];
const heading = (page) => page.getByRole('heading', {level: 1});

async function settle(page) {
  await heading(page).waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-label="Loading"]'));
  await page.waitForTimeout(400);  // plots draw
}

export const kEverywhere = [
  {
    name: 'axe finds nothing, in both schemes, on any width; nothing scrolls sideways',
    async run(world) {
      for (const [scheme, width] of [['light', 1440], ['dark', 1440], ['light', 1024], ['light', 768], ['dark', 390]]) {
        await world.with({scheme, width, height: width < 600 ? 844 : 900}, async (page) => {
          for (const [name, path] of kPages) {
            await page.goto(path);
            await settle(page);
            await world.shot(page, `${name}-${scheme}-${width}`);
            await checkAccess(page, `${name}, ${scheme}, ${width} px`);
            const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            assert.ok(over <= 0, `${name} is ${over} px too wide at ${width}`);
          }
        });
      }
    },
  },
  {
    name: 'the colour scheme is chosen, kept, and there before the first paint',
    async run(world) {
      await world.with({scheme: 'light'}, async (page) => {
        const scheme = () => page.evaluate(() => document.documentElement.getAttribute('data-mantine-color-scheme'));
        await page.goto('/keys');
        await settle(page);
        assert.equal(await scheme(), 'light');
        await page.getByRole('button', {name: /Account and settings/}).click();
        await checkAccess(page, 'account menu');
        await page.getByRole('menuitem', {name: 'Dark'}).click();
        assert.equal(await scheme(), 'dark');
        await page.goto('/keys', {waitUntil: 'commit'});
        await page.waitForFunction(() => document.documentElement.hasAttribute('data-mantine-color-scheme'));
        assert.equal(await scheme(), 'dark');
        await settle(page);
        await page.getByRole('button', {name: /Account and settings/}).click();
        await page.getByRole('menuitem', {name: 'Like the system'}).click();
        await page.emulateMedia({colorScheme: 'light'});
        await page.waitForFunction(() => document.documentElement.getAttribute('data-mantine-color-scheme') === 'light');
      });
    },
  },
  {
    name: 'the server sends a strict policy, and the pages live with it',
    async run(world) {
      await world.with({}, async (page) => {
        const refused = [];
        await page.exposeFunction('refused', (what) => refused.push(what));
        await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) => window.refused(`${e.effectiveDirective} ${e.blockedURI}`)));
        for (const [, path] of kPages) {
          const response = await page.goto(path);
          const policy = response.headers()['content-security-policy'] ?? '';
          assert.match(policy, /script-src 'self'/);
          assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline/);
          assert.match(policy, /frame-ancestors 'none'/);
          await settle(page);
        }
        assert.deepEqual(refused, []);
      });
    },
  },
  {
    name: 'the first load is small, compressed and cached for good',
    async run(world) {
      await world.with({}, async (page) => {
        const scripts = [];
        page.on('response', (response) => /\.(js|css)$/.test(new URL(response.url()).pathname) && scripts.push(response));
        await page.goto('/keys');
        await settle(page);
        let bytes = 0;
        for (const response of scripts) {
          const sizes = await response.request().sizes();
          if (new URL(response.url()).pathname.endsWith('.js')) bytes += sizes.responseBodySize;
          if (new URL(response.url()).pathname.startsWith('/assets/')) {
            const headers = response.headers();
            assert.ok(['gzip', 'br', 'zstd'].includes(headers['content-encoding']), `${response.url()} is compressed`);
            assert.match(headers['cache-control'], /immutable/);
          }
        }
        assert.ok(bytes < 300 * 1024, `${(bytes / 1024).toFixed(0)} KiB of scripts`);
        assert.ok(!scripts.some((r) => /echarts|yaml-editor|markdown/.test(r.url())), 'plots and editors are loaded only where they are shown');
        assert.doesNotMatch((await page.goto('/keys')).headers()['cache-control'] ?? '', /immutable/);
      });
    },
  },
  {
    name: 'it says when answers are simulated',
    async run(world) {
      await world.with({}, async (page) => {
        const session = await world.api(page, '/session');
        await page.goto('/');
        await settle(page);
        assert.equal(await page.getByText('Simulated answers.').count(), session.simulated_only ? 1 : 0);
        await page.goto('/playground');
        if (session.simulated_only) await page.getByText('Simulated: its answers are made up').waitFor();
      });
    },
  },
  {
    name: 'an unknown address and a lost server are said in a sentence',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/no/such/page');
        await page.getByRole('heading', {name: 'There is no such page'}).waitFor();
        await checkAccess(page, 'unknown page');
        await page.goto('/keys');
        await settle(page);
        await page.route('**/api/v1/keys*', (route) => route.abort());
        await page.goto('/keys');
        await page.getByText('The server cannot be reached').waitFor();
        await checkAccess(page, 'lost server');
        await page.unroute('**/api/v1/keys*');
        await page.getByRole('button', {name: 'Try again'}).click();
        await page.getByRole('table').waitFor();
      });
    },
  },
  {
    name: 'motion is left out where it is not wanted',
    async run(world) {
      await world.with({motion: 'reduce'}, async (page) => {
        await page.goto('/');
        await settle(page);
        await page.keyboard.press('Control+k');
        await page.getByRole('dialog').waitFor();
        const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running' && a.effect.getTiming().duration > 1).length);
        assert.equal(moving, 0);
      });
    },
  },
  {
    name: 'no request ever left the server',
    async run(world) {
      assert.deepEqual([...world.strangers], []);
    },
  },
];
