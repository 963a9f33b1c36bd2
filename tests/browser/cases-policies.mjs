// SPDX-License-Identifier: Apache-2.0
// What environments ask for: seen, tightened for one use case, and not loosened.
import assert from 'node:assert/strict';
import {checkAccess, choose, send} from './support.mjs';

const kSlug = 'policy-shop';
const rule = (page, name) => page.getByRole('region', {name: 'Rules'}).getByRole('row', {name: new RegExp(`^${name}`)});

export const kPolicies = [
  {
    name: 'policies: what each environment asks for, and who said so',
    async run(world) {
      await world.with({}, async (page) => {
        await send(page, 'POST', '/use-cases', {slug: kSlug, name: 'Policy shop', owner: 'Shop team'});
        await page.goto('/policies');
        await page.getByRole('heading', {name: 'Rules of prod'}).waitFor();
        await rule(page, 'Use case').getByText('Must be approved').waitFor();
        await rule(page, 'Use case').getByText('default', {exact: true}).waitFor();
        await page.getByRole('radiogroup', {name: 'Environment'}).getByText('dev').click();
        await page.waitForURL(/environment=dev/);
        await rule(page, 'Use case').getByText('Need not be approved').waitFor();
        await page.goto('/policies?environment=preprod');  // a link opens the same
        await page.getByRole('heading', {name: 'Rules of preprod'}).waitFor();
        await page.getByRole('button', {name: 'Change', exact: true}).click();
        const dialog = page.getByRole('dialog', {name: 'Rules of preprod'});
        await dialog.getByRole('button', {name: 'Ask for an approval'}).click();
        await dialog.getByLabel('How many, rule 1').fill('2');
        await checkAccess(page, 'changing a policy');
        await world.shot(page, 'policy-form');
        await dialog.getByRole('button', {name: 'Put in force'}).click();
        await dialog.waitFor({state: 'detached'});
        await rule(page, 'Approvals').getByText('2 approvers').waitFor();
        await rule(page, 'Approvals').getByText('shared', {exact: true}).waitFor();
      });
    },
  },
  {
    name: 'policies: a use case tightens, and is refused what would loosen',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/policies?environment=preprod');
        await choose(page, page, 'For', kSlug);
        await page.waitForURL(new RegExp(`owner=${kSlug}`));
        await page.getByRole('heading', {name: `Rules of preprod for ${kSlug}`}).waitFor();
        await page.getByRole('button', {name: 'Tighten'}).click();
        const dialog = page.getByRole('dialog', {name: `Rules of preprod for ${kSlug}`});
        await dialog.getByRole('button', {name: 'Ask for an approval'}).click();
        await dialog.getByLabel('How many, rule 1').fill('1');
        await dialog.getByRole('button', {name: 'Put in force'}).click();
        const refusal = dialog.getByRole('alert');
        await refusal.getByText(/approvals would loosen what 'shared' says for 'preprod'/).waitFor();
        await checkAccess(page, 'a refused policy');
        await world.shot(page, 'policy-refused');
        assert.equal((await world.api(page, `/policies/${kSlug}/preprod`)).version, 0, 'nothing is stored');
        await dialog.getByLabel('How many, rule 1').fill('3');
        await dialog.getByLabel('Evidence is at most so old').fill('48');
        await dialog.getByRole('button', {name: 'Plan a freeze'}).click();
        await dialog.getByLabel('Freeze 1 from').fill('2030-12-20T00:00');
        await dialog.getByLabel('Freeze 1 until').fill('2031-01-03T00:00');
        await dialog.getByLabel('Why freeze 1').fill('Holidays');
        await dialog.getByRole('button', {name: 'Put in force'}).click();
        await dialog.waitFor({state: 'detached'});
        await rule(page, 'Approvals').getByText('3 approvers').waitFor();
        await rule(page, 'Approvals').getByText(kSlug, {exact: true}).waitFor();
        await rule(page, 'Age of evidence').getByText('At most 2 d').waitFor();
        await rule(page, 'Freeze').getByText('Holidays').waitFor();
        const stored = await world.api(page, `/policies/${kSlug}/preprod`);
        assert.deepEqual(Object.keys(stored.content).sort(), ['approvals', 'evidence_max_age_hours', 'freeze'], 'only what was said');
      });
      for (const scheme of ['light', 'dark']) {
        await world.with({scheme}, async (page) => {
          await page.goto(`/policies?environment=preprod&owner=${kSlug}`);
          await rule(page, 'Approvals').getByText('3 approvers').waitFor();
          await checkAccess(page, `policies (${scheme})`);
          await world.shot(page, `policies-use-case-${scheme}`);
          await page.getByRole('button', {name: 'Tighten'}).click();
          await page.getByRole('dialog').getByLabel('How many, rule 1').waitFor();
          await checkAccess(page, `changing a policy (${scheme})`);
          await world.shot(page, `policy-form-${scheme}`);
        });
      }
    },
  },
];
