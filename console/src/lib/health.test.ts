// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import type {Overview, Totals} from '../api/types';
import {judge} from './health';

function totals(by: Partial<Totals['by_status']>, p95: number | null = 500): Totals {
  const by_status = {ok: 0, client_error: 0, limited: 0, upstream_error: 0, interrupted: 0, blocked: 0, internal_error: 0, ...by};
  const requests = Object.values(by_status).reduce((a, b) => a + b, 0);
  const errors = requests - by_status.ok;
  const none = {p50: null, p95: null, p99: null};
  return {
    requests, errors, error_rate: requests ? errors / requests : 0, by_status, tokens: {input: 0, cache_read: 0, cache_write: 0, output: 0, reasoning: 0}, cost_usd: '0',
    unknown_cost_requests: 0, duration_ms: {...none, p95}, first_token_ms: none,
  };
}
function overview(now: Totals, before = totals({ok: 1000}), more: Partial<Overview> = {}): Overview {
  return {from: '', to: '', step_seconds: 60, totals: now, previous: before, series: [], groups: [], groups_left_off: 0, lag: {records_behind: 0, seconds_behind: 0}, lost_records: 0, ...more};
}
const phrase = 'in the last hour';

describe('the verdict', () => {
  it('is healthy, in a sentence', () => {
    const verdict = judge(overview(totals({ok: 12406, client_error: 25})), phrase);
    expect(verdict).toMatchObject({level: 'ok', word: 'Healthy', sentence: '12,431 calls in the last hour, 0.2 % errors', findings: []});
  });
  it('is quiet without calls', () => expect(judge(overview(totals({})), phrase)).toMatchObject({level: 'quiet', sentence: 'No calls in the last hour'}));
  it('needs a look from one failure in a hundred, fails from one in twenty', () => {
    expect(judge(overview(totals({ok: 990, upstream_error: 9})), phrase).level).toBe('ok');
    expect(judge(overview(totals({ok: 980, upstream_error: 12, internal_error: 8})), phrase).level).toBe('warn');
    const bad = judge(overview(totals({ok: 90, upstream_error: 10})), phrase);
    expect(bad.level).toBe('bad');
    expect(bad.findings[0]).toContain('10 calls failed');
  });
  it('does not blame itself for clients that err or leave', () => {
    const verdict = judge(overview(totals({ok: 500, client_error: 300, interrupted: 200})), phrase);
    expect(verdict.level).toBe('ok');
    expect(verdict.findings.join()).toContain('refused as wrong requests');
  });
  it('does not call a single failure of three a disaster', () => expect(judge(overview(totals({ok: 2, upstream_error: 1})), phrase).level).toBe('warn'));
  it('sees a slowdown, but not by chance or of a few milliseconds', () => {
    expect(judge(overview(totals({ok: 100}, 2000), totals({ok: 100}, 500)), phrase)).toMatchObject({level: 'warn'});
    expect(judge(overview(totals({ok: 3}, 2000), totals({ok: 100}, 500)), phrase).level).toBe('ok');
    expect(judge(overview(totals({ok: 100}, 50), totals({ok: 100}, 5)), phrase).level).toBe('ok');
  });
  it('says what was lost and how far behind it is, also when quiet', () => {
    const verdict = judge(overview(totals({}), totals({}), {lost_records: 3, lag: {records_behind: 1000, seconds_behind: 90}}), phrase);
    expect(verdict.level).toBe('warn');
    expect(verdict.findings).toHaveLength(2);
  });
  it('stays failing when something lesser is found as well', () => {
    expect(judge(overview(totals({ok: 50, upstream_error: 50, limited: 50}), undefined, {lost_records: 1}), phrase).level).toBe('bad');
  });
});
