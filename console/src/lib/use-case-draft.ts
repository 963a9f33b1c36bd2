// SPDX-License-Identifier: Apache-2.0
// A use case while somebody is filling it in: every field is text that may still be wrong.
import type {Kpi, Threshold, UseCaseDetail} from '../api/governance';
import type {components} from '../api/schema';
import {slugOf} from './governance';
import {slugProblem} from './slug';

export interface UseCaseDraft {
  name: string;
  slug: string;
  slugTyped: boolean;  // until then the name makes it
  owner: string;
  purpose: string;
  usersAffected: string;
  dataClasses: string[];
  answers: Record<string, string>;
  mitigations: string;
  knownLimits: string;
  entry: string;
  kpis: {name: string; direction: 'at_least' | 'at_most'; target: number | ''; unit: string}[];
  thresholds: {metric: string; op: Threshold['op']; value: number | ''}[];
  costTags: {name: string; value: string}[];
  links: {title: string; url: string}[];
}

export const kNoDraft: UseCaseDraft = {
  name: '', slug: '', slugTyped: false, owner: '', purpose: '', usersAffected: '', dataClasses: [], answers: {}, mitigations: '', knownLimits: '', entry: '', kpis: [],
  thresholds: [], costTags: [], links: [],
};

export function withName(draft: UseCaseDraft, name: string): UseCaseDraft {
  return {...draft, name, ...(draft.slugTyped ? {} : {slug: slugOf(name)})};
}

export function draftOf(useCase: UseCaseDetail): UseCaseDraft {
  return {
    name: useCase.name, slug: useCase.slug, slugTyped: true, owner: useCase.owner, purpose: useCase.purpose ?? '', usersAffected: useCase.users_affected,
    dataClasses: useCase.data_classes, answers: useCase.answers, mitigations: useCase.mitigations, knownLimits: useCase.known_limits, entry: useCase.entry ?? '',
    kpis: useCase.kpis.map((k) => ({name: k.name, direction: k.direction ?? 'at_least', target: k.target, unit: k.unit ?? ''})),
    thresholds: useCase.thresholds.map(({metric, op, value}) => ({metric, op, value})),
    costTags: Object.entries(useCase.cost_tags ?? {}).map(([name, value]) => ({name, value})), links: useCase.links,
  };
}

export type DraftProblems = Partial<Record<'name' | 'slug' | 'kpis' | 'thresholds' | 'costTags' | 'links', string>>;

export function draftProblems(draft: UseCaseDraft): DraftProblems {
  const problems: DraftProblems = {};
  if (!draft.name.trim()) problems.name = 'A name is needed';
  const slug = slugProblem(draft.slug);
  if (slug) problems.slug = slug;
  if (draft.kpis.some((k) => !k.name.trim() || k.target === '')) problems.kpis = 'Each goal needs a name and a target';
  if (draft.thresholds.some((t) => !t.metric.trim() || t.value === '')) problems.thresholds = 'Each threshold needs a metric and a value';
  if (draft.costTags.some((t) => !t.name.trim() || !t.value.trim())) problems.costTags = 'Each tag needs a name and a value';
  if (draft.links.some((l) => !l.title.trim() || !/^https?:\/\/\S+$/.test(l.url.trim()))) problems.links = 'Each link needs a title and an address that begins with https://';
  return problems;
}

// What is sent; only for drafts without problems.
export function bodyOf(draft: UseCaseDraft): components['schemas']['UseCaseCreate'] {
  return {
    slug: draft.slug, name: draft.name.trim(), ...(draft.owner.trim() ? {owner: draft.owner.trim()} : {}), purpose: draft.purpose.trim(),
    users_affected: draft.usersAffected.trim(), data_classes: draft.dataClasses, answers: draft.answers, mitigations: draft.mitigations.trim(),
    known_limits: draft.knownLimits.trim(), entry: draft.entry.trim() || null,
    kpis: draft.kpis.map((k): Kpi => ({name: k.name.trim(), target: Number(k.target), direction: k.direction, ...(k.unit.trim() ? {unit: k.unit.trim()} : {})})),
    thresholds: draft.thresholds.map((t): Threshold => ({metric: t.metric.trim(), op: t.op, value: Number(t.value)})),
    cost_tags: Object.fromEntries(draft.costTags.map((t) => [t.name.trim(), t.value.trim()])),
    links: draft.links.map((l) => ({title: l.title.trim(), url: l.url.trim()})),
  };
}

const kKept = 'slipway-use-case-draft';

// A half-filled form outlives a reload of its tab, and nothing else.
export function keepDraft(draft: UseCaseDraft | null) {
  try {
    if (draft) sessionStorage.setItem(kKept, JSON.stringify(draft));
    else sessionStorage.removeItem(kKept);
  } catch {
    // A browser without storage only loses this convenience.
  }
}

export function keptDraft(): UseCaseDraft {
  try {
    return {...kNoDraft, ...JSON.parse(sessionStorage.getItem(kKept) ?? '{}') as Partial<UseCaseDraft>};
  } catch {
    return kNoDraft;
  }
}
