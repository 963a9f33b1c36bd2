// SPDX-License-Identifier: Apache-2.0
// Signing in, a key, and the traffic that the other cases look at.
import assert from 'node:assert/strict';
import {checkAccess, until} from './support.mjs';

const kPassword = 'correct horse battery staple';
export const kNeedle = 'kingfisher-4711';

export const kSetUp = [
  {
    name: 'without a session every page leads to the sign-in, and back afterwards',
    async run(world) {
      for (const scheme of ['light', 'dark']) {
        await world.with({scheme, signedIn: false}, async (page) => {
          await page.goto('/invocations?status=error');
          await page.waitForURL(/\/sign-in\?next=/);
          await page.getByRole('heading', {name: 'Sign in to Slipway'}).waitFor();
          await checkAccess(page, `sign-in, ${scheme}`);
          await world.shot(page, `sign-in-${scheme}`);
        });
      }
    },
  },
  {
    name: 'a wrong token and a wrong password are refused with a sentence',
    async run(world) {
      await world.with({signedIn: false}, async (page) => {
        await page.goto('/sign-in');
        await page.getByLabel('One-time token').fill('not-a-token');
        await page.getByRole('button', {name: 'Use the token'}).click();
        const alert = page.getByRole('alert');
        await alert.waitFor();
        assert.match(await alert.innerText(), /\w+ \w+/);
        await page.getByLabel('Name or e-mail').fill('nobody');
        await page.getByLabel(/^Password/).fill('wrong');
        await page.getByRole('button', {name: 'Sign in'}).click();
        await alert.waitFor();
        assert.equal(new URL(page.url()).pathname, '/sign-in');
      });
    },
  },
  {
    name: 'the one-time link signs in once, and its token leaves the address',
    async run(world) {
      await world.with({signedIn: false}, async (page) => {
        await page.goto(`/sign-in#token=${world.token}`);
        await page.getByRole('heading', {name: 'Overview', level: 1}).waitFor();
        assert.ok(!page.url().includes(world.token));
        const cookie = (await page.context().cookies()).find((c) => c.name === 'slipway_session');
        assert.ok(cookie, 'there is a session cookie');
        assert.equal(cookie.httpOnly, true);
        assert.equal(cookie.sameSite, 'Strict');
        world.signedIn = await page.context().storageState();
      });
      await world.with({signedIn: false}, async (page) => {
        await page.goto(`/sign-in#token=${world.token}`);
        await page.getByRole('alert').waitFor();
        assert.equal(new URL(page.url()).pathname, '/sign-in');
      });
    },
  },
  {
    name: 'an empty server teaches the first call',
    async run(world) {
      await world.with({}, async (page) => {
        const {totals} = await world.api(page, '/overview');
        if (totals.requests > 0) return;  // a server that was given to us may have seen calls
        await page.goto('/');
        await page.getByRole('heading', {name: 'Ready for the first call'}).waitFor();
        await page.getByText('/v1/chat/completions').waitFor();
        await checkAccess(page, 'empty overview');
        await world.shot(page, 'overview-empty');
      });
    },
  },
  {
    name: 'a password can be set and used',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/keys');
        await page.getByRole('button', {name: 'Set a password'}).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('New password').fill('short');
        assert.ok(await dialog.getByRole('button', {name: 'Save'}).isDisabled());
        await dialog.getByLabel('New password').fill(kPassword);
        await dialog.getByLabel('The same once more').fill(kPassword);
        await checkAccess(page, 'password dialog');
        await dialog.getByRole('button', {name: 'Save'}).click();
        await dialog.waitFor({state: 'hidden'});
        const {principal} = await world.api(page, '/session');
        await page.getByRole('button', {name: /Account and settings/}).click();
        await page.getByRole('menuitem', {name: 'Sign out'}).click();
        await page.getByRole('heading', {name: 'Sign in to Slipway'}).waitFor();
        assert.equal((await page.request.get('/api/v1/session')).status(), 401);
        await page.goto('/keys?range=7d');
        await page.getByLabel('Name or e-mail').fill(principal.name);
        await page.getByLabel(/^Password/).fill(kPassword);
        await page.getByRole('button', {name: 'Sign in'}).click();
        await page.getByRole('heading', {name: 'Keys', level: 1}).waitFor();
        assert.equal(new URL(page.url()).search, '?range=7d');
        assert.equal(await page.getByText('You signed in with a one-time link').count(), 0);
        world.signedIn = await page.context().storageState();
      });
    },
  },
  {
    name: 'a key is made, its secret is shown once, and it works',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/keys');
        await page.getByRole('button', {name: 'Create a key'}).first().click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('Name').fill('browser test');
        const useCase = dialog.getByRole('combobox', {name: 'Use case'});
        await useCase.fill('Not a slug');
        await dialog.getByText('Begins with a small letter').waitFor();
        await useCase.fill('browser-test');
        await dialog.getByText('New: it will be registered').waitFor();
        await checkAccess(page, 'key dialog');
        await world.shot(page, 'key-create');
        await dialog.getByRole('button', {name: 'Create', exact: true}).click();
        const secret = page.getByTestId('secret');
        world.secret = await secret.innerText();
        assert.ok(world.secret.length > 30);
        await page.getByRole('tab', {name: 'Python'}).click();
        await page.getByText('from openai import OpenAI').waitFor();
        await checkAccess(page, 'secret dialog');
        await page.getByRole('button', {name: 'Copy the secret'}).click();
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), world.secret);
        await page.keyboard.press('Escape');
        await secret.waitFor();  // not closed by accident
        await page.getByRole('button', {name: 'I have stored it'}).click();
        await page.getByRole('cell', {name: /^browser test/}).waitFor();
        assert.ok(!(await page.content()).includes(world.secret));
        const {items} = await world.api(page, '/models');
        world.model = items.find((m) => m.operations.includes('chat')).name;
      });
      const answer = await until('the key works', async () => {
        const response = await world.call(world.secret, {model: world.model, messages: [{role: 'user', content: 'Hello'}]});
        return response.ok ? response.json() : null;
      });
      assert.ok(answer.choices[0].message.content);
    },
  },
  {
    name: 'traffic: plain, streamed, with tools, failing and refused calls',
    async run(world) {
      const messages = [{role: 'system', content: 'You help.'}, {role: 'user', content: `Tell me about ${kNeedle}, please`}];
      for (let i = 0; i < 12; i++) {
        const response = await world.call(world.secret, {model: world.model, messages, stream: i % 2 === 0, temperature: 0.5});
        assert.equal(response.status, 200);
        await response.text();
      }
      const tools = [{type: 'function', function: {name: 'find_order', description: 'Finds an order', parameters: {type: 'object', properties: {id: {type: 'integer'}}}}}];
      await (await world.call(world.secret, {model: world.model, messages, tools, tool_choice: {type: 'function', function: {name: 'find_order'}}})).text();
      assert.equal((await world.call(world.secret, {model: world.model, messages: 'not a list'})).status, 400);
      assert.ok((await world.call(world.secret, {model: world.model, messages, simulate: {status: 503}})).status >= 500);
      await world.with({}, async (page) => {
        await until('all calls are recorded', async () => (await world.api(page, '/invocations?use_case=browser-test')).items.length >= 15);
      });
    },
  },
];
