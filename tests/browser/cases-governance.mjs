// SPDX-License-Identifier: Apache-2.0
// From an idea to production and back: register, review, write, cut, approve, promote, roll back.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {checkAccess, choose, send, until} from './support.mjs';

const kSlug = 'refund-helper';
const kName = 'Refund helper';
const kPrompt = `/catalogue/${kSlug}/prompt/main`;
// What somebody could try to smuggle into the notes.
const kTrick = '<img src="https://elsewhere.example/x.png" onerror="document.title=1"><script>document.title=2</script>';

const heading = (page, name) => page.getByRole('heading', {name, level: 1}).waitFor();
const verdict = (page) => page.getByRole('region', {name: 'Verdict'}).first();
const says = (page, text) => verdict(page).getByText(text).first().waitFor();

async function settle(page) {
  await page.getByRole('heading', {level: 1}).waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-label="Loading"]'));
  await page.waitForTimeout(250);
}

// Waits until the server has looked at what stands in the editor.
async function write(page, text) {
  const editor = page.locator('.cm-content[contenteditable="true"]');
  await editor.waitFor();
  await editor.fill(text);
}

async function promote(page, environment) {
  await page.goto(`/releases/${kSlug}`);
  await page.getByRole('button', {name: `Promote here: to ${environment}`}).click();
  const dialog = page.getByRole('dialog', {name: `Promote to ${environment}`});
  await dialog.getByText('Yes. Everything that the policy asks for is met.').waitFor();
  return dialog;
}

