// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import type {Deployment, Questionnaire, Release, Review, UseCaseDetail} from '../api/governance';
import {
  checkName, decisionKey, describeDeployments, describeRelease, describeUseCase, isFrozen, keepsThreshold, listOf, policyRules, previewRisk, qualityOf, slugOf,
} from './governance';

const questionnaire: Questionnaire = {
  version: '1',
  questions: [
    {id: 'decides', text: 'Does it decide about people?', help: '', options: [{value: 'no', label: 'No', tier: null}, {value: 'yes', label: 'Yes', tier: 'high'}]},
    {id: 'public', text: 'Who sees its answers?', help: '', options: [{value: 'staff', label: 'Staff', tier: null}, {value: 'all', label: 'Everyone', tier: 'limited'}]},
  ],
  tiers: [
    {name: 'minimal', label: 'Minimal', description: '', required_reviews: ['risk'], review_days: 365},
    {name: 'limited', label: 'Limited', description: '', required_reviews: ['risk'], review_days: 365},
    {name: 'high', label: 'High', description: '', required_reviews: ['legal', 'risk'], review_days: 180},
  ],
};
const review = (discipline: string, state: Review['state'], conditions: string[] = []): Review => (
  {discipline, state, reviewer: null, comment: '', conditions, decided_at: null, expires_at: null});
const useCase = (changes: Partial<UseCaseDetail>): UseCaseDetail => ({
  slug: 's', name: 'S', owner: 'ada', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', state: 'draft', tier: null, reviews_open: 0,
  version: 1, purpose: 'p', users_affected: 'u', data_classes: [], answers: {decides: 'no', public: 'staff'}, risk_reasons: [], kpis: [], thresholds: [], links: [],
  required_reviews: ['legal', 'risk'], reviews: [], mitigations: '', known_limits: '', entry: null, ...changes,
});

describe('slugOf', () => {
  it('makes a slug of a name', () => {
    expect(slugOf('Claims: summary & triage (2026)')).toBe('claims-summary-triage-2026');
    expect(slugOf('  Über-Prüfung ')).toBe('uber-prufung');
    expect(slugOf('42 answers')).toBe('answers');
    expect(slugOf(`${'x'.repeat(62)} y`)).toBe('x'.repeat(62));
  });
});

describe('previewRisk', () => {
  it('knows no tier while a question is open', () => {
    expect(previewRisk(questionnaire, {decides: 'yes'})).toMatchObject({tier: null, unanswered: 1});
    expect(previewRisk(questionnaire, {decides: 'yes', public: 'gone'}).unanswered).toBe(1);
  });
  it('takes the highest that an answer demands, and says which', () => {
    expect(previewRisk(questionnaire, {decides: 'no', public: 'staff'}).tier?.name).toBe('minimal');
    const high = previewRisk(questionnaire, {public: 'all', decides: 'yes'});
    expect(high.tier?.name).toBe('high');
    expect(high.reasons).toEqual(['Does it decide about people? Yes']);
  });
});

describe('describeUseCase', () => {
  it('names the next step of a draft', () => {
    expect(describeUseCase(useCase({purpose: '', answers: {}}), questionnaire).sentence).toBe('say what it is for and answer 2 more risk questions, then submit it for review');
    expect(describeUseCase(useCase({tier: 'minimal'}), questionnaire).sentence).toContain('submit it for review');
  });
  it('names whom a review waits for', () => {
    const waiting = describeUseCase(useCase({state: 'in_review', reviews: [review('legal', 'approved'), review('risk', 'missing')]}), questionnaire);
    expect(waiting.sentence).toBe('waits for risk');
    const rejected = describeUseCase(useCase({state: 'in_review', reviews: [review('legal', 'rejected')]}), questionnaire);
    expect(rejected.level).toBe('bad');
    expect(rejected.findings[0]).toContain('Legal said no');
  });
  it('says what runs, and what is attached', () => {
    const answer = describeUseCase(useCase({state: 'approved', environments: {dev: 's@3', prod: 's@2'}, reviews: [review('risk', 'approved_with_conditions', ['a', 'b'])]}), questionnaire);
    expect(answer.sentence).toContain('release 3 runs in dev and 2 in prod');
    expect(answer.findings).toEqual(['2 conditions are attached to its approval']);
    expect(describeUseCase(useCase({state: 'approved', reviews_open: 1, reviews: [review('risk', 'expired')]}), questionnaire).level).toBe('warn');
  });
});

const deployment = (environment: string, active: number | null, more: Partial<Deployment> = {}): Deployment => (
  {environment, active, active_since: null, active_by: null, standby: null, candidate: null, previous: null, rollout: null, ...more});
const release = (changes: Partial<Release>): Release => ({
  id: 's@4', use_case: 's', number: 4, digest: '', entry: '', assets: [], message: '', author: 'ada', created_at: '', evidence: [], approvals: [], environments: {}, known_limits: '', ...changes,
});

