// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import type {PolicyContent} from '../api/governance';
import {policyDraftOf, policyOf} from './policy-draft';

const kWhole: PolicyContent = {
  require_approved_use_case: true, gates: ['shared/evaluation/safety'], approvals: [{role: 'approver', count: 2}], author_may_approve: false,
  evidence_max_age_hours: 168, freeze: [{from: '2026-12-20T00:00:30Z', until: '2027-01-03T00:00:00Z', reason: 'Holidays'}],
  strategies: ['canary'], require_previous_environment: true, emergency: {allowed: true, roles: ['admin']},
};

describe('a policy as a form', () => {
  it('gives back what it was made from, to the second', () => {
    for (const content of [kWhole, {}, {evidence_max_age_hours: null, gates: []}] as PolicyContent[]) {
      expect(policyOf(policyDraftOf(content), content)).toEqual(content);
    }
  });
  it('says only what was said', () => {
    expect(policyOf({...policyDraftOf({}), approvals: [{role: 'approver', count: 3}], approved: 'no', age: '24'}, {})).toEqual({
      approvals: [{role: 'approver', count: 3}], require_approved_use_case: false, evidence_max_age_hours: 24,
    });
    expect(policyOf({...policyDraftOf(kWhole), approvals: [], approved: '', gates: [], emergency: ''}, kWhole)).toEqual({
      author_may_approve: false, evidence_max_age_hours: 168, freeze: kWhole.freeze, strategies: ['canary'], require_previous_environment: true,
    });
  });
  it('writes times in UTC', () => {
    const draft = {...policyDraftOf({}), freeze: [{from: '2026-12-20T10:00', until: '2026-12-21T10:00', reason: ' Fair '}]};
    expect(policyOf(draft, {}).freeze).toEqual([{from: new Date('2026-12-20T10:00').toISOString(), until: new Date('2026-12-21T10:00').toISOString(), reason: 'Fair'}]);
  });
});
