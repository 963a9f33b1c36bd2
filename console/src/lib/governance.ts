// SPDX-License-Identifier: Apache-2.0
// What people read on the pages of use cases and releases: states in words, the next step, the first sentence.
import type {Deployment, EffectivePolicy, PendingDecision, PolicyContent, PromotionCheck, Questionnaire, Release, Review, Rollout, Threshold, UseCaseDetail, UseCaseState} from '../api/governance';
import {formatDay, formatDuration, formatMinute, plural} from './format';
import type {Level} from './health';

export const kStateLabels: Record<UseCaseState, string> = {draft: 'Draft', in_review: 'In review', approved: 'Approved', retired: 'Retired'};
export const kReviewLabels: Record<Review['state'], string> = {
  missing: 'Waiting', approved: 'Approved', approved_with_conditions: 'Approved with conditions', rejected: 'Rejected', expired: 'Expired',
  outdated: 'Outdated by a change',
};
export const kModeLabels = {all: 'All at once', blue_green: 'Blue-green', canary: 'Canary'} as const;

export function listOf(words: readonly string[], joint = 'and'): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1)}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replaceAll('_', ' ');
}

// "approvals approver" → "Approvals (approver)"
export function checkName(name: string): string {
  const [what, ...whose] = name.split(' ');
  return capital(what ?? '') + (whose.length ? ` (${whose.join(' ').replaceAll('_', ' ')})` : '');
}

// "Claims: summary & triage (2026)" → "claims-summary-triage-2026"
export function slugOf(name: string): string {
  return name.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+/, '').slice(0, 63).replace(/-+$/, '');
}

export interface RiskPreview {
  tier: Questionnaire['tiers'][number] | null;  // null until every question is answered
  unanswered: number;
  reasons: string[];  // the answers that demand the tier
}

// What the server will say about these answers: the highest tier that any of them demands.
export function previewRisk({questions, tiers}: Questionnaire, answers: Record<string, string>): RiskPreview {
  let level = 0;
  let unanswered = 0;
  let reasons: string[] = [];
  for (const question of questions) {
    const option = question.options.find((o) => o.value === answers[question.id]);
    if (!option) {
      unanswered++;
      continue;
    }
    const demanded = tiers.findIndex((tier) => tier.name === option.tier);
    if (demanded > level) {
      level = demanded;
      reasons = [];
    }
    if (demanded === level && demanded > 0) reasons.push(`${question.text} ${option.label}`);
  }
  return {tier: unanswered ? null : tiers[level] ?? null, unanswered, reasons};
}

export function isDecided(review: Review): boolean {
  return review.state === 'approved' || review.state === 'approved_with_conditions';
}

export interface Answer {
  level: Level;
  word: string;
  sentence: string;
  findings: string[];
}

// What keeps it from being submitted, most important first.
export function missingForReview(useCase: UseCaseDetail, questionnaire: Questionnaire | undefined): string[] {
  const missing: string[] = [];
  if (!useCase.purpose?.trim()) missing.push('say what it is for');
  if (!useCase.users_affected.trim()) missing.push('say whom it affects');
  const open = questionnaire ? previewRisk(questionnaire, useCase.answers).unanswered : 0;
  if (open) missing.push(`answer ${plural(open, 'more risk question')}`);
  else if (useCase.tier === null) missing.push('answer the risk questions');
  return missing;
}

export function describeUseCase(useCase: UseCaseDetail, questionnaire: Questionnaire | undefined): Answer {
  const findings: string[] = [];
  const running = Object.entries(useCase.environments ?? {}).filter(([, release]) => release);
  const places = running.map(([environment, release], i) => `${release.slice(release.indexOf('@') + 1)}${i ? '' : ' runs'} in ${environment}`);
  const runs = running.length ? `release ${listOf(places)}` : 'nothing runs yet';
  const by = (states: Review['state'][]) => useCase.reviews.filter((r) => states.includes(r.state)).map((r) => r.discipline);
  const rejected = by(['rejected']);
  const expired = by(['expired']);
  const outdated = by(['outdated']);
  const waiting = useCase.required_reviews.filter((d) => !useCase.reviews.some((r) => r.discipline === d && (isDecided(r) || r.state === 'rejected')));
  if (rejected.length) findings.push(`${capital(listOf(rejected))} said no; change what they ask for and submit again`);
  if (expired.length) findings.push(`The ${listOf(expired)} review has expired and is due again`);
  if (outdated.length) findings.push(`The use case has changed since the ${listOf(outdated)} review`);
  const conditions = useCase.reviews.reduce((n, r) => n + (isDecided(r) ? r.conditions.length : 0), 0);
  if (conditions) findings.push(`${plural(conditions, 'condition')} ${conditions === 1 ? 'is' : 'are'} attached to its approval`);
  switch (useCase.state) {
    case 'draft': {
      const missing = missingForReview(useCase, questionnaire);
      const next = missing.length ? `${listOf(missing)}, then submit it for review` : 'everything is filled in; submit it for review';
      return {level: rejected.length ? 'bad' : 'warn', word: 'Draft', sentence: next, findings};
    }
    case 'in_review':
      return {level: rejected.length ? 'bad' : 'warn', word: 'In review', sentence: waiting.length ? `waits for ${listOf(waiting)}` : rejected.length ? 'turned down' : 'all reviews are in', findings};
    case 'approved': {
      const until = useCase.approved_until ? `until ${formatDay(useCase.approved_until)}` : 'without an end';
      return {level: useCase.reviews_open ? 'warn' : 'ok', word: 'Approved', sentence: `${until}; ${runs}`, findings};
    }
    case 'retired':
      return {level: 'quiet', word: 'Retired', sentence: 'its keys no longer work; its history stays', findings};
  }
}

