// SPDX-License-Identifier: Apache-2.0
// A policy as a form: each rule says something, or leaves it to what holds below (the default, or `shared`).
import type {PolicyContent} from '../api/governance';

export type YesNo = '' | 'yes' | 'no';  // '': nothing is said

export interface PolicyDraft {
  approved: YesNo;
  previous: YesNo;
  author: YesNo;
  approvals: {role: string; count: number}[];
  age: string;  // hours; '': nothing is said
  gates: string[];
  strategies: string[];
  freeze: {from: string; until: string; reason: string}[];  // times as <input type="datetime-local"> has them
  emergency: YesNo;
  roles: string[];
}

const yesNo = (value: boolean | undefined): YesNo => value === undefined ? '' : value ? 'yes' : 'no';
// In the time of the browser, to the minute.
const local = (time: string) => {
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

export function policyDraftOf(content: PolicyContent): PolicyDraft {
  return {
    approved: yesNo(content.require_approved_use_case), previous: yesNo(content.require_previous_environment), author: yesNo(content.author_may_approve),
    approvals: (content.approvals ?? []).map(({role, count}) => ({role, count})),
    age: content.evidence_max_age_hours ? String(content.evidence_max_age_hours) : '',
    gates: [...content.gates ?? []], strategies: [...content.strategies ?? []],
    freeze: (content.freeze ?? []).map(({from, until, reason}) => ({from: local(from), until: local(until), reason})),
    emergency: yesNo(content.emergency?.allowed), roles: [...content.emergency?.roles ?? []],
  };
}

// What is sent. A rule that the form has not touched stays as it is written in `before`: an age of any length (null), an empty list.
export function policyOf(draft: PolicyDraft, before: PolicyContent): PolicyContent {
  const was = policyDraftOf(before);
  const out: Record<string, unknown> = {};
  const rule = (name: keyof PolicyContent, now: unknown, then: unknown, value: unknown) => {
    if (JSON.stringify(now) === JSON.stringify(then)) {
      if (before[name] !== undefined) out[name] = before[name];
    } else if (value !== undefined) out[name] = value;
  };
  const said = (value: YesNo) => value === '' ? undefined : value === 'yes';
  const listed = <T>(values: T[]) => values.length ? values : undefined;
  rule('require_approved_use_case', draft.approved, was.approved, said(draft.approved));
  rule('gates', draft.gates, was.gates, listed(draft.gates));
  rule('approvals', draft.approvals, was.approvals, listed(draft.approvals.filter((a) => a.role)));
  rule('author_may_approve', draft.author, was.author, said(draft.author));
  rule('evidence_max_age_hours', draft.age, was.age, draft.age === '' ? undefined : Number(draft.age));
  rule('freeze', draft.freeze, was.freeze, listed(draft.freeze.map(({from, until, reason}) => ({from: utc(from), until: utc(until), reason: reason.trim()}))));
  rule('strategies', draft.strategies, was.strategies, listed(draft.strategies));
  rule('require_previous_environment', draft.previous, was.previous, said(draft.previous));
  rule('emergency', [draft.emergency, draft.roles], [was.emergency, was.roles],
    draft.emergency === '' ? undefined : draft.emergency === 'yes' ? {allowed: true, roles: draft.roles} : {allowed: false});
  return out as PolicyContent;
}

function utc(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : at.toISOString();
}
