// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import type {Run, RunResult} from '../api/runs';
import {
  datasetOf, describeRun, draftOfRun, firstCases, formatMean, formatPoints, formatShare, formatSigned, isFigure, passInterval, pinsOf, repeatsOf, resolveReference, runDuration, shortLabel, slicesOf, startOf, targetWords,
  thresholdTexts, timeLeft, type RunDraft,
} from './runs';

const kRun: Run = {
  id: 'r', use_case: 'shop', evaluation: 'shop/evaluation/golden', evaluation_version: 2, environment: 'dev', target: 'shop@3', state: 'finished', outcome: 'complete', reason: '',
  planned: 300, done: 300, errors: 0, missing: 0, calls: 300, limited: 0, unpriced_calls: 0, cost_usd: '0.410000000', input_tokens: 1, output_tokens: 1,
  created_at: '2027-01-01T10:00:00.000Z', started_at: '2027-01-01T10:00:00.000Z', ended_at: '2027-01-01T10:02:03.000Z', author: 'ann', digest: null, cancel_requested: false,
  cells: [], progress: null,
};
const metric = (name: string, errors: number) => ({metric: name, scored: 1, passed: 1, failed: 0, errors, mean: 1, pass_rate: 1});
const cell = (...metrics: ReturnType<typeof metric>[]) => ({label: 'x', done: 1, errors: 0, mean_latency_ms: 1, cost_usd: '0', metrics});

describe('how a run ended', () => {
  it('is said first, and then why', () => {
    expect(describeRun(kRun)).toEqual({level: 'ok', word: 'Complete', sentence: '300 of 300 results in 2 min 03 s, $0.41', findings: []});
    const partial = describeRun({...kRun, outcome: 'partial', done: 120, missing: 180, reason: 'The budget of 0.10 USD is spent.'});
    expect(partial).toMatchObject({level: 'warn', word: 'Partial'});
    expect(partial.sentence).toMatch(/^The budget of 0\.10 USD is spent\. 120 of 300 results/);
    expect(partial.findings).toEqual([]);
    expect(describeRun({...kRun, outcome: 'partial', done: 120, missing: 180}).findings).toEqual(['180 results are missing']);
    expect(describeRun({...kRun, state: 'failed', outcome: 'error', reason: 'too many errors'})).toMatchObject({level: 'bad', word: 'Error'});
    expect(describeRun({...kRun, state: 'failed', outcome: null})).toMatchObject({level: 'bad', word: 'Failed'});
  });
  it('names what is not in the figures', () => {
    const {findings} = describeRun({...kRun, errors: 3, limited: 1, unpriced_calls: 2, cells: [cell(metric('language', 2)), cell(metric('language', 1), metric('equals', 0))]});
    expect(findings[0]).toBe('3 results (1 %) are errors: there was no answer, and no metric counts them');
    expect(findings.join(' ')).toContain('asked 1 call to wait');
    expect(findings.join(' ')).toContain('price of 2 calls');
    expect(findings.at(-1)).toBe('language could not judge 3 answers');
  });
  it('is not known while it runs; how far it is, is', () => {
    const running: Run = {...kRun, state: 'running', outcome: null, done: 75, missing: 225, ended_at: null, progress: {window: 8, in_flight: 4, paused_ms: 2500}};
    expect(describeRun(running, 60_000)).toMatchObject({level: 'quiet', word: 'Running', sentence: '75 of 300 results (25 %), about 1 min 00 s left'});
    expect(describeRun(running).findings[0]).toContain('2.5 s');
    expect(describeRun({...running, cancel_requested: true}).word).toBe('Ending');
    expect(describeRun({...running, state: 'queued', planned: 1}).sentence).toContain('1 result is planned');
  });
  it('takes as long as the pace says', () => {
    expect(timeLeft({at: 0, done: 20}, {done: 40, planned: 100}, 10_000)).toBe(30_000);
    expect(timeLeft({at: 0, done: 20}, {done: 22, planned: 100}, 10_000)).toBeNull();
    expect(runDuration({started_at: null, ended_at: null})).toBeNull();
  });
});

it('what was tried is named without its owner where that goes without saying', () => {
  expect(shortLabel('shop/prompt/answer:7 × shop/model/main:1 × {"temperature":0.5}', 'shop')).toBe('answer:7 × main:1 × {"temperature":0.5}');
  expect(shortLabel('shared/prompt/answer:7 × shop-2/model/main:1', 'shop')).toBe('shared/prompt/answer:7 × shop-2/model/main:1');
  expect(shortLabel('shop@3', 'shop')).toBe('shop@3');
});