export function describeDeployments(deployments: Deployment[], newest: Release | undefined): Answer {
  const findings: string[] = [];
  let level: Level = 'ok';
  for (const {environment, rollout, candidate, active} of deployments) {
    if (!rollout || !candidate) continue;
    if (rollout.state === 'running') findings.push(`${environment}: release ${candidate} takes ${rollout.percent} % of the calls. ${rollout.verdict}`.trim());
    else if (rollout.state === 'paused') findings.push(`${environment}: the rollout of release ${candidate} is paused at ${rollout.percent} %`);
    if (rollout.figures.some((f) => f.state === 'worse')) level = 'bad';
    else if (level === 'ok') level = 'warn';
    if (active === null) level = 'bad';
  }
  const running = deployments.filter((d) => d.active !== null);
  if (!running.length && !newest) return {level: 'quiet', word: 'No release yet', sentence: 'cut one from the assets of this use case', findings};
  const last = deployments.at(-1);
  const where = running.length ? listOf(running.map((d) => `release ${d.active} in ${d.environment}`)) : `release ${newest?.number} is cut; promote it to ${deployments[0]?.environment ?? 'an environment'} first`;
  if (newest && last && last.active !== null && last.active < newest.number) findings.push(`Release ${newest.number} is newer than what runs in ${last.environment}`);
  return {level: running.length ? level : 'quiet', word: running.length ? 'Running' : 'Not running', sentence: where, findings};
}

function activeIn(release: Release): string[] {
  return Object.entries(release.environments).filter(([, state]) => state === 'active').map(([environment]) => environment);
}

export function whereRuns(release: Release): string {
  const here = activeIn(release);
  return here.length ? `it runs in ${listOf(here)}` : 'it runs nowhere yet';
}

export function describeRelease(release: Release): Answer {
  const here = activeIn(release);
  const may = Object.entries(release.may ?? {});
  const allowed = may.filter(([environment, check]) => check.allowed && !here.includes(environment)).map(([environment]) => environment);
  const refused = may.filter(([environment, check]) => !check.allowed && !here.includes(environment));
  const findings = refused.map(([environment, check]) => `${environment}: ${failing(check).join('; ') || 'not allowed'}`);
  const failed = release.evidence.filter((e) => e.result === 'fail' || e.result === 'error');
  if (failed.length) findings.unshift(`Evidence that is no pass: ${listOf(failed.map((e) => e.name))}`);
  const rejected = release.approvals.filter((a) => a.decision === 'reject');
  if (rejected.length) findings.unshift(`${listOf(rejected.map((a) => `${a.by} rejected it for ${a.environment}`))}`);
  const runs = here.length ? `in ${listOf(here)}` : 'runs nowhere';
  const word = here.length ? 'Running' : allowed.length ? 'Ready' : 'Not yet';
  const ready = allowed.length ? `; may go to ${listOf(allowed)} now` : refused.length ? `; ${refused.length === 1 ? `${refused[0]![0]} is` : `${listOf(refused.map(([e]) => e))} are`} closed to it` : '';
  return {level: rejected.length || failed.length ? 'bad' : here.length || allowed.length ? 'ok' : 'warn', word, sentence: runs + ready, findings};
}

export function failing(check: Pick<PromotionCheck, 'checks'>): string[] {
  return check.checks.filter((c) => !c.ok).map((c) => c.detail.replace(/\.$/, '') || c.name);
}

export function formatThreshold({metric, op, value}: Threshold): string {
  return `${metric} ${({'>=': '≥', '<=': '≤', '>': '>', '<': '<'} as const)[op]} ${value}`;
}

// Whether a figure keeps what was agreed; null where there is no figure.
export function keepsThreshold({op, value}: Threshold, figure: unknown): boolean | null {
  if (typeof figure !== 'number') return null;
  return op === '>=' ? figure >= value : op === '<=' ? figure <= value : op === '>' ? figure > value : figure < value;
}

