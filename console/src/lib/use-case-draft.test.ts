// SPDX-License-Identifier: Apache-2.0
import {expect, it} from 'vitest';
import {bodyOf, draftProblems, kNoDraft, withName} from './use-case-draft';

it('makes the slug of the name until somebody types one', () => {
  expect(withName(kNoDraft, 'Claims triage').slug).toBe('claims-triage');
  expect(withName({...kNoDraft, slug: 'mine', slugTyped: true}, 'Claims triage').slug).toBe('mine');
});

it('says what is wrong where it is wrong', () => {
  expect(draftProblems(kNoDraft)).toEqual({name: 'A name is needed', slug: 'Begins with a small letter'});
  const draft = {...withName(kNoDraft, 'A'), kpis: [{name: 'x', direction: 'at_least' as const, target: '' as const, unit: ''}], links: [{title: 'Wiki', url: 'javascript:alert(1)'}]};
  expect(Object.keys(draftProblems(draft))).toEqual(['kpis', 'links']);
});

it('sends what was filled in', () => {
  const body = bodyOf({
    ...withName(kNoDraft, ' Claims '), kpis: [{name: 'Solved', direction: 'at_least', target: 60, unit: '%'}], thresholds: [{metric: 'accuracy', op: '>=', value: 0.9}],
    costTags: [{name: 'team', value: 'claims'}],
  });
  expect(body).toMatchObject({
    slug: 'claims', name: 'Claims', entry: null, kpis: [{name: 'Solved', target: 60, direction: 'at_least', unit: '%'}], thresholds: [{metric: 'accuracy', op: '>=', value: 0.9}],
    cost_tags: {team: 'claims'},
  });
  expect('owner' in body).toBe(false);
});
