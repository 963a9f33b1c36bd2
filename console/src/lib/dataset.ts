// SPDX-License-Identifier: Apache-2.0
// Cases of datasets: how they are shown in a line, and how what people type becomes one.
import {drop, text} from './search';

export interface CasesSearch {
  version?: string;
  tag?: string;
  split?: string;
  q?: string;
  open?: string;
}

export function cleanCases(search: Record<string, unknown>): CasesSearch {
  return drop({version: text(search.version), tag: text(search.tag), split: text(search.split), q: text(search.q), open: text(search.open)});
}

export type InputShape = 'text' | 'messages' | 'variables';

export function shapeOf(input: unknown): InputShape {
  return typeof input === 'string' ? 'text' : Array.isArray(input) ? 'messages' : 'variables';
}

// One line of what goes in, or of what is expected.
export function inALine(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.replace(/\s+/g, ' ').trim();
  if (Array.isArray(value)) {
    // The last message is what a conversation asks.
    const last: unknown = value.at(-1);
    if (isObject(last) && 'role' in last) return inALine(last.content);
    return value.map(inALine).filter(Boolean).join(' ');
  }
  if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.length === 1) return inALine(entries[0]![1]);
    return entries.map(([name, member]) => `${name}: ${inALine(member)}`).join(', ');
  }
  return JSON.stringify(value) ?? '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// What a form holds of a case. `json`: the member is written as JSON instead of plain text.
export interface CaseDraft {
  id: string;
  shape: InputShape;
  input: string;
  expected: string;
  context: string;
  tags: string[];
  split: string;
}

export const kEmptyDraft: CaseDraft = {id: '', shape: 'text', input: '', expected: '', context: '', tags: [], split: ''};

const pretty = (value: unknown): string => value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2);

export function draftOf(one: Record<string, unknown>): CaseDraft {
  return {
    id: String(one.id ?? ''), shape: shapeOf(one.input), input: pretty(one.input), expected: pretty(one.expected), context: pretty(one.context),
    tags: Array.isArray(one.tags) ? one.tags.map(String) : [], split: typeof one.split === 'string' ? one.split : '',
  };
}

// The case that a form describes; fields that it does not show stay as they were in `before`. A string says what is wrong.
export function caseOf(draft: CaseDraft, before: Record<string, unknown> = {}): Record<string, unknown> | string {
  let input: unknown = draft.input;
  if (draft.shape !== 'text') {
    try {
      input = JSON.parse(draft.input);
    } catch (error) {
      return `The input is no JSON: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (draft.shape === 'messages' && !(Array.isArray(input) && input.length > 0 && input.every((m) => isObject(m) && typeof m.role === 'string')))
      return 'Messages are a list, each with a role and a content';
    if (draft.shape === 'variables' && !isObject(input)) return 'Variables are a map of names and values';
  } else if (!draft.input.trim()) return 'Say what goes in';
  const one: Record<string, unknown> = {...before, input};
  const set = (name: string, value: unknown) => {
    if (value === undefined) delete one[name];
    else one[name] = value;
  };
  // What was structured stays so, as long as it is JSON.
  const typed = (was: unknown, now: string): unknown => {
    if (!now.trim()) return undefined;
    if (was === undefined || was === null || typeof was === 'string') return now;
    try {
      return JSON.parse(now);
    } catch {
      return now;
    }
  };
  set('expected', typed(before.expected, draft.expected));
  set('context', typed(before.context, draft.context));
  set('tags', draft.tags.length ? draft.tags : undefined);
  set('split', draft.split.trim() || undefined);
  if (draft.id.trim()) one.id = draft.id.trim();
  return one;
}

// The largest counts first, as far as they can be read at a glance.
export function largest(counts: Record<string, number>, most: number): {shown: [string, number][]; more: number} {
  const all = Object.entries(counts).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  return {shown: all.slice(0, most), more: Math.max(0, all.length - most)};
}

// Members that differ between two forms of a case.
export function changedFields(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
