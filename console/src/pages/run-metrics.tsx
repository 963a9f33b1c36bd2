// SPDX-License-Identifier: Apache-2.0
// What a run measured: each metric of each variant with how sure its share is, and the same by tags.
import {Button, Select} from '@mantine/core';
import {useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import {Fragment, useMemo, useState} from 'react';
import {hasEnded, sampleQuery, type RunCell, type RunDetail, type RunMetric} from '../api/runs';
import {formatDuration, formatInteger, formatUsd, plural} from '../lib/format';
import {formatMean, passInterval, repeatsOf, shortLabel, slicesOf, thresholdTexts, type SliceScore} from '../lib/runs';
import {Nothing, Panel} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {ShareWithInterval} from '../ui/run-marks';

// Thresholds may be about these without a metric of the same name.
const kBeside = ['latency', 'first_token', 'tokens_per_second', 'cost', 'error_share'];

export function RunMetrics({run}: {run: RunDetail}) {
  const repeats = repeatsOf(run.definition);
  const names = run.cells[0]?.metrics.map(({metric}) => metric) ?? [];
  const beside = kBeside.filter((name) => !names.includes(name)).flatMap((name) => thresholdTexts(run.definition.thresholds, name).map((text) => `${name.replaceAll('_', ' ')}: ${text}`));
  return (
    <div>
      <Panel title="Metrics" flush tools={<span className="quiet">95 % intervals by Wilson{repeats > 1 ? ', by cases and not by their repeats' : ''}</span>}>
        {names.length ? (
          <>
            <div className="scroll-x" role="region" aria-label="Table of metrics" tabIndex={0}><MetricTable run={run} repeats={repeats} /></div>
            {beside.length > 0 && <p className="quiet" style={{margin: 0, padding: '8px 12px', borderTop: '1px solid var(--line)'}}>Also asked for: {beside.join('; ')}.</p>}
          </>
        ) : <div className="part-body"><Nothing>Nothing has been measured yet.</Nothing></div>}
      </Panel>
      <Slices run={run} names={names} />
    </div>
  );
}

function MetricTable({run, repeats}: {run: RunDetail; repeats: number}) {
  const many = run.cells.length > 1;
  return (
    <table className="data-table numeric metric-table">
      <thead><tr><th scope="col">Metric</th><th scope="col" className="right">Mean</th><th scope="col">Share that passes</th><th scope="col" className="right">Failed</th><th scope="col" className="right">Not judged</th><th scope="col">Asked for</th></tr></thead>
      <tbody>
        {run.cells.map((cell, i) => (
          <Fragment key={i}>
            {many && <CellHead cell={cell} owner={run.use_case} />}
            {cell.metrics.map((metric) => <MetricRow key={metric.metric} run={run} cell={many ? i : undefined} metric={metric} repeats={repeats} />)}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

function CellHead({cell, owner}: {cell: RunCell; owner: string}) {
  return (
    <tr className="cell-head"><td colSpan={6}><span title={cell.label}>{shortLabel(cell.label, owner)}</span><span className="quiet">{plural(cell.done, 'result')}, {plural(cell.errors, 'error')}, {!cell.mean_latency_ms ? 'no latency' : `${formatDuration(cell.mean_latency_ms)} an answer`}, {formatUsd(cell.cost_usd)}</span></td></tr>
  );
}

function MetricRow({run, cell, metric, repeats}: {run: RunDetail; cell: number | undefined; metric: RunMetric; repeats: number}) {
  const judged = metric.passed + metric.failed > 0;
  const asked = thresholdTexts(run.definition.thresholds, metric.metric);
  const search = (verdict: 'failed' | 'unjudged') => ({tab: 'cases' as const, metric: metric.metric, verdict, ...(cell === undefined ? {} : {cell: String(cell)})});
  return (
    <tr>
      <td>{metric.metric}</td>
      <td className="right">{formatMean(metric.mean)}</td>
      <td>{judged ? <ShareWithInterval value={metric.pass_rate} interval={passInterval(metric, repeats)} /> : <span className="quiet">{metric.scored ? 'it only measures' : '–'}</span>}</td>
      <td className="right">{metric.failed ? <Link to="/runs/$id" params={{id: run.id}} search={search('failed')} aria-label={`${formatInteger(metric.failed)} that ${metric.metric} failed`}>{formatInteger(metric.failed)}</Link> : judged ? '0' : '–'}</td>
      <td className="right">{metric.errors ? <Link to="/runs/$id" params={{id: run.id}} search={search('unjudged')} aria-label={`${formatInteger(metric.errors)} that ${metric.metric} could not judge`}>{formatInteger(metric.errors)}</Link> : '0'}</td>
      <td className="asked">{asked.length ? asked.map((text) => <div key={text}>{text}</div>) : <span className="quiet">–</span>}</td>
    </tr>
  );
}

const kSlices = 12;

function Slices({run, names}: {run: RunDetail; names: string[]}) {
  const ended = hasEnded(run);
  const query = useQuery({...sampleQuery(run.id, ended), enabled: ended && names.length > 0});
  const [cell, setCell] = useState(0);
  const [all, setAll] = useState(false);
  const slices = useMemo(() => slicesOf(query.data?.results ?? [], cell), [query.data, cell]);
  const shown = all ? slices : slices.slice(0, kSlices);
  const sample = query.data;
  return (
    <Panel title="By tags" flush tools={run.cells.length > 1 && <Select size="xs" w={320} aria-label="Variant of the slices" allowDeselect={false} value={String(cell)} onChange={(value) => setCell(Number(value))} data={run.cells.map(({label}, i) => ({value: String(i), label: shortLabel(label, run.use_case)}))} />}>
      {!ended && <div className="part-body"><Nothing>Slices are counted when the run has ended.</Nothing></div>}
      {ended && query.isFetching && !sample && <PageLoading />}
      {query.isError && <div className="part-body"><ErrorNotice error={query.error} what="The results could not be read" onRetry={() => void query.refetch()} /></div>}
      {sample && !slices.length && <div className="part-body"><Nothing>No case has a tag. Tags of cases make slices: where it works well, and where it does not.</Nothing></div>}
      {sample && slices.length > 0 && (
        <>
          <div className="scroll-x" role="region" aria-label="Slices" tabIndex={0}>
            <table className="data-table numeric">
              <thead><tr><th scope="col">Tag</th><th scope="col" className="right">Cases</th>{names.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
              <tbody>
                {shown.map((slice) => (
                  <tr key={slice.tag}>
                    <td><Link to="/runs/$id" params={{id: run.id}} search={{tab: 'cases', tag: slice.tag}}>{slice.tag}</Link></td>
                    <td className="right">{formatInteger(slice.cases)}{slice.errors > 0 && <span className="sub gone" style={{whiteSpace: 'nowrap'}}>{plural(slice.errors, 'error')}</span>}</td>
                    {names.map((name) => <td key={name}><SliceCell score={slice.scores[name]} /></td>)}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p className="quiet" style={{margin: 0, padding: '8px 12px', borderTop: '1px solid var(--line)'}}>
            {sample.complete ? `Of all ${plural(sample.cases, 'case')}.` : `Of the first ${plural(sample.cases, 'case')}, not of all.`} A case counts in each of its tags. Among many slices some look bad by chance.
            {slices.length > kSlices && <Button ml="xs" size="compact-xs" variant="subtle" onClick={() => setAll(!all)}>{all ? 'Show fewer' : `Show all ${slices.length}`}</Button>}
          </p>
        </>
      )}
    </Panel>
  );
}

function SliceCell({score}: {score: SliceScore | undefined}) {
  if (!score) return <>–</>;
  if (score.passRate === null) return <>{formatMean(score.mean)}</>;
  return <ShareWithInterval narrow value={score.passRate} interval={score.interval} />;
}
