// SPDX-License-Identifier: Apache-2.0
// What a use case costs and how well it works: its course over time, release by release, and against what was agreed.
import {useComputedColorScheme} from '@mantine/core';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi, Link, useNavigate} from '@tanstack/react-router';
import {useMemo} from 'react';
import {releasesQuery, useCaseFiguresQuery, type UseCaseDetail} from '../api/governance';
import type {Overview} from '../api/types';
import {seriesColors, statusFill, type Scheme} from '../app/theme';
import {formatCount, formatDuration, formatPercent, formatUsd, plural} from '../lib/format';
import {formatThreshold, keepsThreshold, measured} from '../lib/governance';
import {cleanRange, rangePhrase, zoomRange} from '../lib/range';
import {cleanShell, kStatuses} from '../lib/search';
import {kStatusLabels} from '../ui/bits';
import {EnvironmentSelect, RangePicker, useSetSearch} from '../ui/controls';
import {CheckMark, Nothing, Panel} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {Legend, TimeChart} from '../ui/time-chart';

const route = getRouteApi('/app/use-cases/$slug');

export function UseCaseFigures({useCase}: {useCase: UseCaseDetail}) {
  const search = route.useSearch();
  const {environment, ...range} = cleanShell({...search});
  const query = useQuery(useCaseFiguresQuery(useCase.slug, cleanRange({...range}), environment));
  return (
    <>
      <div className="filters">
        <span style={{marginRight: 'auto'}}>{query.data && <Sentence data={query.data} phrase={rangePhrase(range)} />}</span>
        <EnvironmentSelect value={environment} /><RangePicker range={range} />
      </div>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="The figures could not be loaded" onRetry={() => void query.refetch()} />}
      {query.data && query.data.totals.requests > 0 && <><Plots data={query.data} slug={useCase.slug} /><ByRelease data={query.data} slug={useCase.slug} /></>}
      <Agreed useCase={useCase} />
    </>
  );
}

function Sentence({data, phrase}: {data: Overview; phrase: string}) {
  const {totals} = data;
  if (!totals.requests) return <>No calls {phrase}. Choose a longer time, or <Link className="text-link" to="/keys">make a key</Link> and call it.</>;
  return <><strong>{formatUsd(totals.cost_usd)}</strong> for {plural(totals.requests, 'call')} {phrase}: {formatUsd(Number(totals.cost_usd) / totals.requests)} a call, {formatPercent(totals.error_rate)} errors</>;
}

function Plots({data, slug}: {data: Overview; slug: string}) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const setSearch = useSetSearch();
  const scheme = useComputedColorScheme('light') as Scheme;
  const colors = seriesColors[scheme];
  const {series, totals} = data;
  const shared = useMemo(() => ({
    times: series.map((point) => Date.parse(point.at)), stepMs: data.step_seconds * 1000,
    onZoom: (from: number, to: number) => setSearch({range: undefined, ...zoomRange(from, to)}),
    onPick: (from: number, to: number) => void navigate({to: '/invocations', search: {use_case: slug, ...(search.environment ? {environment: search.environment} : {}), ...zoomRange(from, to)}}),
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }), [data, search]);
  const charts = useMemo(() => ({
    status: kStatuses.filter((s) => s === 'ok' || totals.by_status[s] > 0).map((s) => ({name: kStatusLabels[s], color: statusFill[scheme][s], values: series.map((point) => point.by_status[s])})),
    latency: (['p50', 'p95'] as const).map((p, i) => ({name: p, color: colors[i]!, values: series.map((point) => point.duration_ms[p])})),
    cost: [{name: 'Cost', color: colors[0]!, values: series.map((point) => Number(point.cost_usd))}],
    each: [{name: 'Cost a call', color: colors[3]!, values: series.map((point) => point.requests ? Number(point.cost_usd) / point.requests : null)}],
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }), [data, scheme]);
  return (
    <div className="plots">
      <TimeChart {...shared} title="Cost" kind="bar" series={charts.cost} format={formatUsd} className="plot-wide" summary={`${formatUsd(totals.cost_usd)} in all.`} />
      <TimeChart {...shared} title="Cost a call" kind="line" series={charts.each} format={formatUsd} className="plot-wide"
                 summary={totals.requests ? `${formatUsd(Number(totals.cost_usd) / totals.requests)} on average.` : 'No calls.'} />
      <TimeChart {...shared} title="Calls by status" kind="bar" series={charts.status} format={formatCount} className="plot-wide" extra={<Legend series={charts.status} />}
                  summary={`${plural(totals.requests, 'call')}, of which ${formatCount(totals.errors)} did not end well.`} />
      <TimeChart {...shared} title="Latency" kind="line" series={charts.latency} format={formatDuration} className="plot-wide" extra={<Legend series={charts.latency} />}
                  summary={`Median ${formatDuration(totals.duration_ms.p50)}, 95th percentile ${formatDuration(totals.duration_ms.p95)}.`} />
    </div>
  );
}