// What the newest evidence of a release says of a metric; null where nobody has measured it.
export function measured(release: Pick<Release, 'evidence'>, metric: string): number | null {
  const newestFirst = [...release.evidence].sort((a, b) => b.produced_at.localeCompare(a.produced_at));
  const found = newestFirst.map((e) => e.metrics[metric]).find((value) => typeof value === 'number');
  return typeof found === 'number' ? found : null;
}

// How the newest release keeps what was agreed up front.
export function qualityOf(thresholds: Threshold[], releases: Release[]): {value: string; note: string; tone?: 'good' | 'bad'} {
  if (!thresholds.length) return {value: '–', note: 'nothing is agreed'};
  const newest = releases[0];
  if (!newest) return {value: '–', note: 'no release yet'};
  const kept = thresholds.map((threshold) => keepsThreshold(threshold, measured(newest, threshold.metric)));
  if (kept.every((k) => k === null)) return {value: '–', note: `@${newest.number} is not measured`};
  const failed = kept.filter((k) => k === false).length;
  const open = kept.filter((k) => k === null).length;
  return {
    value: `${kept.filter(Boolean).length} of ${kept.length}`,
    note: failed ? `@${newest.number} misses ${failed}` : open ? `@${newest.number}, ${open} not measured` : `@${newest.number} keeps what was agreed`,
    ...(failed ? {tone: 'bad' as const} : open ? {} : {tone: 'good' as const}),
  };
}

const kFigureNames: Record<string, string> = {error_rate: 'Error rate', latency: 'Latency', cost: 'Cost a call', feedback: 'Feedback'};
export function figureName(metric: string): string {
  return kFigureNames[metric] ?? capital(metric);
}

export function rolloutPhrase(rollout: Rollout): string {
  const step = rollout.steps.length ? `step ${Math.min(rollout.step + 1, rollout.steps.length)} of ${rollout.steps.length}` : '';
  const state = {running: 'under way', paused: 'paused', rolled_back: 'rolled back', finished: 'finished'}[rollout.state];
  return `${kModeLabels[rollout.mode]} ${state}${step && rollout.mode === 'canary' ? `, ${step}` : ''}`;
}

export function decisionKey(item: PendingDecision): string {
  return [item.type === 'use_case_review' ? 'review' : 'release', item.use_case, item.discipline ?? item.release ?? '', item.environment ?? ''].filter((p) => p !== '').join('/');
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export interface Rule {
  key: keyof PolicyContent;
  name: string;
  value: string[];  // one line each
}

// A policy in sentences, in the order in which people ask.
export function policyRules({content}: Pick<EffectivePolicy, 'content'>, now = Date.now()): Rule[] {
  const yes = (value: boolean | undefined, ok: string, no: string) => [value ? ok : no];
  const freeze = (content.freeze ?? []).filter((f) => Date.parse(f.until) > now);
  const roles = content.emergency?.roles ?? [];
  const gates = content.gates ?? [];
  const approvals = (content.approvals ?? []).filter((a) => a.count > 0);
  return [
    {key: 'require_approved_use_case', name: 'Use case', value: yes(content.require_approved_use_case, 'Must be approved', 'Need not be approved')},
    {key: 'gates', name: 'Evidence', value: gates.length ? gates.map((gate) => `${gate} must be a pass`) : ['None is asked for']},
    {key: 'evidence_max_age_hours', name: 'Age of evidence', value: [content.evidence_max_age_hours ? `At most ${formatDuration(content.evidence_max_age_hours * 3_600_000).replace(/ 00 min$| 0 h$/, '')}` : 'Any']},
    {key: 'approvals', name: 'Approvals', value: approvals.length ? approvals.map((a) => plural(a.count, a.role)) : ['None']},
    {key: 'author_may_approve', name: 'Separation of duties', value: yes(content.author_may_approve, 'The author may approve, too', 'Someone other than the author approves')},
    {key: 'require_previous_environment', name: 'Way', value: yes(content.require_previous_environment, 'The release must run in the environment before', 'A release may come straight here')},
    {key: 'strategies', name: 'Strategies', value: [content.strategies?.length ? sentence(listOf(content.strategies.map((s) => kModeLabels[s].toLowerCase()), 'or')) : 'Any']},
    {key: 'freeze', name: 'Freeze', value: freeze.length ? freeze.map((f) => `${formatMinute(f.from)} to ${formatMinute(f.until)}: ${f.reason}`) : ['None is planned']},
    {key: 'emergency', name: 'Emergency', value: [content.emergency?.allowed ? `May pass by the checks with a reason, loudly and audited${roles.length ? `: ${listOf(roles, 'or')}` : ''}` : 'No way around the checks']},
  ];
}

export function isFrozen(content: PolicyContent, now = Date.now()): {reason: string; until: string} | null {
  return content.freeze?.find((f) => Date.parse(f.from) <= now && now < Date.parse(f.until)) ?? null;
}
