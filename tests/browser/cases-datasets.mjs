// SPDX-License-Identifier: Apache-2.0
// A dataset from nothing: a file, cases by hand, cases from calls; found again, compared, exported.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {checkAccess, choose, send, until} from './support.mjs';

const kSlug = 'dataset-shop';
const kPage = `/catalogue/${kSlug}/dataset/golden`;
const kCases = 130;
const table = (page) => page.getByRole('region', {name: 'Cases'});
const rows = (page) => table(page).getByRole('row');
const panel = (page) => page.getByRole('complementary', {name: 'Case'});

// JSON lines with a text, messages and variables in turn.
function lines(count) {
  const inputs = [
    (i) => `Where is order ${i}?`,
    (i) => [{role: 'system', content: 'You help customers.'}, {role: 'user', content: `May I send order ${i} back?`}],
    (i) => ({question: `When does store ${i} open?`, language: 'en'}),
  ];
  return Array.from({length: count}, (_, i) => JSON.stringify({
    id: `case-${String(i).padStart(4, '0')}`, input: inputs[i % 3](i), expected: `Answer ${i}`, tags: i % 10 === 0 ? ['hard', 'orders'] : ['orders'],
    split: i % 5 === 0 ? 'test' : 'train', ...(i % 3 === 0 ? {context: ['Orders are shown in the account.']} : {}), ...(i === 1 ? {provenance: {source: 'the help desk', ticket: 'HD-1'}} : {}),
  })).join('\n') + '\n';
}

const file = (name, text) => ({name, mimeType: 'application/octet-stream', buffer: Buffer.from(text)});