function ByRelease({data, slug}: {data: Overview; slug: string}) {
  return (
    <Panel title="Release by release" flush>
      <div className="scroll-x" role="region" aria-label="Figures by release" tabIndex={0}>
        <table className="data-table numeric">
          <thead><tr><th scope="col">Release</th>{['Calls', 'Error rate', 'p50', 'p95', 'Cost', 'Cost a call'].map((name) => <th key={name} scope="col" className="right">{name}</th>)}</tr></thead>
          <tbody>
            {data.groups.map(({key, totals}) => {
              const number = /@(\d+)$/.exec(key)?.[1];
              return (
                <tr key={key}>
                  <td>{number ? <Link to="/releases/$slug/$number" params={{slug, number}}>{key}</Link> : key || 'no release'}</td>
                  <td className="right">{formatCount(totals.requests)}</td><td className="right">{formatPercent(totals.error_rate)}</td><td className="right">{formatDuration(totals.duration_ms.p50)}</td>
                  <td className="right">{formatDuration(totals.duration_ms.p95)}</td><td className="right">{formatUsd(totals.cost_usd)}</td><td className="right">{totals.requests ? formatUsd(Number(totals.cost_usd) / totals.requests) : '–'}</td>
                </tr>
              );
            })}
            {!data.groups.length && <tr><td colSpan={7} className="quiet">No calls in this range.</td></tr>}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

// The thresholds that were agreed, and what the newest evidence of each of the latest releases says.
function Agreed({useCase}: {useCase: UseCaseDetail}) {
  const query = useInfiniteQuery(releasesQuery(useCase.slug));
  const releases = (query.data?.pages[0]?.items ?? []).slice(0, 4);
  if (!useCase.thresholds.length) return <Panel title="Quality against what was agreed"><Nothing>No thresholds are agreed. Add them under Change, so that evaluations have something to be held against.</Nothing></Panel>;
  return (
    <Panel title="Quality against what was agreed" flush>
      <div className="scroll-x" role="region" aria-label="Quality by release" tabIndex={0}>
        <table className="data-table numeric">
          <thead><tr><th scope="col">Agreed</th>{releases.map((r) => <th key={r.id} scope="col" className="right">{r.id}</th>)}{!releases.length && <th scope="col">Evidence</th>}</tr></thead>
          <tbody>
            {useCase.thresholds.map((threshold) => (
              <tr key={`${threshold.metric}${threshold.op}`}>
                <td className="mono">{formatThreshold(threshold)}</td>
                {releases.map((release) => {
                  const figure = measured(release, threshold.metric);
                  const kept = keepsThreshold(threshold, figure);
                  return <td key={release.id} className="right">{kept === null ? <span className="quiet">not measured</span> : <span className="here" style={{margin: 0}}>{String(figure)} <CheckMark ok={kept} /></span>}</td>;
                })}
                {!releases.length && <td className="quiet">no release yet</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
