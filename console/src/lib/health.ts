// SPDX-License-Identifier: Apache-2.0
// The first sentence of the Overview: is it healthy, and if not, what stands out.
import type {Overview, Totals} from '../api/types';
import {formatDuration, formatPercent, plural} from './format';

export type Level = 'ok' | 'warn' | 'bad' | 'quiet';

export interface Verdict {
  level: Level;
  word: string;       // "Healthy", "Degraded", …
  sentence: string;   // "12,431 calls in the last hour, 0.2 % errors"
  findings: string[]; // what stands out, most important first
}

// Calls that failed for a reason of ours or of the provider. A client's own mistakes and departures say
// nothing about our health.
export function failures(totals: Totals): number {
  const by = totals.by_status;
  return by.upstream_error + by.internal_error;
}

export const kWarnRate = 0.01;
export const kBadRate = 0.05;
// Below this many calls a rate or a percentile is mostly chance.
const kEnough = 20;

export function judge(overview: Overview, phrase: string): Verdict {
  const {totals, previous} = overview;
  const findings: string[] = [];
  let level: Level = 'ok';
  const raise = (to: Level) => {
    if (level !== 'bad') level = to;
  };

  if (overview.lost_records > 0) {
    raise('warn');
    findings.push(`${plural(overview.lost_records, 'record')} could not be kept since the server started`);
  }
  if (overview.lag.seconds_behind > 30) {
    raise('warn');
    findings.push(`Figures are ${formatDuration(overview.lag.seconds_behind * 1000)} behind; ` +
                  `${plural(overview.lag.records_behind, 'record')} are still to be read in`);
  }
  if (totals.requests === 0) {
    return {level: level === 'ok' ? 'quiet' : level, word: 'Quiet', sentence: `No calls ${phrase}`, findings};
  }

  const failed = failures(totals);
  const rate = failed / totals.requests;
  const enough = totals.requests >= kEnough;
  if (rate >= kBadRate && (enough || failed > 1)) level = 'bad';
  else if (rate >= kWarnRate) raise('warn');
  if (failed > 0 && rate >= kWarnRate) {
    findings.unshift(`${plural(failed, 'call')} failed for reasons on our or the provider’s side (${formatPercent(rate)})`);
  }
  const limited = totals.by_status.limited;
  if (limited / totals.requests >= kBadRate) {
    raise('warn');
    findings.push(`${plural(limited, 'call')} ran into a limit (${formatPercent(limited / totals.requests)})`);
  }
  const mistakes = totals.by_status.client_error;
  if (mistakes / totals.requests >= 0.2 && enough) {
    findings.push(`${plural(mistakes, 'call')} were refused as wrong requests (${formatPercent(mistakes / totals.requests)})`);
  }
  const now = totals.duration_ms.p95;
  const before = previous.duration_ms.p95;
  if (enough && previous.requests >= kEnough && now !== null && before !== null && now > 2 * before && now - before > 100) {
    raise('warn');
    findings.push(`p95 latency rose from ${formatDuration(before)} to ${formatDuration(now)}`);
  }
  const word = {ok: 'Healthy', warn: 'Needs a look', bad: 'Failing', quiet: 'Quiet'}[level];
  return {
    level, word, findings,
    sentence: `${plural(totals.requests, 'call')} ${phrase}, ${formatPercent(totals.error_rate)} errors`,
  };
}