describe('describeDeployments', () => {
  it('says what runs where, and what is newer', () => {
    const answer = describeDeployments([deployment('dev', 4), deployment('prod', 3)], release({}));
    expect(answer.sentence).toBe('release 4 in dev and release 3 in prod');
    expect(answer.findings).toEqual(['Release 4 is newer than what runs in prod']);
  });
  it('is alarmed by a candidate that does worse', () => {
    const rollout = {mode: 'canary' as const, state: 'running' as const, percent: 10, step: 0, steps: [], started_at: '', started_by: '', automatic: true, verdict: 'Worse.',
                     figures: [{metric: 'error_rate', active: 0, candidate: 0.2, p_value: 0.001, state: 'worse' as const}]};
    expect(describeDeployments([deployment('prod', 3, {candidate: 4, rollout})], release({})).level).toBe('bad');
  });
  it('asks for a first release', () => {
    expect(describeDeployments([deployment('dev', null)], undefined).word).toBe('No release yet');
    expect(describeDeployments([deployment('dev', null)], release({})).sentence).toBe('release 4 is cut; promote it to dev first');
  });
});

describe('describeRelease', () => {
  it('says where it may go and why not', () => {
    const check = {name: 'approvals', ok: false, detail: '1 approval is missing'};
    const answer = describeRelease(release({environments: {dev: 'active'}, may: {dev: {allowed: true, checks: []}, preprod: {allowed: true, checks: []}, prod: {allowed: false, checks: [check]}}}));
    expect(answer.sentence).toBe('in dev; may go to preprod now');
    expect(answer.findings).toEqual(['prod: 1 approval is missing']);
    expect(describeRelease(release({may: {prod: {allowed: false, checks: [check]}}}))).toMatchObject({word: 'Not yet', level: 'warn', sentence: 'runs nowhere; prod is closed to it'});
  });
});

describe('quality', () => {
  const evidence = (produced_at: string, metrics: Record<string, number>) => ({produced_at, metrics}) as unknown as Release['evidence'][number];
  const agreed = [{metric: 'faithfulness', op: '>=' as const, value: 0.9}, {metric: 'toxicity', op: '<=' as const, value: 0.01}];
  it('counts what the newest evidence of the newest release keeps', () => {
    const first = evidence('2026-01-01T00:00:00Z', {faithfulness: 0.5});
    const second = evidence('2026-01-02T00:00:00Z', {faithfulness: 0.95});
    expect(qualityOf(agreed, [release({evidence: [second, first]})])).toEqual({value: '1 of 2', note: '@4, 1 not measured'});
    expect(qualityOf(agreed, [release({evidence: [second, evidence('2026-01-03T00:00:00Z', {toxicity: 0.2})]})])).toMatchObject({note: '@4 misses 1', tone: 'bad'});
    expect(qualityOf(agreed.slice(0, 1), [release({evidence: [first, second]})])).toMatchObject({value: '1 of 1', tone: 'good'});
  });
  it('says why there is no figure', () => {
    expect(qualityOf([], []).note).toBe('nothing is agreed');
    expect(qualityOf(agreed, []).note).toBe('no release yet');
    expect(qualityOf(agreed, [release({})])).toEqual({value: '–', note: '@4 is not measured'});
  });
});

describe('checkName', () => {
  it('says whose approvals are meant', () => {
    expect(checkName('approvals data_owner')).toBe('Approvals (data owner)');
    expect(checkName('use_case')).toBe('Use case');
  });
});

describe('policies', () => {
  it('are said in sentences', () => {
    const rules = policyRules({content: {gates: ['shared/evaluation/safety'], approvals: [{role: 'approver', count: 2}, {role: 'viewer', count: 0}], evidence_max_age_hours: 72, emergency: {allowed: true, roles: ['admin']}}});
    const of = (key: string) => rules.find((r) => r.key === key)!.value;
    expect(of('gates')).toEqual(['shared/evaluation/safety must be a pass']);
    expect(of('approvals')).toEqual(['2 approvers']);
    expect(of('evidence_max_age_hours')).toEqual(['At most 3 d']);
    expect(of('author_may_approve')).toEqual(['Someone other than the author approves']);
    expect(of('emergency')[0]).toMatch(/admin/);
  });
  it('know a freeze while it lasts', () => {
    const content = {freeze: [{from: '2026-12-20T00:00:00Z', until: '2027-01-02T00:00:00Z', reason: 'Year’s end'}]};
    expect(isFrozen(content, Date.parse('2026-12-24T00:00:00Z'))?.reason).toBe('Year’s end');
    expect(isFrozen(content, Date.parse('2027-01-02T00:00:00Z'))).toBeNull();
  });
});

it('joins words, compares with thresholds, names decisions', () => {
  expect(listOf(['a'])).toBe('a');
  expect(listOf(['a', 'b', 'c'])).toBe('a, b and c');
  expect(keepsThreshold({metric: 'm', op: '>=', value: 0.9}, 0.9)).toBe(true);
  expect(keepsThreshold({metric: 'm', op: '<', value: 0.9}, 0.9)).toBe(false);
  expect(keepsThreshold({metric: 'm', op: '<', value: 0.9}, 'x')).toBeNull();
  const shared = {use_case: 's', title: '', requested_at: '', requested_by: '', may_decide: true, why_not: ''};
  expect(decisionKey({...shared, type: 'use_case_review', discipline: 'legal'})).toBe('review/s/legal');
  expect(decisionKey({...shared, type: 'release_approval', release: 3, environment: 'prod'})).toBe('release/s/3/prod');
});
