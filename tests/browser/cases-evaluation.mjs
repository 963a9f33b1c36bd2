// SPDX-License-Identifier: Apache-2.0
// Evaluations and their runs: started from the console, followed, cancelled and gone on with; answers looked at, runs compared.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {checkAccess, choose, send, until} from './support.mjs';

const kSlug = 'evaluation-shop';
const kCases = 60;
const kWrong = Array.from({length: kCases}, (_, i) => i).filter((i) => i % 3 === 0).length;
const kMissing = [7, 29];  // cases that bring no answer

const heading = (page, name) => page.getByRole('heading', {name, level: 1}).waitFor();
const outcome = (page) => page.getByRole('region', {name: 'Outcome'});
const panel = (page) => page.getByRole('complementary', {name: 'Result'});
const results = (page) => page.getByRole('region', {name: 'Results'});
const tab = (page, name) => page.getByRole('tab', {name}).click();

const good = (i) => `You may send order ${i} back within 30 days, and the money comes in a week.`;
const bad = (i) => `You can send order ${i} back within 14 days, and the money comes in two weeks.`;

// A third of the answers that came with the cases is wrong; of those that come in a file, a twelfth.
const cases = Array.from({length: kCases}, (_, i) => ({
  id: `case-${String(i).padStart(3, '0')}`, input: `May I send order ${i} back?`, expected: good(i), tags: [i % 2 ? 'returns' : 'refunds', ...(i % 5 === 0 ? ['hard'] : [])], split: i < 40 ? 'test' : 'train',
  ...(kMissing.includes(i) ? {} : {metadata: {response: i % 3 === 0 ? bad(i) : good(i)}}),
}));
const better = cases.map(({id}, i) => JSON.stringify({id, response: i % 12 === 0 ? bad(i) : good(i), latency_ms: 400 + i, cost_usd: 0.0004, input_tokens: 20, output_tokens: 18, model: 'given/better'})).join('\n') + '\n';

const kMetrics = [
  {metric: 'equals', name: 'correct'}, {metric: 'rouge_l', name: 'close', threshold: 0.85}, {metric: 'word_count', params: {max: 40}}, {metric: 'reading_ease'},
];

async function push(page, kind, name, content, owner = kSlug) {
  await send(page, 'POST', '/assets/push', {assets: [{owner, kind, name, content}], message: 'for the evaluation'});
}

const ended = (run) => !['queued', 'running'].includes(run.state);
async function finished(world, page, id) {
  return until('the run ends', async () => {
    const run = await world.api(page, `/runs/${id}`);
    return ended(run) && run;
  }, 60_000);
}

// What a program would send; the file goes in one piece.
async function upload(page, text) {
  const {id} = await send(page, 'POST', `/dataset-uploads/${kSlug}`, {file_name: 'answers.jsonl'});
  const session = await (await page.request.get('/api/v1/session')).json();
  const response = await page.request.fetch(`/api/v1/dataset-uploads/${kSlug}/${id}?offset=0`, {method: 'PUT', data: Buffer.from(text), headers: {'X-CSRF-Token': session.csrf_token, 'Content-Type': 'application/octet-stream'}});
  assert.ok(response.ok(), await response.text());
  return id;
}

async function settle(page) {
  await page.getByRole('heading', {level: 1}).waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-label="Loading"]'));
  await page.waitForTimeout(400);  // plots draw
}

