// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them. A null is "unknown", never zero.

const integerFormat = new Intl.NumberFormat('en-US', {maximumFractionDigits: 0});
const compactFormat = new Intl.NumberFormat('en-US', {notation: 'compact', maximumFractionDigits: 1});
export const kUnknown = '–';

export function formatInteger(value: number | null | undefined): string {
  return value == null ? kUnknown : integerFormat.format(value);
}

// 12,431 up to five digits, 1.2M above.
export function formatCount(value: number | null | undefined): string {
  if (value == null) return kUnknown;
  return Math.abs(value) < 100_000 ? integerFormat.format(value) : compactFormat.format(value);
}

export function formatPercent(ratio: number | null | undefined): string {
  if (ratio == null || !Number.isFinite(ratio)) return kUnknown;
  const percent = ratio * 100;
  if (percent === 0) return '0 %';
  if (Math.abs(percent) < 0.01) return percent > 0 ? '< 0.01 %' : '> -0.01 %';
  const digits = Math.abs(percent) < 1 ? 2 : Math.abs(percent) < 10 ? 1 : 0;
  return `${trimZeros(percent.toFixed(digits))} %`;
}

export function formatDuration(ms: number | null | undefined): string {
  if (ms == null || !Number.isFinite(ms)) return kUnknown;
  if (ms < 0.001) return '0 ms';
  if (ms < 1) return `${trimZeros((ms * 1000).toFixed(0))} µs`;
  if (ms < 10) return `${trimZeros(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 9_995) return `${trimZeros((ms / 1000).toFixed(2))} s`;
  if (ms < 59_950) return `${trimZeros((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

// Costs come as decimal strings. Small ones keep two significant digits, so that a single cheap call never
// shows as $0.00.
export function formatUsd(value: string | number | null | undefined): string {
  if (value == null || value === '') return kUnknown;
  const amount = Number(value);
  if (!Number.isFinite(amount)) return kUnknown;
  if (amount === 0) return '$0';
  const size = Math.abs(amount);
  if (size >= 100_000) return `$${compactFormat.format(amount)}`;
  if (size >= 1) {
    return `$${amount.toLocaleString('en-US', {minimumFractionDigits: 2, maximumFractionDigits: 2})}`;
  }
  const digits = Math.min(12, Math.max(2, 1 - Math.floor(Math.log10(size))));
  return `$${trimZeros(amount.toFixed(digits), 2)}`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${unit === 0 || bytes >= 10 ? bytes.toFixed(0) : bytes.toFixed(1)} ${units[unit]}`;
}

function trimZeros(text: string, keep = 0): string {
  if (!text.includes('.')) return text;
  const [whole, fraction = ''] = text.split('.');
  const trimmed = fraction.replace(/0+$/, '').padEnd(keep, '0');
  return trimmed ? `${whole}.${trimmed}` : whole!;
}

const kTime = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const kDay = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short'});
const kMinute = new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium', timeStyle: 'short'});
const kDayOfYear = new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium'});
const kFull = new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium', timeStyle: 'medium'});

// "13 Jun 2027"
export function formatDay(iso: string): string {
  return kDayOfYear.format(new Date(iso));
}

// "13 Jun 2027, 09:00"
export function formatMinute(iso: string): string {
  return kMinute.format(new Date(iso));
}

export function formatFullTime(iso: string): string {
  return kFull.format(new Date(iso));
}

// "14:03:22", with the day in front when it is not today.
export function formatShortTime(iso: string, now = new Date()): string {
  const at = new Date(iso);
  const time = kTime.format(at);
  return at.toDateString() === now.toDateString() ? time : `${kDay.format(at)} ${time}`;
}

export function formatAgo(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return 'never';
  const seconds = (now - Date.parse(iso)) / 1000;
  const [size, tail] = seconds < 0 ? [-seconds, ''] : [seconds, ' ago'];
  const head = seconds < 0 ? 'in ' : '';
  if (size < 45) return seconds < 0 ? 'in a moment' : 'just now';
  for (const [unit, length] of [['d', 86400], ['h', 3600], ['min', 60]] as const) {
    if (size >= length) return `${head}${Math.floor(size / length)} ${unit}${tail}`;
  }
  return `${head}${Math.round(size)} s${tail}`;
}

export interface Change {
  direction: 'up' | 'down' | 'same';
  text: string;
}

// How a figure moved against the period before: in percent, or in points for rates. Null if there is nothing
// to compare with.
export function change(now: number | null, before: number | null, kind: 'relative' | 'points'): Change | null {
  if (now == null || before == null) return null;
  const delta = kind === 'points' ? (now - before) * 100 : before === 0 ? (now === 0 ? 0 : null) : (now / before - 1) * 100;
  if (delta == null) return null;
  const size = Math.abs(delta);
  if (size < (kind === 'points' ? 0.005 : 0.5)) return {direction: 'same', text: 'unchanged'};
  if (kind === 'relative' && delta >= 900) {
    return {direction: 'up', text: `× ${formatCount(Math.round(delta / 100 + 1))}`};
  }
  const digits = size < 1 ? 2 : size < 10 ? 1 : 0;
  const text = `${trimZeros(size.toFixed(digits))} ${kind === 'points' ? 'pts' : '%'}`;
  return {direction: delta > 0 ? 'up' : 'down', text};
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