describe('figures', () => {
  it('are written so that small ones stay', () => {
    expect([formatMean(null), formatMean(0), formatMean(0.71), formatMean(0.00012), formatMean(12.34), formatMean(4321)]).toEqual(['–', '0.000', '0.710', '0.00012', '12.3', '4,321']);
    expect([formatShare(1), formatShare(0.9999), formatShare(0), formatShare(0.00001), formatShare(2 / 3)]).toEqual(['100 %', '> 99.9 %', '0 %', '< 0.1 %', '66.7 %']);
    expect([formatPoints(0.259), formatPoints(-0.3), formatPoints(0.00001)]).toEqual(['+25.9 pts', '−30 pts', '±0 pts']);
    expect([formatSigned(0.05), formatSigned(-0.05), formatSigned(0)]).toEqual(['+0.050', '−0.050', '±0.000']);
  });
  it('of repeats are no surer than of their cases', () => {
    const once = passInterval({passed: 8, failed: 2}, 1)!;
    expect(passInterval({passed: 24, failed: 6}, 3)).toEqual(once);
    expect(passInterval({passed: 0, failed: 0}, 1)).toBeNull();
  });
});

const pin = (asset: string, version: number) => ({asset, version, digest: `sha256:${asset}${version}`});
const kDefinition = {
  evaluation: pin('shop/evaluation/golden', 2), use_case: 'shop', environment: 'dev', dataset: {...pin('shop/dataset/golden', 4), cases_digest: 'sha256:cases', split: 'test'},
  target: {kind: 'matrix'}, repeats: 3,
  cells: [
    {label: 'a', prompt: pin('shop/prompt/answer', 7), models: {main: pin('shop/model/main', 1)}, tools: {find: pin('shop/tool/find', 1)}},
    {label: 'b', prompt: pin('shop/prompt/answer', 7), models: {main: pin('shop/model/other', 5)}},
  ],
  metrics: [{metric: 'equals'}, {metric: 'latency', name: 'speed'}],
  thresholds: [{metric: 'equals', min: 0.9}, {metric: 'equals', max_drop: 0.02}, {metric: 'equals', of: 'passed', max_drop: 0}, {metric: 'cost', max_rise_share: 0.2}],
};

describe('definitions', () => {
  it('say what was pinned, each once', () => {
    expect(pinsOf(kDefinition).map(({what, name, version}) => `${what} ${name}:${version}`)).toEqual([
      'Evaluation shop/evaluation/golden:2', 'Dataset shop/dataset/golden:4', 'Prompt shop/prompt/answer:7', 'Model shop/model/main:1', 'Tool shop/tool/find:1', 'Model shop/model/other:5',
    ]);
    expect(pinsOf({use_case: 'shop', target: {kind: 'release', release: 3, digest: 'sha256:x'}, cells: [{release: 3}]})).toEqual([{what: 'Release', name: 'shop@3', digest: 'sha256:x'}]);
    expect(pinsOf({})).toEqual([]);
  });
  it('say on which cases, and how often', () => {
    expect(datasetOf(kDefinition)).toEqual({asset: 'shop/dataset/golden', version: 4, digest: 'sha256:cases', split: 'test'});
    expect(datasetOf({})).toBeNull();
    expect([repeatsOf(kDefinition), repeatsOf({})]).toEqual([3, 1]);
  });
  it('say what is asked for', () => {
    expect(thresholdTexts(kDefinition.thresholds, 'equals')).toEqual(['mean at least 0.9', 'mean at most 0.02 below what runs today', 'share that passes not shown to be below what runs today']);
    expect(thresholdTexts(kDefinition.thresholds, 'cost')).toEqual(['mean at most 20 % above what runs today']);
    expect(thresholdTexts(undefined, 'equals')).toEqual([]);
  });
  it('tell scores from figures by the metric, whatever it is called', () => {
    expect([isFigure(kDefinition, 'speed'), isFigure(kDefinition, 'equals'), isFigure({}, 'cost')]).toEqual([true, false, true]);
  });
  it('name their target', () => {
    expect([targetWords(undefined), targetWords({release: 'candidate'}), targetWords({release: 3}), targetWords({prompt: 'answer'})])
        .toEqual(['what is active in the environment', 'the candidate release', 'release 3', 'prompt answer']);
    expect(targetWords({matrix: {prompts: ['a', 'b'], models: ['x'], parameters: [{}, {}]}})).toBe('a matrix of 4 variants');
    expect(targetWords({http: {url: 'https://x.example/ask'}})).toContain('https://x.example/ask');
    expect(targetWords({responses: {from: 'cases'}})).toContain('came with the cases');
  });
});

