// SPDX-License-Identifier: Apache-2.0
// Held against SciPy and statsmodels: tests/data/evaluation/make_expected.py makes the values, and the server's own tests use them too.
import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {incompleteBeta, pairedEstimate, shareAtMost, studentQuantile, wilson} from './statistics';

interface Expected {
  wilson: {k: number; n: number; confidence: number; interval: [number, number]}[];
  few: {k: number; n: number; limit: number}[];
  describe: {values: number[]; mean: number; t: [number, number]}[];
  clustered: {values: number[]; clusters: number[]; interval: [number, number]}[];
}
const expected = JSON.parse(readFileSync(new URL('../../../tests/data/evaluation/statistics.json', import.meta.url), 'utf8')) as Expected;

// Relative, and absolute near zero.
function near(got: number | undefined, wanted: number, within = 1e-9) {
  expect(Math.abs((got ?? NaN) - wanted)).toBeLessThanOrEqual(within * Math.max(1, Math.abs(wanted)));
}

describe('the share that passes', () => {
  it('has the interval of statsmodels', () => {
    const some = expected.wilson.filter(({confidence}) => confidence === 0.95);
    expect(some.length).toBeGreaterThan(5);
    for (const {k, n, interval: [low, high]} of some) {
      const got = wilson(k, n);
      near(got?.low, low);
      near(got?.high, high);
    }
  });
  it('has none where nothing was judged, and is never certain', () => {
    expect(wilson(0, 0)).toBeNull();
    expect(wilson(3, 2)).toBeNull();
    expect(wilson(10, 10)!.low).toBeLessThan(0.75);
    expect(wilson(10, 10)!.high).toBe(1);
    expect(wilson(0, 10)!.low).toBe(0);
  });
  it('counts repeats as one case: three answers to each of ten say no more than ten', () => {
    expect(wilson(24 / 3, 30 / 3)).toEqual(wilson(8, 10));
  });
});

describe('distributions', () => {
  it('have the quantiles of the tables', () => {
    near(studentQuantile(0.975, 1), 12.706204736174698);
    near(studentQuantile(0.975, 4), 2.7764451051977987);
    near(studentQuantile(0.975, 30), 2.0422724563012373);
    near(studentQuantile(0.975, 100_000), 1.9599877, 1e-7);
    near(incompleteBeta(0.5, 2, 3), 0.6875);
    near(incompleteBeta(0.2, 0.5, 0.5), 0.2951672353008666);
  });
  it('say how many others there may be', () => {
    for (const {k, n, limit} of expected.few) near(shareAtMost(k, n), limit);
    near(shareAtMost(0, 59), 1 - 0.05 ** (1 / 59));
  });
});

describe('paired differences', () => {
  it('have Student’s interval', () => {
    let checked = 0;
    for (const {values, mean, t: [low, high]} of expected.describe) {
      const got = pairedEstimate(values);
      near(got.mean, mean);
      if (got.method !== 't') continue;
      checked++;
      near(got.interval?.low, low, 1e-8);
      near(got.interval?.high, high, 1e-8);
    }
    expect(checked).toBeGreaterThan(2);
  });
  it('of the classical sleep data (Student 1908) are 0.70 to 2.46', () => {
    const got = pairedEstimate([1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4]);
    near(got.mean, 1.58);
    near(got.interval?.low, 0.7001142, 1e-6);
    near(got.interval?.high, 2.4598858, 1e-6);
  });
  it('of cases that belong together are taken by clusters', () => {
    for (const {values, clusters, interval: [low, high]} of expected.clustered) {
      const got = pairedEstimate(values, {clusters: clusters.map(String)});
      expect(got.method).toBe(new Set(clusters).size < values.length ? 'clustered' : 't');
      near(got.interval?.low, low, 1e-8);
      near(got.interval?.high, high, 1e-8);
    }
    // A cluster for each case is no cluster.
    expect(pairedEstimate([1, 2, 4], {clusters: ['a', 'b', 'c']})).toEqual(pairedEstimate([1, 2, 4]));
    expect(pairedEstimate([1, 2, 4], {clusters: ['a', 'a', 'a']}).interval).toBeNull();
  });
  it('that are nearly all equal are few, not certain', () => {
    const bounds = {low: -1, high: 1};
    const equal = pairedEstimate(Array<number>(59).fill(0), {bounds});
    expect(equal.method).toBe('few_differ');
    near(equal.interval?.low, -shareAtMost(0, 59));
    near(equal.interval?.high, shareAtMost(0, 59));
    const two = pairedEstimate([...Array<number>(98).fill(0), 1, -1], {bounds});
    expect(two.note).toBe('Only 2 of 100 cases differ from the others.');
    near(two.interval?.high, shareAtMost(2, 100));
    expect(pairedEstimate([0.5, 0.5, 0.5]).interval).toBeNull();
  });
  it('of one case or none have no interval, and say why', () => {
    expect(pairedEstimate([]).note).toBe('No case was scored in both.');
    expect(pairedEstimate([0.3]).note).toContain('One case');
  });
  it('never reach over what is possible', () => {
    const got = pairedEstimate([1, 1, 1, -1, 1, 1, 0, 1, -1, 1], {bounds: {low: -1, high: 1}});
    expect(got.interval!.high).toBeLessThanOrEqual(1);
  });
});