export const kDatasets = [
  {
    name: 'datasets: a name without a version teaches the next step; a file becomes its cases',
    async run(world) {
      await world.with({}, async (page) => {
        await send(page, 'POST', '/use-cases', {slug: kSlug, name: 'Dataset shop', owner: 'Shop team'});
        await page.goto(kPage);
        await page.getByRole('heading', {name: 'There is no such asset yet'}).waitFor();
        await checkAccess(page, 'a dataset that is not there');
        await page.getByRole('button', {name: 'Import a file'}).click();
        const dialog = page.getByRole('dialog', {name: 'Import a file of cases'});
        assert.ok(await dialog.getByRole('button', {name: 'Import', exact: true}).isDisabled(), 'without a file there is nothing to import');
        await dialog.locator('input[type=file]').setInputFiles(file('golden.jsonl', '{"input": "a"}\n{"inptu": "b"}\n'));
        await dialog.getByRole('button', {name: 'Import', exact: true}).click();
        await dialog.getByRole('alert').getByText(/line 2/).waitFor();
        await checkAccess(page, 'a file with a mistake');
        await world.shot(page, 'dataset-import-mistake');
        await dialog.locator('input[type=file]').setInputFiles(file('golden.jsonl', lines(kCases)));
        await dialog.getByRole('button', {name: 'Import', exact: true}).click();
        await dialog.waitFor({state: 'detached'});
        await page.getByText(`${kCases} cases`, {exact: true}).waitFor();
        await table(page).getByText('Where is order 0?').waitFor();
        await page.getByText(`50+ of ${kCases} shown`).waitFor();
        await world.shot(page, 'dataset-cases');
      });
    },
  },
  {
    name: 'datasets: cases are paged, filtered and searched by the server; one opens beside them and is a link',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto(kPage);
        await page.getByText(`50+ of ${kCases} shown`).waitFor();
        await page.getByRole('button', {name: 'Show more'}).click();
        await page.getByText(`100+ of ${kCases} shown`).waitFor();
        await page.getByRole('button', {name: 'Show more'}).click();
        await page.getByText(`${kCases} of ${kCases} shown`).waitFor();
        await page.getByRole('button', {name: '13 hard'}).click();
        await page.waitForURL(/tag=hard/);
        await page.getByText(`13 of ${kCases} shown`).waitFor();
        await choose(page, page, 'Split', 'test');
        await page.waitForURL(/split=test/);
        await page.getByText(`13 of ${kCases} shown`).waitFor();
        await page.getByRole('searchbox', {name: 'Search the cases'}).fill('order 120');
        await page.waitForURL(/q=order/);
        await page.getByText(`1 of ${kCases} shown`).waitFor();
        const [saved] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', {name: 'Export'}).click().then(() => page.getByRole('menuitem', {name: /JSON lines/}).click()),
        ]);
        assert.equal(readFileSync(await saved.path(), 'utf8').trim().split('\n').length, 1, 'what was found is what is exported');
        await page.getByRole('searchbox', {name: 'Search the cases'}).fill('nothing like it');
        await page.getByRole('heading', {name: 'No case fits'}).waitFor();
        await checkAccess(page, 'no case fits');
        await page.getByRole('button', {name: 'Take the filters off'}).click();
        await page.getByText(`${kCases} of ${kCases} shown`).waitFor();
        // By keyboard: opened, read, closed, back where it was.
        const opener = page.getByRole('button', {name: 'Open case 2: May I send order 1 back?'});
        await opener.focus();
        await page.keyboard.press('Enter');
        await panel(page).getByText('May I send order 1 back?').waitFor();
        await panel(page).getByText('HD-1').waitFor();
        await page.keyboard.press('Escape');
        await panel(page).waitFor({state: 'detached'});
        assert.ok(await opener.evaluate((e) => e === document.activeElement), 'the focus goes back');
      });
      for (const scheme of ['light', 'dark']) {
        await world.with({scheme}, async (page) => {
          await page.goto(`${kPage}?open=case-0002`);
          await panel(page).getByText('When does store 2 open?').waitFor();
          await panel(page).getByText('Answer 2', {exact: true}).waitFor();
          await checkAccess(page, `a case (${scheme})`);
          await world.shot(page, `dataset-case-${scheme}`);
          await page.getByRole('button', {name: 'Close', exact: true}).click();
          await panel(page).waitFor({state: 'detached'});
          await checkAccess(page, `cases (${scheme})`);
          await world.shot(page, `dataset-cases-${scheme}`);
        });
      }
      await world.with({width: 390, height: 800}, async (page) => {
        await page.goto(kPage);
        await table(page).waitFor();
        await checkAccess(page, 'cases on a telephone');
        await world.shot(page, 'dataset-cases-narrow');
      });
    },
  },
  {
    name: 'datasets: a case is added, changed and removed, each a version; versions are compared case by case',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto(kPage);
        await page.getByRole('button', {name: 'Add a case'}).click();
        const adding = page.getByRole('dialog', {name: 'Add a case'});
        await adding.getByText('Variables', {exact: true}).click();
        await adding.getByLabel('What goes in', {exact: false}).last().fill('{"question": ');
        await adding.getByRole('button', {name: 'Add', exact: true}).click();
        await adding.getByText(/no JSON/).waitFor();
        await checkAccess(page, 'adding a case');
        await world.shot(page, 'dataset-add');
        await adding.getByLabel('What goes in', {exact: false}).last().fill('{"question": "Do you have gift cards?"}');
        await adding.getByLabel('What a good answer says').fill('Yes, from 10 euros.');
        await adding.getByLabel('Name').fill('gift-cards');
        await adding.getByRole('button', {name: 'Add', exact: true}).click();
        await adding.waitFor({state: 'detached'});
        await page.getByText(`${kCases + 1} cases`, {exact: true}).waitFor();

        await page.goto(`${kPage}?open=case-0000`);
        await panel(page).getByRole('button', {name: 'Edit'}).click();
        const changing = page.getByRole('dialog', {name: 'Change the case'});
        await changing.getByLabel('What a good answer says').fill('On its way.');
        await changing.getByRole('button', {name: 'Save'}).click();
        await changing.waitFor({state: 'detached'});
        await panel(page).getByText('On its way.').waitFor();

        await page.goto(`${kPage}?open=case-0003`);
        await panel(page).getByRole('button', {name: 'Remove this case'}).click();
        const removing = page.getByRole('dialog', {name: 'Remove the case?'});
        await removing.getByText('Where is order 3?').waitFor();
        await removing.getByRole('button', {name: 'Remove', exact: true}).click();
        await removing.waitFor({state: 'detached'});
        await panel(page).waitFor({state: 'detached'});
        await page.getByText(`${kCases} cases`, {exact: true}).waitFor();
        const {latest} = await world.api(page, `/assets/${kSlug}/dataset/golden`);
        assert.equal(latest.version, 4);
        // An older version still has it, and can't be changed.
        await page.goto(`${kPage}?version=1&open=case-0003`);
        await panel(page).getByText('Where is order 3?').waitFor();
        await page.getByText('not the latest').waitFor();
        assert.equal(await panel(page).getByRole('button', {name: 'Edit'}).count(), 0);
      });
      for (const scheme of ['light', 'dark']) {
        await world.with({scheme}, async (page) => {
          await page.goto(`${kPage}?tab=compare&before=1`);
          await page.getByText(`1 added, 1 changed, 1 removed, ${kCases - 2} unchanged`).waitFor();
          const changes = page.getByRole('list', {name: 'Changed cases'});
          await changes.getByText('On its way.').waitFor();
          await changes.getByText('Where is order 3?').waitFor();
          await checkAccess(page, `datasets compared (${scheme})`);
          await world.shot(page, `dataset-compare-${scheme}`);
        });
      }
    },
  },
  {
    name: 'datasets: somebody else was faster, and is not overwritten',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto(kPage);
        await page.getByRole('button', {name: 'Add a case'}).click();
        const adding = page.getByRole('dialog', {name: 'Add a case'});
        await adding.getByRole('textbox', {name: 'What goes in'}).fill('Too late?');
        await send(page, 'POST', `/datasets/${kSlug}/golden/cases`, {add: [{id: 'theirs', input: 'First!'}]});
        await adding.getByRole('button', {name: 'Add', exact: true}).click();
        await adding.getByRole('alert').getByText(/version/).waitFor();
        await send(page, 'POST', `/datasets/${kSlug}/golden/cases`, {remove: ['theirs']});
      });
    },
  },
  {
    name: 'datasets: cases from calls are looked at, masked and without repetitions, before they are kept',
    async run(world) {
      await world.with({}, async (page) => {
        const {secret} = await send(page, 'POST', '/keys', {name: 'calls for cases', use_case: kSlug, environment: 'dev'});
        const questions = ['Where is my parcel? Write to anna@example.com', 'Where is my parcel? Write to anna@example.com', 'How do I return a bicycle that is too small for me?', 'Is the shop in Bern open on Sunday?'];
        for (const content of questions) {
          const answer = await world.call(secret, {model: 'simulated/simulated-small', messages: [{role: 'user', content}]});
          assert.equal(answer.status, 200, await answer.text());
        }
        await until('the calls are to be found', async () => (await world.api(page, `/invocations?use_case=${kSlug}`)).items.length === questions.length);
        await page.goto(`${kPage}?tab=calls`);
        await page.getByText('nothing is kept before you have seen it').waitFor();
        await page.getByRole('combobox', {name: 'Split'}).fill('from-calls');
        await page.getByRole('button', {name: 'Look at them'}).click();
        await page.getByText('1 the same text').waitFor();
        await page.getByText(/^\d × email$/).waitFor();
        assert.equal(await page.getByText('anna@example.com').count(), 0, 'what is masked is not shown');
        await page.locator('details.preview-case').nth(2).waitFor();
        await checkAccess(page, 'cases from calls');
        await world.shot(page, 'dataset-calls');
        // What was looked at is what is kept: another choice is looked at first.
        await page.getByLabel('How many').fill('2');
        await page.getByText('Look again before adding').waitFor();
        assert.ok(await page.getByRole('button', {name: /^Add 3 cases/}).isDisabled());
        await page.getByLabel('How many').fill('50');
        await page.getByRole('button', {name: 'Look at them'}).click();
        await page.getByRole('button', {name: 'Add 3 cases'}).click();
        await page.getByText(`${kCases + 3} cases`, {exact: true}).waitFor();
        await page.goto(`${kPage}?split=from-calls`);
        await page.getByText(`3 of ${kCases + 3} shown`).waitFor();
        await rows(page).nth(1).getByRole('button').click();
        await panel(page).getByRole('link').first().click();  // where it came from
        await page.getByRole('heading', {name: /Invocation/}).first().waitFor();
      });
      await world.with({scheme: 'dark'}, async (page) => {
        await page.goto(`${kPage}?tab=calls`);
        await page.getByRole('button', {name: 'Look at them'}).click();
        await page.locator('details.preview-case').first().waitFor();
        await checkAccess(page, 'cases from calls (dark)');
        await world.shot(page, 'dataset-calls-dark');
      });
    },
  },
];
