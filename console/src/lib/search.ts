// SPDX-License-Identifier: Apache-2.0
// What the address bar holds. Values are plain strings (?status=error&range=7d), so that links can be read,
// written by hand and pasted into a chat.
import {cleanRange, type RangeSearch} from './range';

export const kStatuses = [
  'ok', 'client_error', 'limited', 'upstream_error', 'interrupted', 'blocked', 'internal_error',
] as const;
export type Status = (typeof kStatuses)[number];

export const kDimensions = ['use_case', 'model', 'key', 'provider', 'environment', 'status'] as const;
export type Dimension = (typeof kDimensions)[number];
export const kDimensionLabels: Record<Dimension, string> = {
  use_case: 'Use case', model: 'Model', key: 'Key', provider: 'Provider', environment: 'Environment',
  status: 'Status',
};

export interface Filters {
  environment?: string;
  use_case?: string;
  model?: string;
  key?: string;
  provider?: string;
  status?: string;
  q?: string;
}

export interface ShellSearch extends RangeSearch {
  environment?: string;
}
export interface OverviewSearch extends ShellSearch, Filters {
  by?: Dimension;
}
export interface InvocationsSearch extends ShellSearch, Filters {
  open?: string;
  live?: 'on';
}

export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value));
  }
  // Times and lists stay readable: colons and commas need no escape in a query.
  const text = params.toString().replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%2F', '/');
  return text ? `?${text}` : '';
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 400 ? value : undefined;
}

export function drop<T extends object>(value: T): T {
  for (const key of Object.keys(value) as (keyof T)[]) if (value[key] === undefined) delete value[key];
  return value;
}

// "ok", "error" or a list of statuses; anything else is left out.
export function cleanStatus(value: unknown): string | undefined {
  const parts = (text(value) ?? '').split(',').filter((part) => part === 'error' || (kStatuses as readonly string[]).includes(part));
  return parts.length ? [...new Set(parts)].join(',') : undefined;
}

export function cleanShell(search: Record<string, unknown>): ShellSearch {
  return drop({environment: text(search.environment), ...cleanRange(search)});
}

export function cleanFilters(search: Record<string, unknown>): Filters {
  return drop({
    use_case: text(search.use_case), model: text(search.model), key: text(search.key),
    provider: text(search.provider), status: cleanStatus(search.status), q: text(search.q),
  });
}

export function cleanOverview(search: Record<string, unknown>): OverviewSearch {
  const by = kDimensions.find((dimension) => dimension === search.by && dimension !== 'use_case');
  return drop({...cleanFilters(search), q: undefined, by});
}

export function cleanInvocations(search: Record<string, unknown>): Omit<InvocationsSearch, keyof ShellSearch> {
  return drop({...cleanFilters(search), open: text(search.open), live: search.live === 'on' ? 'on' as const : undefined});
}

export function filtersOf(search: OverviewSearch & {q?: string}): Filters {
  const {environment, use_case, model, key, provider, status, q} = search;
  return drop({environment, use_case, model, key, provider, status, q});
}
