// SPDX-License-Identifier: Apache-2.0
// How far a run is, and its figures.
import {Progress} from '@mantine/core';
import type {Run} from '../api/runs';
import {formatCount, formatDuration, formatInteger, formatPercent, formatUsd} from '../lib/format';
import {runDuration} from '../lib/runs';
import type {Following} from './use-run';

const kFollowing: Record<Following['state'], string> = {off: '', connecting: 'Connecting…', on: 'Live', broken: 'Looked up every few seconds'};

export function RunProgress({run, following}: {run: Run; following: Following}) {
  const percent = run.planned ? 100 * run.done / run.planned : 0;
  const failed = run.planned ? 100 * run.errors / run.planned : 0;
  return (
    <section className="card run-progress" aria-label="Progress">
      <p><span>{formatInteger(run.done)} of {formatInteger(run.planned)} results, {formatInteger(run.errors)} of them errors</span><span role="status">{run.cancel_requested ? 'Calls under way are let end' : kFollowing[following.state]}</span></p>
      <Progress.Root size="lg">
        <Progress.Section value={Math.max(0, percent - failed)} color="harbor.6" aria-label={`${Math.round(percent - failed)} % answered`} />
        <Progress.Section value={failed} color="red.7" aria-label={`${Math.round(failed)} % errors`} />
      </Progress.Root>
    </section>
  );
}

export function RunFigures({run}: {run: Run}) {
  const {progress} = run;
  const figures: [string, string, string?][] = [
    ['Results', formatCount(run.done), `of ${formatCount(run.planned)}`],
    ['Errors', formatCount(run.errors), run.done ? formatPercent(run.errors / run.done) : undefined],
    ['Cost', run.calls > 0 && run.unpriced_calls >= run.calls ? 'no price' : formatUsd(run.cost_usd), `${formatCount(run.calls)} ${run.calls === 1 ? 'call' : 'calls'}`],
    ['Tokens', formatCount(run.input_tokens + run.output_tokens), `${formatCount(run.output_tokens)} of them out`],
    ['Time', formatDuration(runDuration(run)), run.ended_at ? undefined : 'so far'],
    ...(progress ? [
      ['In flight', formatInteger(progress.in_flight), `of ${formatInteger(progress.window)} that the provider bears`] as [string, string, string],
      ...(progress.paused_ms > 0 ? [['Paused', formatDuration(progress.paused_ms), 'as the provider said'] as [string, string, string]] : []),
    ] : []),
  ];
  return (
    <div className="run-figures" role="group" aria-label="Figures">
      {figures.map(([label, value, note]) => (
        <div key={label} className="card tile">
          <span className="tile-label">{label}</span><span className="tile-value numeric">{value}</span><span className="tile-change">{note}</span>
        </div>
      ))}
    </div>
  );
}