export const kGovernance = [
  {
    name: 'register: a product owner says what, for whom, with what risk, and submits it',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/use-cases');
        await page.getByRole('link', {name: 'Register a use case'}).first().click();
        await heading(page, 'Register a use case');
        await page.getByRole('button', {name: 'Next'}).click();
        await page.getByText('A name is needed').waitFor();
        await page.getByLabel('What is it called?').fill(kName);
        assert.equal(await page.getByLabel('Short name').inputValue(), kSlug);
        await page.getByLabel('What is it for?').fill(`Answers questions about refunds. ${kTrick}`);
        await page.getByLabel('Whom does it affect?').fill('Customers who send something back');
        await page.getByLabel('Who owns it?').fill('Refund team');
        await checkAccess(page, 'register, step 1');
        await page.getByRole('button', {name: 'Next'}).click();
        await page.getByText('questions are still open').waitFor();
        await page.reload();  // what was typed survives
        await page.getByText('questions are still open').waitFor();
        const {questions, tiers} = await world.api(page, '/questionnaire');
        for (const {text, options} of questions) {
          const harmless = options.find((o) => o.tier === null || o.tier === tiers[0].name);
          await page.getByRole('radiogroup', {name: text}).getByLabel(harmless.label, {exact: true}).check();
        }
        await page.getByText(`reviewed by ${tiers[0].required_reviews[0]}`).waitFor();
        await checkAccess(page, 'register, step 2');
        await world.shot(page, 'register-risk');
        await page.getByRole('button', {name: 'Next'}).click();
        await page.getByRole('button', {name: 'Add a goal'}).click();
        await page.getByLabel('Goal 1', {exact: true}).fill('Solved without a person');
        await page.getByLabel('Target of goal 1').fill('60');
        await page.getByRole('button', {name: 'Add a threshold'}).click();
        await page.getByRole('button', {name: 'Check it'}).click();
        await page.getByText('Each threshold needs a metric and a value').waitFor();
        await page.getByLabel('Metric 1', {exact: true}).fill('faithfulness');
        await page.getByLabel('Value of metric 1').fill('0.9');
        await page.getByLabel('What can it not do?').fill('English only');
        await checkAccess(page, 'register, step 3');
        await page.getByRole('button', {name: 'Check it'}).click();
        await page.getByText('faithfulness ≥ 0.9').waitFor();
        await checkAccess(page, 'register, step 4');
        await page.getByRole('button', {name: 'Register and submit for review'}).click();
        await heading(page, kName);
        await says(page, /waits for/);
        await page.getByRole('tab', {name: /Risk and reviews/}).click();
        await page.waitForURL(/tab=risk/);
        await page.getByText('Waiting').first().waitFor();
        await page.goto('/use-cases?state=in_review');
        await page.getByRole('link', {name: kName}).waitFor();
        const [file] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', {name: 'Export'}).click().then(() => page.getByRole('menuitem', {name: /CSV/}).click()),
        ]);
        assert.match(readFileSync(await file.path(), 'utf8'), /refund-helper/);
      });
    },
  },
  {
    name: 'review: somebody else finds it in the queue and decides on one page',
    async run(world) {
      let path;
      await world.with({}, async (page) => {
        ({path} = await send(page, 'POST', '/principals', {kind: 'user', name: 'Rita Reviewer', email: 'rita@example.com', grants: [{role: 'reviewer'}, {role: 'approver'}, {role: 'viewer'}]}));
        const use = await world.api(page, `/use-cases/${kSlug}`);
        assert.equal(use.state, 'in_review');
        world.reviews = use.required_reviews;
      });
      await world.with({signedIn: false}, async (page) => {
        await page.goto(path);
        await page.getByLabel(/^Password/).fill('a password of some length');
        await page.getByLabel('The same once more').fill('a password of some length');
        await page.getByRole('button', {name: 'Set the password and go on'}).click();
        await page.getByRole('navigation', {name: 'Main'}).waitFor();
        world.reviewer = await page.context().storageState();
        await page.goto('/approvals');
        for (const discipline of world.reviews) {
          await page.locator(`a.queue-item[href*="review/${kSlug}/${discipline}"]`).click();
          await page.getByRole('heading', {name: `May ${kName} go ahead?`}).waitFor();
          for (const text of ['Customers who send something back', 'English only', 'faithfulness ≥ 0.9']) await page.getByText(text).first().waitFor();
          const form = page.getByRole('form', {name: `Decision of ${discipline}`});
          await form.getByLabel('Reject').check();
          assert.ok(await form.getByRole('button', {name: 'Reject'}).isDisabled(), 'a rejection says why');
          await form.getByLabel('Approve with conditions').check();
          await form.getByRole('textbox', {name: 'Conditions'}).fill('A person reads ten answers a week');
          await checkAccess(page, 'a review');
          await world.shot(page, 'approvals-review');
          await form.getByRole('button', {name: 'Approve'}).click();
          await page.locator(`a.queue-item[href*="review/${kSlug}/${discipline}"]`).waitFor({state: 'detached'});
        }
        await page.goto(`/use-cases/${kSlug}`);
        await says(page, /until \d/);
        await says(page, /condition/);
      });
    },
  },
  {
    name: 'catalogue: an asset is written, checked with its lines, saved, changed and compared',
    async run(world) {
      await world.with({}, async (page) => {
        const {items} = await world.api(page, '/models?environment=dev');
        const model = items.find((m) => m.operations.includes('chat'));
        await page.goto('/catalogue');
        await page.getByRole('button', {name: 'New asset'}).first().click();
        const dialog = page.getByRole('dialog', {name: 'New asset'});
        await choose(page, dialog, 'Owner', kSlug);
        await choose(page, dialog, 'Kind', /^Model/);
        await dialog.getByLabel('Name').fill('Not a name');
        await dialog.getByText('Begins with a small letter').waitFor();
        await dialog.getByLabel('Name').fill('main');
        await checkAccess(page, 'new asset');
        await dialog.getByRole('button', {name: 'Write it'}).click();
        await write(page, `description: Answers about refunds\nconnection: ${model.connection}\nmodel: ${model.model}\n`);
        await page.getByText('Valid, not saved').waitFor();
        await page.getByRole('button', {name: 'Save version 1'}).click();
        await says(page, 'Version 1');

        await page.goto(`${kPrompt}?tab=edit`);
        await write(page, 'description: Answers about refunds\nmodel: main\nmesages: []\n');
        await page.getByRole('heading', {name: /problem/}).waitFor();
        await page.locator('.cm-lint-marker-error').first().waitFor();
        assert.ok(await page.getByRole('button', {name: /^Save version/}).isDisabled());
        await checkAccess(page, 'editor with problems');
        await world.shot(page, 'asset-problems');
        await page.getByRole('button', {name: /^Line \d/}).first().click();
        assert.ok(await page.evaluate(() => document.activeElement.classList.contains('cm-content')), 'the caret is at the problem');
        const first = 'description: Answers about refunds\nmodel: main\nvariables:\n  question:\n    type: string\n    required: true\nmessages:\n  - role: system\n    content: You answer questions about refunds.\n  - role: user\n    content: "{{question}}"\n';
        await write(page, first);
        await page.getByText('Valid, not saved').waitFor();
        await page.getByLabel('What did you change, and why?').fill('First version');
        await page.getByRole('button', {name: 'Save version 1'}).click();
        await says(page, 'First version');

        await page.getByRole('button', {name: 'Edit'}).click();
        const editor = page.locator('.cm-content[contenteditable="true"]');
        await editor.waitFor();
        const stored = await editor.evaluate((e) => [...e.querySelectorAll('.cm-line')].map((l) => l.textContent).join('\n'));
        await write(page, stored.replace('about refunds.', 'about refunds in two sentences.'));
        await page.getByText('Valid, not saved').waitFor();
        await page.getByRole('button', {name: 'As a patch'}).click();
        const patch = page.getByRole('region', {name: 'Patch', exact: true});
        await patch.getByText('+++ b/prompts/main.yaml').waitFor();
        await patch.getByText(/^\+.*two sentences/).waitFor();
        await checkAccess(page, 'patch');
        const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'Download'}).click()]);
        assert.match(readFileSync(await file.path(), 'utf8'), /^diff --git a\/prompts\/main.yaml/);
        await page.keyboard.press('Escape');

        // Leaving would lose it, so it asks.
        await page.getByRole('link', {name: 'Releases'}).first().click();
        await page.getByRole('dialog', {name: 'Leave without saving?'}).getByRole('button', {name: 'Stay'}).click();

        // Somebody else saves first.
        const latest = await world.api(page, `/assets/${kSlug}/prompt/main`);
        await send(page, 'PUT', `/assets/${kSlug}/prompt/main`, {content: {...latest.content, description: 'Answers about refunds, kindly'}, message: 'Kinder', parent: latest.latest.digest});
        await page.getByLabel('What did you change, and why?').fill('Shorter');
        await page.getByRole('button', {name: 'Save version 2'}).click();
        await page.getByText('Version 2 came in between').waitFor();
        await page.getByRole('button', {name: 'What did they change?'}).click();
        await page.getByRole('list', {name: 'Changes'}).getByText('description').waitFor();
        await checkAccess(page, 'conflict');
        await world.shot(page, 'asset-conflict');
        await page.getByRole('button', {name: 'Go on with mine on top'}).click();
        await page.getByRole('button', {name: 'Save version 3'}).click();
        await says(page, 'Shorter');

        await page.getByRole('tab', {name: 'History (3)'}).click();
        await page.getByRole('list', {name: 'Changes'}).locator('ins', {hasText: 'two'}).waitFor();
        await page.getByRole('radio', {name: 'Compare from version 1'}).check();
        await page.waitForURL(/before=1/);
        await page.getByText('Diff', {exact: true}).click();
        await page.getByRole('region', {name: 'Unified diff from version 1 to 3'}).getByText(/^\+.*two sentences/).waitFor();

        await page.goto(`/catalogue/${kSlug}/model/main?tab=used`);
        await page.getByRole('link', {name: `${kSlug}/prompt/main`}).waitFor();
        await page.getByRole('button', {name: 'More'}).click();
        await page.getByRole('menuitem', {name: 'Labels…'}).click();
        const labels = page.getByRole('dialog', {name: 'Labels of main'});
        await labels.getByLabel('Label', {exact: true}).fill('stable');
        await labels.getByRole('button', {name: 'Set the label'}).click();
        await labels.waitFor({state: 'hidden'});
        await page.goto(`/catalogue?owner=${kSlug}&q=refunds`);
        await page.getByRole('row', {name: /main model/}).getByText('stable').waitFor();
      });
    },
  },
  {
    name: 'try: a prompt answers side by side, with tokens and cost',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto(`${kPrompt}?tab=try`);
        await page.getByRole('button', {name: 'Compare with another'}).click();
        await page.getByRole('button', {name: 'Run all 2'}).click();
        await page.getByText('This is needed').waitFor();
        await page.getByLabel('question').fill('When do I get my money back?');
        await page.getByRole('button', {name: 'Only render'}).click();
        await page.getByRole('region', {name: 'Column 1'}).getByText('When do I get my money back?').waitFor();
        await page.getByRole('button', {name: 'Run all 2'}).click();
        for (const column of ['Column 1', 'Column 2']) await page.getByRole('region', {name: column}).getByTestId('outcome').getByText(/tokens in/).waitFor();
        await checkAccess(page, 'try');
        await world.shot(page, 'asset-try');
        await page.getByRole('region', {name: 'Column 1'}).getByRole('button', {name: 'Save as a case'}).click();
        const dialog = page.getByRole('dialog', {name: 'Save as a case'});
        await dialog.getByLabel('Dataset').fill('golden');
        await dialog.getByLabel('A good answer').fill('Within two weeks.');
        await checkAccess(page, 'save a case');
        await world.shot(page, 'save-case');
        await dialog.getByRole('button', {name: 'Save the case'}).click();
        await page.getByText('golden has 1 case now.').waitFor();
        await page.goto(`/catalogue/${kSlug}/dataset/golden`);
        await heading(page, 'golden');
      });
    },
  },
  {
    name: 'releases: cut, refused, approved by somebody else, promoted to production',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto(`/releases/${kSlug}`);
        await says(page, 'cut one from the assets');
        await page.getByRole('button', {name: 'Cut a release'}).click();
        const dialog = page.getByRole('dialog', {name: /Cut a release/});
        await dialog.getByLabel('What does it bring?').fill('The first answers');
        await dialog.getByRole('region', {name: 'Notes'}).getByRole('heading').first().waitFor();
        await checkAccess(page, 'cut');
        await world.shot(page, 'release-cut');
        await dialog.getByRole('button', {name: 'Cut the release'}).click();
        await heading(page, `${kSlug}@1`);
        await page.getByRole('tab', {name: '2 assets'}).waitFor();
        assert.equal(await page.locator('.markdown img, .markdown script').count(), 0, 'text stays text');
        assert.ok(!/^[12]$/.test(await page.title()));

        for (const environment of ['dev', 'preprod']) {
          const promotion = await promote(page, environment);
          await promotion.getByRole('tab', {name: 'What changes there'}).click();
          await promotion.getByRole('region', {name: 'What changes'}).waitFor();
          await checkAccess(page, `promotion to ${environment}`);
          await promotion.getByRole('button', {name: 'Promote', exact: true}).click();
          await page.getByRole('listitem', {name: `${environment}: release 1`}).waitFor();
        }
        await page.getByRole('button', {name: 'Promote here: to prod'}).click();
        const prod = page.getByRole('dialog', {name: 'Promote to prod'});
        await prod.getByRole('status').getByText('No.').waitFor();
        assert.ok(await prod.getByRole('button', {name: 'Promote', exact: true}).isDisabled());
        await world.shot(page, 'promotion-refused');
        await checkAccess(page, 'refused promotion');
      });
      await world.with({state: world.reviewer}, async (page) => {
        await page.goto('/approvals');
        await page.locator(`a.queue-item[href*="release/${kSlug}/1/prod"]`).click();
        await page.getByRole('heading', {name: `May ${kSlug}@1 go to prod?`}).waitFor();
        await page.getByRole('heading', {name: 'Release notes'}).waitFor();
        await checkAccess(page, 'an approval');
        await world.shot(page, 'approvals-release');
        await page.getByLabel('Comment').fill('The answers are fine.');
        await page.getByRole('button', {name: 'Approve for prod'}).click();
        await page.locator(`a.queue-item[href*="release/${kSlug}/1/prod"]`).waitFor({state: 'detached'});
      });
      await world.with({}, async (page) => {
        const dialog = await promote(page, 'prod');
        await dialog.getByRole('button', {name: 'Promote', exact: true}).click();
        await page.getByRole('listitem', {name: 'prod: release 1'}).waitFor();
        await page.goto('/releases');
        await page.getByRole('row', {name: new RegExp(kName)}).getByText('@1').nth(2).waitFor();
      });
    },
  },
  {
    name: 'releases: a second one goes as a canary, is finished, and is rolled back',
    async run(world) {
      await world.with({}, async (page) => {
        const latest = await world.api(page, `/assets/${kSlug}/prompt/main`);
        await send(page, 'PUT', `/assets/${kSlug}/prompt/main`, {content: {...latest.content, description: 'Answers about refunds, second try'}, message: 'Second', parent: latest.latest.digest});
        await send(page, 'POST', `/use-cases/${kSlug}/releases`, {message: 'Second try'});
        let dialog = await promote(page, 'dev');
        await dialog.getByText('Canary', {exact: true}).click();
        await choose(page, dialog, 'Pace', 'My own steps');
        await dialog.getByLabel('Steps').fill('nonsense');
        await dialog.getByText(/is not a step/).waitFor();
        await dialog.getByLabel('Steps').fill('10 % 60 min, 100 %');
        await checkAccess(page, 'canary');
        await dialog.getByRole('button', {name: 'Begin the canary'}).click();
        const panel = page.getByRole('region', {name: /^Canary under way.* in dev/});
        await panel.getByText('10 %').first().waitFor();
        await checkAccess(page, 'rollout');
        await world.shot(page, 'rollout');
        await panel.getByRole('button', {name: 'To all now'}).click();
        await page.getByRole('listitem', {name: 'dev: release 2'}).waitFor();
        await page.getByRole('button', {name: 'Roll back dev'}).click();
        dialog = page.getByRole('dialog', {name: 'Roll back dev'});
        assert.ok(await dialog.getByRole('button', {name: /^Roll back to/}).isDisabled(), 'a reason is needed');
        await dialog.getByLabel('Why?').fill('It forgot the second sentence');
        await checkAccess(page, 'roll back');
        await world.shot(page, 'roll-back');
        await dialog.getByRole('button', {name: `Roll back to ${kSlug}@1`}).click();
        await page.getByRole('listitem', {name: 'dev: release 1'}).waitFor();
        await choose(page, page, 'Environment of the history', 'dev');
        await page.getByRole('region', {name: 'History of dev'}).getByText('It forgot the second sentence').waitFor();
      });
    },
  },
  {
    name: 'keys and links: every page of these has a letter, an address and fits',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto('/');
        await settle(page);
        for (const [key, name] of [['u', 'Use cases'], ['c', 'Catalogue'], ['r', 'Releases'], ['a', 'Approvals'], ['y', 'Policies']]) {
          await page.keyboard.press('g');
          await page.keyboard.press(key);
          await heading(page, name);
        }
      });
      const pages = [
        ['use-case', `/use-cases/${kSlug}`], ['use-case-risk', `/use-cases/${kSlug}?tab=risk`], ['use-case-releases', `/use-cases/${kSlug}?tab=releases`],
        ['use-case-figures', `/use-cases/${kSlug}?tab=figures`], ['use-case-assets', `/use-cases/${kSlug}?tab=assets`], ['use-case-edit', `/use-cases/${kSlug}/edit`],
        ['asset', kPrompt], ['asset-edit', `${kPrompt}?tab=edit`], ['asset-history', `${kPrompt}?tab=history&before=1`], ['asset-used', `/catalogue/${kSlug}/model/main?tab=used`],
        ['asset-try', `${kPrompt}?tab=try`], ['releases-one', `/releases/${kSlug}`], ['release', `/releases/${kSlug}/1`], ['release-evidence', `/releases/${kSlug}/1?tab=evidence`],
        ['release-approvals', `/releases/${kSlug}/1?tab=approvals`],
      ];
      for (const [scheme, width] of [['light', 1440], ['dark', 768], ['light', 390], ['dark', 1440]]) {
        await world.with({scheme, width, height: width < 600 ? 844 : 900}, async (page) => {
          for (const [name, path] of pages) {
            await page.goto(path);
            await settle(page);
            await world.shot(page, `${name}-${scheme}-${width}`);
            await checkAccess(page, `${name}, ${scheme}, ${width} px`);
            const over = await page.evaluate(() => Math.max(...[document.documentElement, ...document.querySelectorAll('.page')].map((e) => e.scrollWidth - e.clientWidth)));
            assert.ok(over <= 0, `${name} is ${over} px too wide at ${width}`);
          }
        });
      }
    },
  },
  {
    name: 'retire: its page says so, and its keys end',
    async run(world) {
      await world.with({}, async (page) => {
        await send(page, 'POST', '/use-cases', {slug: 'short-lived', name: 'Short-lived'});
        await page.goto('/use-cases/short-lived');
        await says(page, /say what it is for/);
        await page.getByRole('button', {name: 'More'}).click();
        await page.getByRole('menuitem', {name: 'Retire…'}).click();
        const dialog = page.getByRole('dialog', {name: 'Retire Short-lived'});
        await dialog.getByLabel('Why?').fill('Only a trial');
        await checkAccess(page, 'retire');
        await dialog.getByRole('button', {name: 'Retire', exact: true}).click();
        await says(page, /its keys no longer work/);
        await until('the registry says retired', async () => (await world.api(page, '/use-cases/short-lived')).state === 'retired');
      });
    },
  },
];
