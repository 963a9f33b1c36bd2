// SPDX-License-Identifier: Apache-2.0
// Inviting, giving roles, deactivating; the audit log and its proof.
import assert from 'node:assert/strict';
import {checkAccess, until} from './support.mjs';

const kPassword = 'unrelated words make a good one';

async function choose(page, dialog, label, option) {
  await dialog.getByRole('combobox', {name: label}).click();
  await page.getByRole('option', {name: option, exact: true}).click();
}

export const kPeople = [
  {
    name: 'people: an invitation is made, taken once, and opens what the role allows',
    async run(world) {
      let link;
      await world.with({}, async (page) => {
        await page.goto('/people');
        await page.getByRole('heading', {name: 'People', level: 1}).waitFor();
        await page.getByRole('button', {name: 'Invite somebody'}).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('Name', {exact: false}).first().fill('Anna Berg');
        await dialog.getByLabel('E-mail address').fill('anna');
        await dialog.getByText('Looks like anna@example.com').waitFor();
        assert.ok(await dialog.getByRole('button', {name: 'Invite', exact: true}).isDisabled());
        await dialog.getByLabel('E-mail address').fill('anna@example.com');
        await dialog.getByRole('button', {name: 'Another role'}).click();
        await choose(page, dialog, 'Name of role 2', 'reviewer');
        await choose(page, dialog, 'Discipline of role 2', 'legal');
        await checkAccess(page, 'invitation dialog');
        await world.shot(page, 'people-invite');
        await dialog.getByRole('button', {name: 'Invite', exact: true}).click();
        link = await page.getByTestId('secret').innerText();
        await checkAccess(page, 'invitation link');
        await page.keyboard.press('Escape');
        await page.getByTestId('secret').waitFor();  // not closed by accident
        await page.getByRole('button', {name: 'I have sent it'}).click();
        const row = page.getByRole('row', {name: /Anna Berg/});
        await row.getByText('invited').waitFor();
        await row.getByText('reviewer (legal)').waitFor();
      });
      await world.with({signedIn: false}, async (page) => {
        await page.goto(link);
        await page.getByRole('heading', {name: 'Welcome to Slipway'}).waitFor();
        assert.ok(!page.url().includes('token'));
        await checkAccess(page, 'welcome');
        await world.shot(page, 'welcome');
        await page.getByLabel(/^Password/).fill('short');
        await page.getByText('7 more to go').waitFor();
        await page.getByLabel(/^Password/).fill(kPassword);
        await page.getByLabel(/^The same once more/).fill(kPassword);
        await page.getByRole('button', {name: 'Set the password and go on'}).click();
        await page.getByRole('heading', {name: 'Overview', level: 1}).waitFor();
        const {principal, password_set} = await world.api(page, '/session');
        assert.equal(principal.name, 'Anna Berg');
        assert.ok(password_set);
        // She reads the audit log and sees people, but changes nobody.
        await page.goto('/people');
        await page.getByText('Only an administrator changes anything here.').waitFor();
        assert.equal(await page.getByRole('button', {name: 'Invite somebody'}).count(), 0);
        world.anna = await page.context().storageState();
      });
      await world.with({signedIn: false}, async (page) => {
        await page.goto(link);
        await page.getByLabel(/^Password/).fill(kPassword);
        await page.getByLabel(/^The same once more/).fill(kPassword);
        await page.getByRole('button', {name: 'Set the password and go on'}).click();
        assert.match(await page.getByRole('alert').innerText(), /used already/);
      });
    },
  },
  {
    name: 'people: roles are changed, and a deactivated person is out at once',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/people');
        await page.getByRole('searchbox', {name: 'Find a person'}).fill('berg');
        const row = page.getByRole('row', {name: /Anna Berg/});
        await row.getByRole('button', {name: 'Actions for Anna Berg'}).click();
        await checkAccess(page, 'actions for a person');
        await page.getByRole('menuitem', {name: 'Change roles…'}).click();
        const dialog = page.getByRole('dialog');
        assert.ok(await dialog.getByRole('button', {name: 'Save'}).isDisabled());
        await choose(page, dialog, 'Name of role 1', 'data');
        await dialog.getByRole('button', {name: 'Take away role 2'}).click();
        await dialog.getByRole('button', {name: 'Save'}).click();
        await dialog.waitFor({state: 'hidden'});
        await row.getByText('data', {exact: true}).waitFor();
        // The administrator cannot act on themselves.
        await page.getByRole('searchbox', {name: 'Find a person'}).fill('');
        await page.getByRole('row', {name: /\(you\)/}).getByRole('button', {name: /Actions for/}).click();
        await page.getByRole('menuitem', {name: 'What they did'}).waitFor();
        assert.equal(await page.getByRole('menuitem', {name: 'Deactivate…'}).count(), 0);
        await page.keyboard.press('Escape');
        const anna = await world.browser.newContext({baseURL: world.url, storageState: world.anna});
        try {
          assert.equal((await anna.request.get('/api/v1/session')).status(), 200);
          assert.equal((await anna.request.get('/api/v1/audit')).status(), 403);  // the new role does not allow it
          await row.getByRole('button', {name: 'Actions for Anna Berg'}).click();
          await page.getByRole('menuitem', {name: 'Deactivate…'}).click();
          await checkAccess(page, 'deactivation');
          await page.getByRole('dialog').getByRole('button', {name: 'Deactivate'}).click();
          await row.getByText('inactive').waitFor();
          assert.equal((await anna.request.get('/api/v1/session')).status(), 401);
        } finally {
          await anna.close();
        }
        await row.getByRole('button', {name: 'Actions for Anna Berg'}).click();
        await page.getByRole('menuitem', {name: 'Activate'}).click();
        await row.getByText('active', {exact: true}).waitFor();
      });
    },
  },
  {
    name: 'people: a service account gets a token, once',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/people?kind=service');
        await page.getByRole('button', {name: 'Create a service account'}).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('Name', {exact: false}).first().fill('CI');
        await dialog.getByRole('button', {name: 'Create', exact: true}).click();
        const token = await page.getByTestId('secret').innerText();
        assert.match(token, /^slp_/);
        await page.getByRole('button', {name: 'I have stored it'}).click();
        await page.getByRole('row', {name: /CI/}).waitFor();
        const answer = await fetch(`${world.url}/api/v1/session`, {headers: {Authorization: `Bearer ${token}`}});
        assert.equal((await answer.json()).principal.kind, 'service');
      });
    },
  },
  {
    name: 'audit: entries are found, read as differences, and exported',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/people');
        await page.getByRole('button', {name: 'Actions for Anna Berg'}).click();
        await page.getByRole('menuitem', {name: 'What was done to them'}).click();
        await page.waitForURL(/\/audit\?object=anna/);
        await page.getByRole('button', {name: /changed the roles of anna@example.com/}).click();
        const panel = page.getByRole('complementary', {name: 'Audit entry'});
        await panel.getByText('reviewer:legal').waitFor();
        assert.equal(await panel.locator('del').count(), 2);
        assert.equal(await panel.locator('ins').innerText(), 'data');
        await checkAccess(page, 'audit entry');
        await world.shot(page, 'audit-entry');
        await page.keyboard.press('Escape');
        await panel.waitFor({state: 'hidden'});
        assert.match(await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''), /changed the roles/);
        await page.getByRole('button', {name: 'Remove the filter Object'}).click();
        await page.getByRole('button', {name: 'Filter', exact: true}).click();
        await page.getByRole('combobox', {name: 'Action'}).fill('session.*');
        await checkAccess(page, 'audit filters');
        await page.getByRole('button', {name: 'Apply'}).click();
        await page.waitForURL(/action=session/);
        await until('only sessions are shown', async () => (await page.getByRole('button', {name: /^Open entry/}).count()) > 0
            && (await page.getByRole('button', {name: /invited/}).count()) === 0);
        await page.getByRole('button', {name: 'Export'}).click();
        const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', {name: /CSV/}).click()]);
        assert.match(download.suggestedFilename(), /^audit-.*\.csv$/);
      });
    },
  },
  {
    name: 'audit: the log is verified on the page, in both schemes',
    async run(world) {
      for (const scheme of ['light', 'dark']) {
        await world.with({scheme}, async (page) => {
          await page.goto('/audit');
          await page.getByRole('button', {name: /^Open entry/}).first().waitFor();
          await page.getByRole('button', {name: 'Verify the log'}).click();
          await page.getByText('The log is whole.').waitFor();
          await checkAccess(page, `audit, ${scheme}`);
          await world.shot(page, `audit-verified-${scheme}`);
          await page.goto('/people');
          await page.getByRole('row', {name: /Anna Berg/}).waitFor();
          await checkAccess(page, `people, ${scheme}`);
          await world.shot(page, `people-${scheme}`);
        });
      }
    },
  },
];
