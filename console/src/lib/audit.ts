// SPDX-License-Identifier: Apache-2.0
// Audit entries as sentences and differences, and what the audit page keeps in the address.

export interface AuditSearch {
  q?: string;
  actor?: string;
  action?: string;
  object?: string;
  use_case?: string;
  since?: Since;
  open?: string;
}

export const kSince = ['1d', '7d', '30d', '365d'] as const;
export type Since = (typeof kSince)[number];
export const kSinceLabels: Record<Since, string> = {'1d': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days', '365d': 'Last year'};

export function sinceTime(since: Since | undefined, now = Date.now()): string | undefined {
  return since ? new Date(now - Number(since.slice(0, -1)) * 86_400_000).toISOString() : undefined;
}

export function cleanAudit(search: Record<string, unknown>): AuditSearch {
  const clean: AuditSearch = {};
  for (const name of ['q', 'actor', 'action', 'object', 'use_case', 'open'] as const) {
    const value = search[name];
    if (typeof value === 'string' && value.trim() !== '' && value.length <= 400) clean[name] = value;
  }
  const since = kSince.find((s) => s === search.since);
  if (since) clean.since = since;
  if (clean.open && !/^\d{1,15}$/.test(clean.open)) delete clean.open;
  return clean;
}

const kSentences: Record<string, string> = {
  'session.sign_in': 'signed in', 'session.sign_in_failed': 'failed to sign in as', 'session.sign_out': 'signed out',
  'session.create_link': 'made a one-time sign-in for', 'principal.invite': 'invited', 'principal.create': 'made the account',
  'principal.set_roles': 'changed the roles of', 'principal.deactivate': 'deactivated', 'principal.activate': 'activated',
  'principal.renew_secret': 'made a new link or token for', 'principal.set_password': 'set a password', 'principal.link_identity': 'linked the single sign-on of',
  'key.create': 'made the key', 'key.rotate': 'rotated the key', 'key.revoke': 'revoked the key', 'audit.verify': 'verified', 'audit.export': 'exported',
};

// "release.promote" is a sentence as well as it goes: "promoted" would need a dictionary.
export function actionText(action: string): string {
  return kSentences[action] ?? action.replace('.', ': ').replaceAll('_', ' ');
}

// What somebody did to themselves needs no object.
export function showsObject(action: string): boolean {
  return !['session.sign_in', 'session.sign_out', 'principal.set_password'].includes(action);
}

export interface Difference {
  path: string;
  before: string | null;  // null: there was nothing
  after: string | null;
}

type Json = unknown;
const isObject = (value: Json): value is Record<string, Json> => typeof value === 'object' && value !== null && !Array.isArray(value);
export const show = (value: Json): string => typeof value === 'string' ? value : JSON.stringify(value);

// Field by field; of lists what came and what went. Order within a list of plain values means nothing here.
export function differences(before: Json, after: Json, path = ''): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isObject(before) && isObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => differences(before[key], after[key], path ? `${path}.${key}` : key));
  }
  if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].every((item) => typeof item !== 'object')) {
    const gone = before.filter((item) => !after.includes(item)).map((item): Difference => ({path, before: show(item), after: null}));
    const come = after.filter((item) => !before.includes(item)).map((item): Difference => ({path, before: null, after: show(item)}));
    if (gone.length + come.length > 0) return [...gone, ...come];
  }
  const text = (value: Json) => value === undefined || value === null ? null : show(value);
  return [{path, before: text(before), after: text(after)}];
}

export interface DetailParts {
  changes: Difference[];
  facts: [string, Json][];
}

// What changed, and what is merely said.
export function detailParts(detail: Record<string, Json>): DetailParts {
  const {before, after, ...rest} = detail;
  const changed = 'before' in detail || 'after' in detail;
  return {changes: changed ? differences(before, after) : [], facts: Object.entries(rest)};
}

// One line for the list.
export function summary(detail: Record<string, Json>): string {
  const {changes, facts} = detailParts(detail);
  if (changes.length) {
    return changes.map(({path, before, after}) => `${path ? `${path}: ` : ''}${before === null ? `+ ${after}` : after === null ? `− ${before}` : `${before} → ${after}`}`).join(', ');
  }
  return facts.filter(([name]) => name !== 'id').map(([name, value]) => `${name.replaceAll('_', ' ')} ${show(value)}`).join(', ');
}