export const kEvaluation = [
  {
    name: 'evaluations: without one, the next step is taught; without a run too',
    async run(world) {
      await world.with({}, async (page) => {
        if ((await world.api(page, '/assets?kind=evaluation')).total === 0) {
          await page.goto('/evaluations');
          await page.getByRole('heading', {name: 'Nothing is evaluated yet'}).waitFor();
          await checkAccess(page, 'no evaluations');
          await world.shot(page, 'evaluations-empty');
        }
        if ((await world.api(page, '/runs')).items.length === 0) {
          await page.goto('/runs');
          await page.getByRole('heading', {name: 'No run yet'}).waitFor();
          await checkAccess(page, 'no runs');
          await world.shot(page, 'runs-empty');
        }
        await page.goto('/runs/compare');
        await page.getByRole('heading', {name: 'Nothing to compare yet'}).waitFor();
        await checkAccess(page, 'nothing to compare');
        await page.goto('/runs/01987c3e-0000-7000-8000-000000000000');
        await page.getByRole('alert').getByText('There is no such run').waitFor();
      });
    },
  },
  {
    name: 'evaluations: each with what it asks, judges by and came to; run from a dialog',
    async run(world) {
      await world.with({}, async (page) => {
        await send(page, 'POST', '/use-cases', {slug: kSlug, name: 'Evaluation shop', owner: 'Shop team'});
        await send(page, 'POST', `/datasets/${kSlug}/golden/cases`, {add: cases});
        await push(page, 'model', 'main', {connection: 'simulated', model: 'simulated-small'});
        await push(page, 'model', 'slow', {connection: 'simulated', model: 'simulated-small?first-token-ms=1200'});
        await push(page, 'prompt', 'answer', {model: 'main', messages: [{role: 'system', content: 'You answer customers.'}]});
        await push(page, 'evaluation', 'golden', {
          description: 'What customers ask most', dataset: 'golden', target: {responses: {from: 'cases'}}, metrics: kMetrics, error_share: 0.2,
          thresholds: [{metric: 'correct', min: 0.9}, {metric: 'close', max_drop: 0.02}, {metric: 'latency', of: 'p95', max: 3}],
        });
        await push(page, 'evaluation', 'slow', {dataset: 'golden', target: {model: 'slow'}, metrics: [{metric: 'word_count', params: {max: 500}}], concurrency: 2});
        await send(page, 'PUT', `/policies/${kSlug}/prod`, {gates: [`${kSlug}/evaluation/golden`]});

        await page.goto('/evaluations');
        await heading(page, 'Evaluations');
        await page.keyboard.press('g');
        await page.keyboard.press('n');
        await heading(page, 'Runs');
        await page.keyboard.press('g');
        await page.keyboard.press('e');
        await heading(page, 'Evaluations');
        const row = page.getByRole('row').filter({hasText: 'What customers ask most'});
        for (const text of ['4 metrics', '3 thresholds', 'prod', 'never', 'judges answers that came with the cases']) await row.getByText(text).first().waitFor();
        await page.getByText('golden never ran, and is asked for in prod').waitFor();
        await checkAccess(page, 'evaluations');
        await world.shot(page, 'evaluations-before');

        await row.getByRole('button', {name: `Run golden of ${kSlug}`}).click();
        const dialog = page.getByRole('dialog', {name: 'Run golden'});
        await dialog.getByText(`${kCases} cases.`).waitFor();
        await choose(page, dialog, 'What is tried', 'A prompt alone');
        assert.ok(await dialog.getByRole('button', {name: 'Run', exact: true}).isDisabled(), 'without a prompt there is nothing to run');
        await dialog.getByText('Choose a prompt.').waitFor();
        await dialog.getByRole('combobox', {name: 'Prompt'}).fill('ans');
        await page.getByRole('option', {name: `${kSlug}/prompt/answer`}).click();
        await choose(page, dialog, 'Split', 'test');
        await dialog.getByLabel('Repeats').fill('3');
        await dialog.getByText('40 cases of the split test, 3 answers to each: 120 results.').waitFor();
        await checkAccess(page, 'the dialog of a run');
        await world.shot(page, 'run-start');
        // What the server refuses is said in the dialog, which keeps what was typed.
        await choose(page, dialog, 'What is tried', 'The candidate there');
        await dialog.getByRole('button', {name: 'Run', exact: true}).click();
        await dialog.getByRole('alert').waitFor();
        assert.equal(await dialog.getByLabel('Repeats').inputValue(), '3');
        await choose(page, dialog, 'What is tried', /As defined/);
        await choose(page, dialog, 'Split', 'test');  // what is chosen again is no longer
        await dialog.getByLabel('Repeats').fill('');
        await dialog.getByText(`${kCases} cases.`).waitFor();
        await dialog.getByRole('button', {name: 'Run', exact: true}).click();
        await page.waitForURL(/\/runs\/[0-9a-f-]{36}/);
        world.givenRun = new URL(page.url()).pathname.split('/').pop();
        await outcome(page).getByText(`${kCases} of ${kCases} results`).waitFor({timeout: 60_000});
        const run = await finished(world, page, world.givenRun);
        assert.equal(run.outcome, 'complete');
        assert.equal(run.errors, kMissing.length);
      });
    },
  },
  {
    name: 'evaluations: a run says how it ended first, then what it measured and how sure that is',
    async run(world) {
      for (const [scheme, width] of [['light', 1440], ['dark', 1440], ['light', 390]]) {
        await world.with({scheme, width}, async (page) => {
          await page.goto(`/runs/${world.givenRun}`);
          await heading(page, 'Run of golden');
          await outcome(page).getByText('Complete:').waitFor();
          await outcome(page).getByText(`${kMissing.length} results (3.3 %) are errors`).waitFor();
          const metrics = page.getByRole('region', {name: 'Table of metrics'});
          const correct = metrics.getByRole('row').filter({hasText: 'correct'});
          // 38 of 58: 65.5 %; Wilson's interval by statsmodels.
          for (const text of ['0.655', '65.5 %', '52.7 % to 76.4 %', 'mean at least 0.9']) await correct.getByText(text, {exact: true}).waitFor();
          await metrics.getByRole('row').filter({hasText: 'reading_ease'}).getByText('it only measures').waitFor();
          await page.getByText('Also asked for: latency: 95th percentile at most 3').waitFor();
          const slices = page.getByRole('region', {name: 'Slices'});
          await slices.getByRole('link', {name: 'hard'}).waitFor();
          await page.getByText(`Of all ${kCases} cases.`).waitFor();
          await settle(page);
          await checkAccess(page, `a run (${scheme}, ${width})`);
          await world.shot(page, `run-${scheme}-${width}`);
          const over = await page.evaluate(() => Math.max(...[document.documentElement, ...document.querySelectorAll('.page')].map((e) => e.scrollWidth - e.clientWidth)));
          assert.ok(over <= 0, `the run is ${over} px too wide at ${width}`);
          await tab(page, 'Definition');
          const pinned = page.getByRole('region', {name: 'Pinned versions'});
          await pinned.getByRole('link', {name: `${kSlug}/dataset/golden`}).waitFor();
          await page.getByRole('region', {name: 'Definition as JSON'}).getByText('cases_digest').waitFor();
          await checkAccess(page, `a definition (${scheme}, ${width})`);
          await world.shot(page, `run-definition-${scheme}-${width}`);
        });
      }
    },
  },
  {
    name: 'evaluations: answers are filtered, searched and read beside what was expected',
    async run(world) {
      await world.with({}, async (page) => {
        await page.goto(`/runs/${world.givenRun}`);
        await page.getByRole('link', {name: `${kWrong} that correct failed`}).click();
        await page.waitForURL(/verdict=failed/);
        await page.getByText(`${kWrong} found`).waitFor();
        await choose(page, page, 'Tag', 'hard');
        await page.getByText('4 found').waitFor();
        await page.getByRole('searchbox', {name: 'Search the results'}).fill('order 45');
        await page.getByText('1 found').waitFor();
        await page.getByRole('searchbox', {name: 'Search the results'}).fill('nothing like it');
        await page.getByRole('heading', {name: 'No result fits'}).waitFor();
        await checkAccess(page, 'no result fits');
        await page.getByRole('button', {name: 'Take the filters off'}).click();
        await page.getByText(`50+ of ${kCases} shown`).waitFor();
        await page.getByRole('button', {name: 'Show more'}).click();
        await page.getByText(`${kCases} of ${kCases} shown`).waitFor();
        await choose(page, page, 'Answer', 'Error');
        await page.getByText(`${kMissing.length} found`).waitFor();
        await results(page).getByText('brings no response').first().waitFor();
        // By keyboard: opened, read, the next one, closed, back where it was.
        await page.goto(`/runs/${world.givenRun}?tab=cases&metric=correct&verdict=failed`);
        const opener = page.getByRole('button', {name: 'Open the result of case case-000'});
        await opener.focus();
        await page.keyboard.press('Enter');
        await panel(page).getByText('May I send order 0 back?').waitFor();
        await panel(page).getByRole('group', {name: 'Expected'}).locator('del').first().waitFor();
        assert.equal(await panel(page).getByRole('group', {name: 'Answer'}).innerText(), bad(0));
        assert.equal(await panel(page).getByRole('group', {name: 'Expected'}).innerText(), good(0));
        await panel(page).getByLabel('Mark what differs').click();
        assert.equal(await panel(page).locator('ins').count(), 0);
        await panel(page).focus();
        await page.keyboard.press('j');
        await panel(page).getByText('May I send order 3 back?').waitFor();
        await page.keyboard.press('Escape');
        await panel(page).waitFor({state: 'detached'});
        assert.ok(await opener.evaluate((e) => e === document.activeElement), 'the focus goes back');
        const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', {name: 'Export'}).click()]);
        const {digest} = await world.api(page, `/runs/${world.givenRun}`);
        assert.equal(`sha256:${createHash('sha256').update(readFileSync(await saved.path())).digest('hex')}`, digest, 'the file is what the digest is of');
      });
      for (const [scheme, width] of [['light', 1440], ['dark', 1440], ['dark', 390]]) {
        await world.with({scheme, width}, async (page) => {
          // A link to one that the filtered list does not hold.
          await page.goto(`/runs/${world.givenRun}?tab=cases&status=error&open=3`);
          await panel(page).getByText('May I send order 3 back?').waitFor();
          await checkAccess(page, `a result (${scheme}, ${width})`);
          await world.shot(page, `run-result-${scheme}-${width}`);
          await page.goto(`/runs/${world.givenRun}?tab=cases`);
          await results(page).waitFor();
          await checkAccess(page, `results (${scheme}, ${width})`);
          await world.shot(page, `run-results-${scheme}-${width}`);
        });
      }
    },
  },
  {
    name: 'evaluations: a run is followed while it goes, cancelled, and gone on with',
    async run(world) {
      await world.with({}, async (page) => {
        const {id} = await send(page, 'POST', '/runs', {evaluation: `${kSlug}/slow`, environment: 'dev', split: 'test'});
        await page.goto(`/runs/${id}`);
        await outcome(page).getByText('Running:').waitFor();
        await page.getByRole('region', {name: 'Progress'}).getByText('Live', {exact: true}).waitFor();
        await until('some are done, by themselves', async () => Number(/(\d+) of 40 results/.exec(await outcome(page).innerText())?.[1] ?? 0) >= 4);
        await page.getByRole('group', {name: 'Figures'}).getByText('In flight').waitFor();
        await checkAccess(page, 'a run that goes');
        await world.shot(page, 'run-live');
        await page.getByRole('button', {name: 'Cancel', exact: true}).click();
        const asking = page.getByRole('dialog', {name: 'End this run?'});
        await checkAccess(page, 'ending a run');
        await asking.getByRole('button', {name: 'End the run'}).click();
        await outcome(page).getByText('Partial:').waitFor({timeout: 30_000});
        const partial = await world.api(page, `/runs/${id}`);
        assert.equal(partial.state, 'cancelled');
        assert.ok(partial.done < 40 && partial.missing > 0);
        await settle(page);
        await world.shot(page, 'run-partial');
        await page.getByRole('button', {name: 'Resume'}).click();
        await page.getByRole('dialog', {name: 'Go on with this run?'}).getByText(`What is missing is asked: ${partial.missing} result`).waitFor();
        await page.getByRole('dialog').getByRole('button', {name: 'Resume'}).click();
        await outcome(page).getByText('Complete:').waitFor({timeout: 60_000});
        assert.equal((await world.api(page, `/runs/${id}`)).done, 40);
        // Each result leads to its call.
        await page.goto(`/runs/${id}?tab=cases&open=0`);
        await panel(page).getByRole('link', {name: 'Open the invocation'}).click();
        await page.getByRole('heading', {name: 'Invocation', level: 1}).waitFor();
        world.slowRun = id;
      });
    },
  },
  {
    name: 'evaluations: runs are listed, narrowed by the address, and chosen to be compared',
    async run(world) {
      await world.with({}, async (page) => {
        const started = await send(page, 'POST', '/runs', {evaluation: `${kSlug}/golden`, environment: 'dev', target: {responses: {upload: await upload(page, better)}}});
        world.betterRun = (await finished(world, page, started.id)).id;
        await page.goto(`/runs?use_case=${kSlug}`);
        const table = page.getByRole('region', {name: 'Runs'});
        await table.getByRole('row').nth(3).waitFor();
        await page.getByRole('combobox', {name: 'Evaluation'}).fill('golden');
        await page.getByRole('option', {name: `${kSlug}/evaluation/golden`}).click();
        await page.waitForURL(/evaluation=/);
        await until('only its runs are shown', async () => await table.getByRole('row').count() === 3);
        await choose(page, page, 'State', 'Failed');
        await page.getByRole('heading', {name: 'No run fits'}).waitFor();
        await page.getByRole('button', {name: 'Take the filters off'}).click();
        await table.getByRole('row').nth(3).waitFor();
        // The newest is the better one; the first that is chosen is what the others are held against.
        const boxes = table.getByRole('checkbox', {name: /Compare the run of golden/});
        await boxes.nth(1).check();
        assert.ok(await page.getByRole('button', {name: 'Compare', exact: true}).isDisabled(), 'one is not enough');
        await boxes.nth(0).check();
        await page.getByText('2 runs are chosen').waitFor();
        await checkAccess(page, 'runs');
        await world.shot(page, 'runs');
        await page.reload();
        await page.getByText('2 runs are chosen').waitFor();
        await page.getByRole('link', {name: 'Compare', exact: true}).click();
        await page.waitForURL(`**/runs/compare?runs=${world.givenRun},${world.betterRun}`);
      });
      for (const [scheme, width] of [['dark', 1440], ['light', 390]]) {
        await world.with({scheme, width}, async (page) => {
          for (const [name, path] of [['runs', '/runs'], ['evaluations', '/evaluations']]) {
            await page.goto(path);
            await settle(page);
            await checkAccess(page, `${name} (${scheme}, ${width})`);
            await world.shot(page, `${name}-${scheme}-${width}`);
          }
        });
      }
    },
  },
  {
    name: 'evaluations: two runs compared: differences with intervals, a plot that is a sentence and a table, answers that differ',
    async run(world) {
      const address = `/runs/compare?runs=${world.givenRun},${world.betterRun}`;
      for (const [scheme, width] of [['light', 1440], ['dark', 1440], ['dark', 390]]) {
        await world.with({scheme, width}, async (page) => {
          await page.goto(address);
          await heading(page, 'Compare runs');
          await page.getByRole('region', {name: 'Answer', exact: true}).getByText(/B is higher than A in correct/).waitFor();
          const row = page.getByRole('region', {name: 'Figures', exact: true}).getByRole('row').filter({hasText: 'correct'});
          await row.getByText('0.655').waitFor();
          await row.getByText('0.917').waitFor();
          await row.getByText(/higher/).waitFor();
          await page.getByText(`Case by case on all ${kCases} cases.`).first().waitFor();
          await settle(page);
          await checkAccess(page, `runs compared (${scheme}, ${width})`);
          await world.shot(page, `run-compare-${scheme}-${width}`);
          const over = await page.evaluate(() => Math.max(...[document.documentElement, ...document.querySelectorAll('.page')].map((e) => e.scrollWidth - e.clientWidth)));
          assert.ok(over <= 0, `the comparison is ${over} px too wide at ${width}`);
        });
      }
      await world.with({height: 2400}, async (page) => {
        await page.goto(address);
        const plot = page.getByRole('region', {name: 'All figures at once'});
        await plot.getByText(/B leads in correct/).waitFor();
        await plot.getByRole('img', {name: /All figures at once/}).waitFor();
        await settle(page);
        await world.shot(page, 'run-compare-whole');
        await plot.getByRole('button', {name: 'Show all figures at once as a table'}).click();
        await plot.getByRole('row').filter({hasText: 'correct'}).getByText('0.917').waitFor();
        await page.mouse.move(0, 0);  // without the tooltip
        await checkAccess(page, 'the plot as a table');
        // What differs: where A is wrong and B is not (15), and where A has no answer (2); both are wrong alike in the rest.
        const differ = kWrong - 5 + kMissing.length;
        await page.getByText(`${differ} of ${kCases} cases.`).waitFor();
        const first = page.getByRole('article', {name: 'Case case-003'});
        await first.getByText('May I send order 3 back?').waitFor();
        await first.getByRole('group', {name: 'Answer of B'}).locator('ins').first().waitFor();
        await page.getByText('Better than A', {exact: true}).click();
        await page.waitForURL(/show=better/);
        await page.getByText(`${kWrong - 5} of ${kCases} cases.`).waitFor();
        await page.getByText('Worse than A', {exact: true}).click();
        await page.getByText('No case is worse than in A.').waitFor();
        await page.getByText('All', {exact: true}).click();
        await page.getByText(`${kCases} of ${kCases} cases.`).waitFor();
        await first.getByRole('link', {name: 'Open the result of B'}).click();
        await panel(page).getByText('May I send order 3 back?').waitFor();
        // Other cases are not held against each other, and it is said why.
        await send(page, 'POST', `/datasets/${kSlug}/golden/cases`, {add: [{id: 'one-more', input: 'One more?', expected: 'Yes.', metadata: {response: 'Yes.'}}]});
        const {id} = await send(page, 'POST', '/runs', {evaluation: `${kSlug}/golden`, environment: 'dev'});
        await finished(world, page, id);
        await page.goto(`${address},${id}`);
        await page.getByText('C can’t be held against A case by case: they ask different versions of golden: 1 and 2').waitFor();
        await page.getByRole('region', {name: 'Figures', exact: true}).getByText('other cases').first().waitFor();
        await checkAccess(page, 'three runs compared');
        await world.shot(page, 'run-compare-three');
      });
    },
  },
  {
    name: 'evaluations: the variants of a matrix are told apart, and compared with each other',
    async run(world) {
      await world.with({}, async (page) => {
        await push(page, 'prompt', 'short', {model: 'main', messages: [{role: 'system', content: 'Be short.'}]});
        await push(page, 'evaluation', 'matrix', {dataset: 'golden', split: 'train', repeats: 2, target: {matrix: {prompts: ['answer', 'short'], models: ['main'], parameters: [{}, {temperature: 0.5}]}}, metrics: [{metric: 'rouge_l', threshold: 0.05}, {metric: 'character_count', params: {max: 120}}]});
        const {id} = await send(page, 'POST', '/runs', {evaluation: `${kSlug}/matrix`, environment: 'dev'});
        const run = await finished(world, page, id);
        assert.equal(run.cells.length, 4);
        await page.goto(`/runs/${id}`);
        await outcome(page).getByText('Complete:').waitFor();
        await page.getByText('by cases and not by their repeats').waitFor();
        await settle(page);
        await checkAccess(page, 'a matrix');
        await world.shot(page, 'run-matrix');
        await page.getByRole('button', {name: 'Compare'}).click();
        await page.getByRole('menuitem', {name: 'Its 4 variants'}).click();
        await heading(page, 'Compare runs');
        await page.getByText('Of repeated answers the first is shown.').waitFor();
        await settle(page);
        await checkAccess(page, 'variants compared');
        await world.shot(page, 'run-compare-variants');
      });
    },
  },
  {
    name: 'the gate: asked for on a release, watched, and decided with its reasons',
    async run(world) {
      await world.with({}, async (page) => {
        await push(page, 'evaluation', 'polite', {dataset: 'golden', metrics: [{metric: 'word_count', params: {max: 500}, name: 'brief'}, {metric: 'equals', name: 'correct'}],
          thresholds: [{metric: 'brief', min: 0.8}, {metric: 'correct', min: 0.9}]});
        await send(page, 'PUT', `/policies/${kSlug}/dev`, {gates: [`${kSlug}/evaluation/polite`]});
        const release = await send(page, 'POST', `/use-cases/${kSlug}/releases`, {message: 'For the gate', entry: `${kSlug}/prompt/answer`});
        await page.goto(`/releases/${kSlug}/${release.number}?tab=evidence`);
        await page.getByText('No gate yet.').waitFor();
        await choose(page, page, 'Environment of the gate', 'dev');
        await checkAccess(page, 'a release without a gate');
        await page.getByRole('button', {name: 'Run the gate'}).click();
        await page.waitForURL(/\/gates\//);
        await heading(page, `Gate of ${kSlug}@${release.number}`);
        const verdict = page.getByRole('region', {name: 'Verdict'});
        await verdict.getByText('Fail:').waitFor({timeout: 60_000});
        await verdict.getByText('correct.min').waitFor();
        await page.getByRole('region', {name: 'Evaluations of the gate'}).getByRole('link').first().waitFor();
        await page.getByRole('heading', {name: /Gate: fail/}).waitFor();
        await settle(page);
        await checkAccess(page, 'a gate');
        await world.shot(page, 'gate');
        await page.getByRole('button', {name: 'Download'}).click();
        const address = await page.getByRole('menuitem', {name: 'Page with plots and all cases'}).getAttribute('href');
        const whole = await page.request.get(address);
        assert.match(whole.headers()['content-disposition'], /attachment/);
        assert.match(await whole.text(), /^<!doctype html>/);
        await page.keyboard.press('Escape');
        await page.getByRole('link', {name: 'The release'}).click();
        await page.getByRole('region', {name: 'Gates'}).getByText('Fail').waitFor();
        await page.getByRole('region', {name: 'Evidence', exact: true}).getByText(`${kSlug}/evaluation/polite`).waitFor();
        await checkAccess(page, 'a release with a gate');
        await world.shot(page, 'release-gates');
      });
    },
  },
];
