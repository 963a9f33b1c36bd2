// SPDX-License-Identifier: Apache-2.0
// States of runs, verdicts of metrics, and shares with how sure they are: a word, a colour and a shape.
import {IconAlertTriangle, IconBan, IconCircleCheck, IconCircleHalf2, IconCircleX, IconHourglass, IconPlayerPlay, IconQuestionMark, IconRuler2, type Icon} from '@tabler/icons-react';
import type {Run, RunScore} from '../api/runs';
import {formatInterval, formatShare} from '../lib/runs';
import type {Interval} from '../lib/statistics';
import {Mark, type Tone} from './marks';

const kOutcomes: Record<NonNullable<Run['outcome']>, [Icon, Tone, string]> = {
  complete: [IconCircleCheck, 'good', 'Complete'], partial: [IconCircleHalf2, 'warn', 'Partial'], error: [IconAlertTriangle, 'bad', 'Error'],
};
const kStates: Record<Run['state'], [Icon, Tone, string]> = {
  queued: [IconHourglass, 'quiet', 'Queued'], running: [IconPlayerPlay, 'info', 'Running'], finished: [IconCircleCheck, 'quiet', 'Finished'],
  cancelled: [IconBan, 'warn', 'Cancelled'], failed: [IconCircleX, 'bad', 'Failed'],
};

export function RunMark({run: {state, outcome}}: {run: Pick<Run, 'state' | 'outcome'>}) {
  const [icon, tone, label] = outcome && !(state === 'cancelled' && outcome === 'partial') ? kOutcomes[outcome] : kStates[state];
  return <Mark icon={icon} tone={tone}>{label}</Mark>;
}

// What a metric says of one answer.
export function VerdictMark({score}: {score: Pick<RunScore, 'passed' | 'error'>}) {
  if (score.error !== undefined) return <Mark icon={IconQuestionMark} tone="warn">Not judged</Mark>;
  if (score.passed === undefined) return <Mark icon={IconRuler2} tone="quiet">Measured</Mark>;
  return score.passed ? <Mark icon={IconCircleCheck} tone="good">Passed</Mark> : <Mark icon={IconCircleX} tone="bad">Failed</Mark>;
}

// A share and its 95 % interval, as figures and as a line from 0 to 100 %.
// `narrow`: the range below the line instead of beside it.
export function ShareWithInterval({value, interval, narrow}: {value: number | null; interval: Interval | null; narrow?: boolean}) {
  return (
    <span className={`share numeric${narrow ? ' narrow' : ''}`}>
      <span className="share-value">{formatShare(value)}</span>
      {interval && (
        <>
          <span className="share-line" aria-hidden>
            <i style={{left: `${interval.low * 100}%`, width: `${(interval.high - interval.low) * 100}%`}} />
            {value !== null && <b style={{left: `${value * 100}%`}} />}
          </span>
          <span className="share-range">{formatInterval(interval, formatShare)}</span>
        </>
      )}
    </span>
  );
}