describe('starting a run', () => {
  const draft: RunDraft = {environment: 'dev', target: 'defined', name: '', version: '', split: '', repeats: null, usd: null, calls: null};
  it('sends only what was said', () => {
    expect(startOf('shop/evaluation/golden', draft)).toEqual({evaluation: 'shop/evaluation/golden', environment: 'dev'});
    expect(startOf('e', {...draft, target: 'candidate', split: 'test', repeats: 3, usd: 0.5})).toMatchObject({target: {release: 'candidate'}, split: 'test', repeats: 3, budget: {usd: 0.5}});
    expect(startOf('e', {...draft, target: 'release', name: '7'})).toMatchObject({target: {release: 7}});
    expect(startOf('e', {...draft, target: 'prompt', name: 'shop/prompt/answer', version: '3', calls: 10})).toMatchObject({target: {prompt: 'shop/prompt/answer:3'}, budget: {calls: 10}});
    expect(startOf('e', {...draft, target: 'model', name: 'shop/model/main'})).toMatchObject({target: {model: 'shop/model/main'}});
  });
  it('begins again with what a run was started with', () => {
    expect(draftOfRun({environment: 'prod', definition: {target: {kind: 'release', release: 3}, repeats: 2, budget: {usd: 1}, dataset: {asset: 'shop/dataset/golden', split: 'test'}}}))
        .toEqual({environment: 'prod', target: 'release', name: '3', version: '', split: 'test', repeats: 2, usd: 1, calls: null});
    expect(draftOfRun({environment: 'dev', definition: {target: {kind: 'prompt'}, cells: [{prompt: pin('shop/prompt/answer', 7)}]}})).toMatchObject({target: 'prompt', name: 'shop/prompt/answer', version: '7'});
    expect(draftOfRun({environment: 'dev', definition: kDefinition})).toMatchObject({target: 'defined', name: ''});
  });
  it('finds the dataset that an evaluation names', () => {
    expect(resolveReference('shop', 'dataset', 'golden:3')).toEqual({owner: 'shop', kind: 'dataset', name: 'golden'});
    expect(resolveReference('shop', 'dataset', 'shared/dataset/golden')).toEqual({owner: 'shared', kind: 'dataset', name: 'golden'});
    expect(resolveReference('shop', 'dataset', undefined)).toBeNull();
  });
  it('says what is missing', () => {
    expect(startOf('e', {...draft, target: 'release'})).toBe('Choose a release');
    expect(startOf('e', {...draft, target: 'model'})).toBe('Choose a model');
  });
});

describe('slices', () => {
  const result = (number: number, repeat: number, tags: string[], value: number | null, cellNumber = 0): RunResult => ({
    item: number * 2 + repeat, status: value === null ? 'error' : 'ok', case: `c${number}`, number, cell: cellNumber, repeat, tags, latency_ms: 1, attempts: 1,
    ...(value === null ? {error: {code: 'x', message: 'y'}} : {scores: [{metric: 'equals', value, passed: value === 1}, {metric: 'speed', value: value * 2}, {metric: 'broken', error: 'no'}]}),
  });
  it('count cases, not their repeats, and errors in no mean', () => {
    const slices = slicesOf([result(0, 0, ['a', 'b'], 1), result(0, 1, ['a', 'b'], 0), result(1, 0, ['a', 'a'], 1), result(1, 1, ['a'], null), result(2, 0, ['a'], 1, 1), result(3, 0, [], 1)], 0);
    expect(slices.map(({tag, cases, errors}) => [tag, cases, errors])).toEqual([['a', 2, 1], ['b', 1, 0]]);
    expect(slices[0]!.scores.equals).toMatchObject({cases: 2, mean: 0.75, passRate: 0.75});
    expect(slices[0]!.scores.speed).toMatchObject({mean: 1.5, passRate: null, interval: null});
    expect(slices[0]!.scores.broken).toBeUndefined();
    expect(slicesOf([], 0)).toEqual([]);
  });
  it('rest on whole cases, and on no more than is promised', () => {
    const read = [result(0, 0, [], 1), result(0, 1, [], 1), result(1, 0, [], 1), result(1, 1, [], 1), result(2, 0, [], 1)];
    expect(firstCases(read, true, 3)).toEqual({results: read, cases: 3, complete: true});
    expect(firstCases(read, false, 3)).toEqual({results: read.slice(0, 4), cases: 2, complete: false});
    expect(firstCases(read, true, 2)).toEqual({results: read.slice(0, 4), cases: 2, complete: false});
    expect(firstCases(read.slice(0, 2), false, 3)).toMatchObject({cases: 1, complete: false});
    expect(firstCases([], true, 3)).toEqual({results: [], cases: 0, complete: true});
  });
});
