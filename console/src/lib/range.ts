// SPDX-License-Identifier: Apache-2.0
// Time ranges: presets that move with the clock, and fixed ones.

export const kPresets = ['15m', '1h', '6h', '24h', '7d', '30d', '90d'] as const;
export type Preset = (typeof kPresets)[number];
export const kDefaultPreset: Preset = '1h';

const kMinutes: Record<Preset, number> = {
  '15m': 15, '1h': 60, '6h': 360, '24h': 1440, '7d': 10080, '30d': 43200, '90d': 129600,
};
const kNames: Record<Preset, string> = {
  '15m': '15 minutes', '1h': 'hour', '6h': '6 hours', '24h': '24 hours', '7d': '7 days', '30d': '30 days',
  '90d': '90 days',
};

export interface RangeSearch {
  range?: Preset;
  from?: string;
  to?: string;
}

export interface ResolvedRange {
  from: Date;
  to: Date;
}

export function isPreset(value: unknown): value is Preset {
  return typeof value === 'string' && (kPresets as readonly string[]).includes(value);
}

// Keeps what makes sense: a valid fixed range, else a preset.
export function cleanRange(search: Record<string, unknown>): RangeSearch {
  const from = cleanTime(search.from);
  const to = cleanTime(search.to);
  if (from && to && from < to) return {from, to};
  return isPreset(search.range) && search.range !== kDefaultPreset ? {range: search.range} : {};
}

function cleanTime(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

export function isLive(search: RangeSearch): boolean {
  return !(search.from && search.to);
}

export function resolveRange(search: RangeSearch, now = new Date()): ResolvedRange {
  if (search.from && search.to) return {from: new Date(search.from), to: new Date(search.to)};
  const minutes = kMinutes[search.range ?? kDefaultPreset];
  return {from: new Date(now.getTime() - minutes * 60_000), to: now};
}

export function presetLabel(preset: Preset): string {
  return `Last ${kNames[preset]}`;
}

const kDayTime = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'});
const kTime = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit'});

export function rangeLabel(search: RangeSearch): string {
  if (!search.from || !search.to) return presetLabel(search.range ?? kDefaultPreset);
  const from = new Date(search.from);
  const to = new Date(search.to);
  const sameDay = from.toDateString() === to.toDateString();
  return `${kDayTime.format(from)} – ${sameDay ? kTime.format(to) : kDayTime.format(to)}`;
}

// For sentences: "in the last hour", "between … and …".
export function rangePhrase(search: RangeSearch): string {
  if (!search.from || !search.to) return `in the last ${kNames[search.range ?? kDefaultPreset]}`;
  return `between ${rangeLabel(search).replace(' – ', ' and ')}`;
}

// The whole minutes that hold the two instants, in either order: the store keeps its sums by the minute.
export function zoomRange(a: number, b: number): RangeSearch {
  const minute = 60_000;
  const from = Math.floor(Math.min(a, b) / minute) * minute;
  const to = Math.max(from + minute, Math.ceil(Math.max(a, b) / minute) * minute);
  return {from: new Date(from).toISOString(), to: new Date(to).toISOString()};
}

// How an axis labels its points: the time within two days, the day and time within ten, the day beyond.
export function axisLabel(at: number, spanMs: number): string {
  const day = 86_400_000;
  const date = new Date(at);
  if (spanMs <= 2 * day) return kTime.format(date);
  if (spanMs <= 10 * day) return kDayTime.format(date);
  return new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short'}).format(date);
}

// <input type="datetime-local"> speaks local time without a zone.
export function toLocalInput(date: Date): string {
  const pad = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}
