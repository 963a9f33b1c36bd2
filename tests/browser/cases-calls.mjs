// SPDX-License-Identifier: Apache-2.0
// The pages on top of that traffic.
import assert from 'node:assert/strict';
import {kNeedle} from './cases-set-up.mjs';
import {checkAccess, until} from './support.mjs';

const rows = (page) => page.getByRole('grid', {name: 'Invocations'}).getByRole('row');

export const kCalls = [
  {
    name: 'overview: the answer first, then figures, plots, tables and a split',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/?use_case=browser-test');
        const verdict = page.getByRole('region', {name: 'Verdict'});
        await verdict.getByText(/calls in the last hour, .* errors/).waitFor();
        const {totals} = await world.api(page, '/overview?use_case=browser-test');
        assert.ok(totals.requests >= 15);
        assert.ok(totals.errors >= 2);
        await page.getByRole('link', {name: /^Requests/}).getByText(String(totals.requests), {exact: true}).waitFor();
        await page.locator('.plot canvas').nth(4).waitFor();
        assert.equal(await page.locator('.plot canvas').count(), 5);
        assert.match(await page.getByRole('img', {name: /^Latency/}).getAttribute('aria-label'), /Median \d/);
        await page.getByRole('button', {name: 'Show tokens as a table'}).click();
        await page.getByRole('region', {name: 'Tokens as a table'}).getByRole('columnheader', {name: 'Output'}).waitFor();
        await page.getByText('Model', {exact: true}).click();
        await page.waitForURL(/by=model/);
        await page.getByRole('region', {name: 'By model'}).getByRole('row').nth(1).waitFor();
        await page.getByRole('button', {name: 'Cost', exact: true}).click();
        await page.locator('th[aria-sort="descending"], th[aria-sort="ascending"]').getByText('Cost').waitFor();
        await world.shot(page, 'overview-split');
        await page.getByRole('link', {name: /^Error rate/}).click();
        await page.waitForURL(/\/invocations\?.*status=error/);
        await page.getByText('Use case: browser-test').waitFor();
      });
    },
  },
  {
    name: 'overview: a click on a plot opens its calls, a drag zooms in',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/');
        const plot = page.getByRole('img', {name: /^Requests by status/});
        await plot.locator('canvas').waitFor();
        await page.waitForTimeout(600);
        const box = await plot.boundingBox();
        await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5, {steps: 8});
        await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.5, {steps: 8});
        await page.mouse.up();
        await page.waitForURL(/from=.*to=/);
        assert.equal(new URL(page.url()).pathname, '/');
        await page.goto('/');
        await plot.locator('canvas').waitFor();
        await page.waitForTimeout(600);
        await page.mouse.click(box.x + box.width * 0.7, box.y + box.height * 0.5);
        await page.waitForURL(/\/invocations\?.*from=/);
      });
    },
  },
  {
    name: 'time range: presets and a range of one’s own',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/');
        await page.getByRole('button', {name: /^Time range/}).click();
        await page.getByRole('button', {name: 'Last 24 hours'}).click();
        await page.waitForURL(/range=24h/);
        await page.getByText(/in the last 24 hours/).waitFor();
        await page.getByRole('button', {name: /^Time range/}).click();
        await page.getByRole('textbox', {name: 'From'}).fill('2024-01-01T10:00');
        await page.getByRole('textbox', {name: 'To', exact: true}).fill('2024-01-01T09:00');
        await page.getByText('The end must come after the start').waitFor();
        await page.getByRole('textbox', {name: 'To', exact: true}).fill('2024-01-01T12:00');
        await page.getByRole('button', {name: 'Show this range'}).click();
        await page.waitForURL(/from=.*to=/);
        await page.getByText(/No calls between/).waitFor();
      });
    },
  },
  {
    name: 'invocations: filter, search in bodies, chips, back',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/invocations');
        await rows(page).nth(10).waitFor();
        await page.getByRole('button', {name: 'Filter', exact: true}).click();
        await page.getByRole('combobox', {name: 'Use case'}).click();
        await page.getByRole('option', {name: 'browser-test'}).click();
        await page.waitForURL(/use_case=browser-test/);
        await page.getByRole('combobox', {name: 'Status'}).click();
        await page.getByRole('option', {name: 'Any error'}).click();
        await page.waitForURL(/status=error/);
        await checkAccess(page, 'filters');
        await page.getByRole('button', {name: 'Done'}).click();
        await page.waitForFunction(() => ![...document.querySelectorAll('.grid-row .status')].some((s) => s.textContent === 'OK'));
        await page.getByRole('button', {name: 'Remove the filter Status: Any error'}).click();
        await page.waitForURL((url) => !url.search.includes('status'));
        await page.getByLabel('Search the invocations').fill(kNeedle);
        await page.waitForURL(/q=/);
        await until('only matches are left', async () => {
          const found = await world.api(page, `/invocations?use_case=browser-test&q=${kNeedle}`);
          return found.items.length >= 12 && await rows(page).count() === found.items.length + 1;
        });
        await page.getByLabel('Search the invocations').fill('word-that-nobody-said');
        await page.getByText('No call matches').waitFor();
        await page.getByRole('link', {name: 'Overview', exact: true}).click();
        await page.getByRole('heading', {name: 'Overview'}).waitFor();
        await page.goBack();
        await page.getByText('No call matches').waitFor();
      });
    },
  },
  {
    name: 'invocations: one opened beside the list and as a page',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto(`/invocations?use_case=browser-test&q=${kNeedle}&status=ok`);
        await rows(page).nth(2).click();
        const panel = page.getByRole('complementary', {name: 'Invocation'});
        await panel.getByRole('article', {name: 'Message of the user'}).getByText(kNeedle).waitFor();
        await panel.getByRole('article', {name: 'Message of the assistant'}).waitFor();
        await panel.getByRole('region', {name: 'Tokens and cost'}).getByText('Output').waitFor();
        await panel.getByRole('img', {name: /In Slipway|provider|first token/}).waitFor();
        await checkAccess(page, 'panel');
        await world.shot(page, 'invocation-panel');
        await panel.getByRole('button', {name: 'Copy as curl'}).click();
        const curl = await page.evaluate(() => navigator.clipboard.readText());
        assert.match(curl, /^curl /);
        assert.ok(curl.includes(kNeedle) && curl.includes('$SLIPWAY_API_KEY') && !curl.includes(world.secret));
        const first = new URL(page.url()).searchParams.get('open');
        await panel.getByRole('button', {name: 'Next invocation'}).click();
        await page.waitForURL((url) => url.searchParams.get('open') !== first);
        await panel.getByRole('link', {name: 'Open as a page'}).click();
        await page.waitForURL(/\/invocations\/[0-9a-f-]{36}/);
        await page.getByRole('button', {name: 'Previous'}).click();
        await page.waitForURL(new RegExp(first));
        await page.getByRole('tab', {name: 'Request'}).click();
        await page.getByRole('region', {name: 'Request body'}).getByText(kNeedle).first().waitFor();
        await page.getByRole('tab', {name: 'Response'}).click();
        await page.getByRole('region', {name: 'Response body'}).waitFor();
        await page.getByRole('tab', {name: 'Details'}).click();
        await page.getByText(first).first().waitFor();
        await checkAccess(page, 'invocation page');
        await page.reload();
        await page.getByRole('article', {name: 'Message of the user'}).getByText(kNeedle).waitFor();
        await world.shot(page, 'invocation-page');
      });
    },
  },
  {
    name: 'invocations: streams are put together, tool calls and failures are readable',
    async run(world) {
      await world.with({}, async (page) => {
        const {items} = await world.api(page, '/invocations?use_case=browser-test');
        const streamed = items.find((c) => c.stream && c.status === 'ok');
        assert.ok(streamed.first_token_ms !== null);
        await page.goto(`/invocations/${streamed.id}`);
        const answer = page.getByRole('article', {name: 'Message of the assistant'});
        await answer.getByText(/\d+ events/).waitFor();
        assert.ok((await answer.locator('.turn-body').first().innerText()).length > 3);
        await page.getByText(/first token after/).waitFor();
        const tools = items.find((c) => c.finish_reason === 'tool_calls');
        assert.ok(tools, 'one call ended with a tool call');
        await page.goto(`/invocations/${tools.id}`);
        await page.getByText('1 tool offered').waitFor();
        await page.locator('.tool-call').getByText('find_order').waitFor();
        const failed = items.find((c) => c.status === 'upstream_error');
        await page.goto(`/invocations/${failed.id}`);
        await page.getByRole('region', {name: 'Outcome'}).getByText('Provider error').waitFor();
        assert.ok((await page.getByRole('region', {name: 'Outcome'}).innerText()).includes(failed.error.message));
        await page.goto('/invocations/00000000-0000-7000-8000-000000000000');
        await page.getByText('There is no such invocation').waitFor();
      });
    },
  },
  {
    name: 'invocations: the live tail brings a call in',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/invocations?use_case=browser-test');
        await page.getByRole('switch', {name: 'Live'}).check({force: true});
        await page.getByRole('status').getByText('Live.').waitFor();
        const before = (await world.api(page, '/invocations?use_case=browser-test&limit=1')).items[0].id;
        await (await world.call(world.secret, {model: world.model, messages: [{role: 'user', content: 'Live, please'}]})).text();
        await until('the call is on top', async () => !(await rows(page).nth(1).getAttribute('id')).includes(before));
        await rows(page).nth(1).click();
        await page.getByRole('complementary').getByText('Live, please', {exact: true}).waitFor();
      });
    },
  },
  {
    name: 'invocations: exports',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/invocations?use_case=browser-test');
        await page.getByRole('button', {name: 'Export'}).click();
        await checkAccess(page, 'export menu');
        const get = async (name) => {
          const href = await page.getByRole('menuitem', {name}).getAttribute('href');
          const response = await page.request.get(href);
          assert.equal(response.status(), 200);
          return (await response.text()).trim().split(/\r?\n/);
        };
        const csv = await get('CSV, without bodies');
        assert.match(csv[0], /id,.*status/);
        assert.ok(csv.length >= 16);
        const whole = (await get('JSON lines, with bodies')).map((line) => JSON.parse(line));
        assert.ok(whole.some((call) => call.request_body?.includes(kNeedle)));
        const slim = (await get('JSON lines, without bodies')).map((line) => JSON.parse(line));
        assert.equal(slim.length, whole.length);
        assert.ok(slim.every((call) => !call.request_body));
      });
    },
  },
  {
    name: 'by keyboard alone',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/');
        await page.getByRole('heading', {name: 'Overview'}).waitFor();
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to content');
        await page.keyboard.press('g');
        await page.keyboard.press('i');
        await page.waitForURL(/\/invocations/);
        await rows(page).nth(3).waitFor();
        await page.keyboard.press('j');
        await page.keyboard.press('j');
        await page.keyboard.press('k');
        await page.keyboard.press('j');
        const active = await page.locator('.grid-row[data-active]').getAttribute('id');
        assert.equal(active, await rows(page).nth(2).getAttribute('id'));
        await page.getByRole('grid').focus();
        await page.keyboard.press('Enter');
        await page.waitForURL(/open=/);
        const panel = page.getByRole('complementary', {name: 'Invocation'});
        await panel.waitFor();
        assert.ok(await panel.evaluate((e) => e === document.activeElement));
        await page.keyboard.press('j');
        await page.waitForURL((url) => !active.includes(url.searchParams.get('open')));
        await page.keyboard.press('Escape');
        await panel.waitFor({state: 'hidden'});
        assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'grid');
        await page.keyboard.press('/');
        await page.keyboard.type('abc');
        assert.equal(await page.getByLabel('Search the invocations').inputValue(), 'abc');
        await page.keyboard.press('Control+k');
        const palette = page.getByRole('dialog', {name: 'Command palette'});
        await palette.waitFor();
        await page.keyboard.type('playgr');
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/playground/);
        await page.getByRole('heading', {name: 'Playground', level: 1}).waitFor();
        await page.locator('body').press('Control+k');
        await palette.waitFor();
        await checkAccess(page, 'palette');
        await page.keyboard.press('Escape');
        await palette.waitFor({state: 'hidden'});
        await page.goto('/keys');
        await page.getByRole('heading', {name: 'Keys', level: 1}).waitFor();
        await page.keyboard.press('Shift+?');
        await page.getByRole('dialog', {name: 'Keyboard shortcuts'}).waitFor();
        await checkAccess(page, 'shortcuts');
      });
    },
  },
  {
    name: 'playground: streams, counts, goes on, is recorded and shared',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/playground');
        await page.getByLabel('System message').fill('Answer in one sentence.');
        await page.getByLabel('Temperature').fill('0.3');
        const input = page.getByLabel('Your message');
        await input.fill('What is a slipway?');
        await page.getByRole('button', {name: 'Send'}).isEnabled();
        await input.press('Enter');
        const outcome = page.getByTestId('outcome');
        await outcome.getByText(/\d+ tokens in, \d+ out/).waitFor();
        assert.equal(await input.inputValue(), '');
        assert.ok((await page.getByRole('article', {name: 'Message of the assistant'}).locator('.turn-body').first().innerText()).trim().length > 3);
        await input.fill('And who uses it?');
        await input.press('Enter');
        await outcome.nth(1).getByText(/tokens in/).waitFor();
        await checkAccess(page, 'playground with answers');
        await world.shot(page, 'playground');
        await page.getByRole('button', {name: 'Copy link'}).click();
        const link = await page.evaluate(() => navigator.clipboard.readText());
        await page.getByRole('link', {name: 'Open the invocation'}).nth(1).click();
        await page.getByRole('heading', {name: 'Invocation', level: 1}).waitFor();
        await page.getByRole('article', {name: 'Message of the user'}).nth(1).getByText('And who uses it?').waitFor();
        assert.equal(await page.getByRole('article').count(), 5);
        const id = new URL(page.url()).pathname.split('/').pop();
        const call = await world.api(page, `/invocations/${id}`);
        assert.equal(call.use_case, 'playground');
        assert.equal(JSON.parse(call.request_body).temperature, 0.3);
        await page.goto('/keys');
        await page.goto(link);
        await page.getByRole('article', {name: 'Message of the user'}).first().getByText('What is a slipway?').waitFor();
        assert.equal(await page.getByLabel('System message').inputValue(), 'Answer in one sentence.');
      });
    },
  },
  {
    name: 'playground: on a narrow screen the settings open on demand',
    async run(world) {
      await world.with({width: 390, height: 844}, async (page) => {
        await page.goto('/playground');
        const opener = page.getByRole('button', {name: new RegExp(`^${world.model} · dev`)});
        await opener.waitFor();
        const temperature = page.getByRole('textbox', {name: 'Temperature'});
        assert.ok(!await temperature.isVisible());
        assert.ok(await page.getByRole('textbox', {name: 'Your message'}).isVisible());
        await opener.click();
        assert.equal(await opener.getAttribute('aria-expanded'), 'true');
        await temperature.fill('0.3');
        await checkAccess(page, 'the open settings');
      });
    },
  },

  {
    name: 'playground: stop ends a stream, failures are said, tools answered',
    async run(world) {
      await world.with({}, async (page) => {
        const {items} = await world.api(page, '/models');
        const {name, environment} = items.find((m) => m.simulated && m.operations.includes('chat')) ?? {};
        if (!name) return;  // only the simulator can be told to stall
        const share = (request) => `/playground#p=${Buffer.from(JSON.stringify({environment, request})).toString('base64url')}`;
        await page.goto(share({model: `${name}?stall-after=3`, messages: [{role: 'user', content: 'Stall, please'}]}));
        const input = page.getByLabel('Your message');
        await page.waitForFunction(() => document.querySelector('textarea[aria-label="Your message"]')?.value === 'Stall, please');
        await input.press('Enter');
        await page.locator('.turn[data-role="assistant"] .caret').filter({hasText: /\w/}).waitFor();
        assert.equal(await page.getByRole('log').getAttribute('aria-busy'), 'true');
        await page.getByRole('button', {name: 'Stop'}).click();
        await page.getByTestId('outcome').getByText('stopped').waitFor();
        await until('the stopped call is recorded', async () => (await world.api(page, '/invocations?use_case=playground&status=interrupted')).items.length > 0);

        await page.goto('/keys');
        await page.goto(share({model: `${name}?status=503`, messages: [{role: 'user', content: 'Fail, please'}]}));
        await page.waitForFunction(() => document.querySelector('textarea[aria-label="Your message"]')?.value === 'Fail, please');
        await input.press('Enter');
        await page.getByTestId('outcome').waitFor();
        assert.ok((await page.locator('.turn').getByRole('alert').innerText()).length > 10);
        await page.getByRole('button', {name: 'Try again'}).waitFor();
        await checkAccess(page, 'failed answer');
      });
    },
  },
  {
    name: 'keys: rotate with grace, revoke with the name typed',
    async run(world) {
      const works = async (secret) => (await world.call(secret, {model: world.model, messages: [{role: 'user', content: 'Hi'}]})).ok;
      await world.with({}, async (page) => {
        await page.goto('/keys');
        const open = async (item) => {
          await page.getByRole('button', {name: 'Actions for browser test'}).click();
          await page.getByRole('menuitem', {name: item}).click();
        };
        await open('Rotate…');
        await checkAccess(page, 'rotate dialog');
        await page.getByRole('button', {name: 'Rotate', exact: true}).click();
        const fresh = await page.getByTestId('secret').innerText();
        assert.notEqual(fresh, world.secret);
        await page.getByRole('button', {name: 'I have stored it'}).click();
        await until('the new secret works', () => works(fresh), 5000);
        assert.ok(await works(world.secret), 'the old secret works for its grace');
        await page.getByText(/old secret until/).waitFor();
        await open('Revoke…');
        const dialog = page.getByRole('dialog', {name: 'Revoke browser test'});
        const button = dialog.getByRole('button', {name: 'Revoke', exact: true});
        assert.ok(await button.isDisabled());
        await dialog.getByLabel('Type browser test to go on').fill('browser tes');
        assert.ok(await button.isDisabled());
        await dialog.getByLabel('Type browser test to go on').fill('browser test');
        await checkAccess(page, 'revoke dialog');
        await button.click();
        await dialog.waitFor({state: 'hidden'});
        await until('both secrets are refused', async () => !(await works(fresh)) && !(await works(world.secret)), 5000);
        await page.getByRole('switch', {name: /Show \d+ revoked or expired/}).check({force: true});
        await page.getByText('revoked', {exact: true}).first().waitFor();
        await checkAccess(page, 'revoked keys');
        await world.shot(page, 'keys');
      });
    },
  },
];
