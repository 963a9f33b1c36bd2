// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import type {Gate} from '../api/gates';
import {describeGate, progressOf, shortName} from './gate';

const kRun = {id: 'r', target: 'shop@2', state: 'running', planned: 20, done: 5, errors: 1, cost_usd: '0'} as const;
const kCheck = {evaluation: 'shop/evaluation/golden', verdict: null, reason: '', digest: null, run: kRun, baseline: null, baseline_reused: false};
const kGate: Gate = {
  id: 'g', use_case: 'shop', environment: 'preprod', release: 2, release_digest: 'sha256:0', baseline: 1, verdict: null, reason: '', checks: [kCheck],
  created_at: '2026-11-30T12:00:00Z', ended_at: null, author: 'ada',
};

describe('gates', () => {
  it('says what is under way, against what', () => {
    expect(describeGate(kGate)).toEqual({level: 'quiet', word: 'Under way', sentence: 'shop@2 for preprod against shop@1, which is active there', findings: []});
    expect(describeGate({...kGate, baseline: 2}).sentence).toBe('shop@2 for preprod');
  });
  it('gives the reason of the only evaluation, and names those that are no pass among several', () => {
    const failed = {...kCheck, verdict: 'fail' as const, reason: '1 threshold is certainly missed.'};
    expect(describeGate({...kGate, verdict: 'fail', checks: [failed]}).findings).toEqual(['1 threshold is certainly missed.']);
    const passed = {...kCheck, evaluation: 'shared/evaluation/safety', verdict: 'pass' as const, reason: 'Kept.'};
    expect(describeGate({...kGate, verdict: 'fail', checks: [failed, passed]})).toMatchObject({level: 'bad', word: 'Fail', findings: ['golden: 1 threshold is certainly missed.']});
  });
  it('shortens names and counts', () => {
    expect(shortName('shared/evaluation/safety', 'shop')).toBe('shared/safety');
    expect(progressOf(kRun)).toBe('5 of 20, 1 error');
    expect(progressOf(null)).toBe('–');
  });
});
