// SPDX-License-Identifier: Apache-2.0
// "Is it healthy?": the answer in a sentence, the figures, their course, and where they come from.
import {SegmentedControl, useComputedColorScheme} from '@mantine/core';
import {useQuery} from '@tanstack/react-query';
import {getRouteApi, Link, useNavigate} from '@tanstack/react-router';
import {useMemo} from 'react';
import {overviewQuery} from '../api/queries';
import type {Overview, Totals} from '../api/types';
import {seriesColors, statusFill, type Scheme} from '../app/theme';
import {change, formatCount, formatDuration, formatPercent, formatUsd, plural} from '../lib/format';
import {judge} from '../lib/health';
import {cleanRange, rangePhrase, zoomRange} from '../lib/range';
import {cleanShell, filtersOf, kDimensionLabels, kDimensions, kStatuses, type Dimension, type Filters} from '../lib/search';
import {AnswerCard} from '../ui/answer';
import {kStatusLabels, TopBar} from '../ui/bits';
import {EnvironmentSelect, FilterButton, FilterChips, RangePicker, useSetSearch} from '../ui/controls';
import {FirstCall} from '../ui/first-call';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {Sparkline} from '../ui/sparkline';
import {Legend, TimeChart} from '../ui/time-chart';
import {GroupTable} from './group-table';

const route = getRouteApi('/app/');

export function OverviewPage() {
  const search = route.useSearch();
  const range = useMemo(() => cleanRange({...search}), [search]);
  const filters = useMemo(() => filtersOf(search), [search]);
  const by = search.by ?? 'use_case';
  const query = useQuery(overviewQuery(range, filters, by));
  const {data} = query;
  return (
    <>
      <TopBar title="Overview">
        <FilterButton range={range} filters={filters} />
        <EnvironmentSelect value={search.environment} />
        <RangePicker range={range} />
      </TopBar>
      <div className="page" aria-busy={query.isFetching}>
        <div style={{display: 'flex', flexWrap: 'wrap', gap: 8, marginBottom: hasChips(filters) ? 12 : 0}}><FilterChips filters={filters} /></div>
        {query.isError && <ErrorNotice error={query.error} what="The overview could not be loaded" onRetry={() => void query.refetch()} />}
        {query.isPending && <PageLoading />}
        {data && <Healthy data={data} phrase={rangePhrase(range)} filters={filters} by={by} />}
      </div>
    </>
  );
}

function hasChips({environment: _, ...rest}: Filters): boolean {
  return Object.keys(rest).length > 0;
}

function Healthy({data, phrase, filters, by}: {data: Overview; phrase: string; filters: Filters; by: Dimension}) {
  const verdict = useMemo(() => judge(data, phrase), [data, phrase]);
  const nothingEver = data.totals.requests === 0 && data.previous.requests === 0 && !hasChips(filters) && !filters.environment;
  return (
    <>
      <AnswerCard {...verdict} />
      {nothingEver ? <FirstCall /> : (
        <>
          <Tiles data={data} />
          <Plots data={data} />
          <Split data={data} by={by} />
        </>
      )}
    </>
  );
}

interface TileSpec {
  label: string;
  value: (t: Totals) => number | null;
  show: (t: Totals) => string;
  better: 'up' | 'down' | null;  // which direction is good news
  points?: boolean;
  errors?: boolean;
  note?: (t: Totals) => string | null;
}

function tokenSum({tokens}: Totals): number {
  return tokens.input + tokens.cache_read + tokens.cache_write + tokens.output + tokens.reasoning;
}

const kTiles: TileSpec[] = [
  {label: 'Requests', value: (t) => t.requests, show: (t) => formatCount(t.requests), better: null},
  {label: 'Error rate', value: (t) => t.requests ? t.error_rate : null, show: (t) => t.requests ? formatPercent(t.error_rate) : '–', better: 'down', points: true, errors: true},
  {label: 'p95 latency', value: (t) => t.duration_ms.p95, show: (t) => formatDuration(t.duration_ms.p95), better: 'down'},
  {label: 'p95 first token', value: (t) => t.first_token_ms.p95, show: (t) => formatDuration(t.first_token_ms.p95), better: 'down'},
  {label: 'Tokens', value: tokenSum, show: (t) => formatCount(tokenSum(t)), better: null},
  {label: 'Cost', value: (t) => Number(t.cost_usd), show: (t) => formatUsd(t.cost_usd), better: null,
   note: (t) => t.unknown_cost_requests ? `${plural(t.unknown_cost_requests, 'call')} without a price` : null},
];

function Tiles({data}: {data: Overview}) {
  const search = route.useSearch();
  const scheme = useComputedColorScheme('light') as Scheme;
  return (
    <div className="tiles">
      {kTiles.map((tile) => {
        const moved = data.previous.requests ? change(tile.value(data.totals), tile.value(data.previous), tile.points ? 'points' : 'relative') : null;
        const tone = !moved || moved.direction === 'same' || !tile.better ? undefined : moved.direction === tile.better ? 'good' : 'bad';
        const note = tile.note?.(data.totals);
        return (
          <Link key={tile.label} className="card tile" to="/invocations"
                search={{...cleanShell({...search}), ...filtersOf(search), ...(tile.errors ? {status: 'error'} : {})}}>
            <span className="tile-label">{tile.label}</span>
            <span className="tile-value numeric">{tile.show(data.totals)}</span>
            <span className="tile-change" data-tone={tone}>
              {moved ? <><span aria-hidden>{moved.direction === 'up' ? '▲' : moved.direction === 'down' ? '▼' : '='}</span>
                <span><span className="visually-hidden">{moved.direction === 'same' ? '' : moved.direction}</span> {moved.text}
                  <span className="visually-hidden"> against the period before</span></span></> : null}
              {note ? <span className="truncate" title={note}>{moved ? '· ' : ''}{note}</span> : null}
            </span>
            <Sparkline values={data.series.map(tile.value)} color={tile.errors ? statusFill[scheme].upstream_error : seriesColors[scheme][0]!} />
          </Link>
        );
      })}
    </div>
  );
}

const kTokenClasses = [
  ['input', 'Input'], ['cache_read', 'Cache read'], ['cache_write', 'Cache write'], ['output', 'Output'], ['reasoning', 'Reasoning'],
] as const;

function Plots({data}: {data: Overview}) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const setSearch = useSetSearch();
  const scheme = useComputedColorScheme('light') as Scheme;
  const colors = seriesColors[scheme];
  const {series, totals} = data;
  const shared = useMemo(() => ({
    times: series.map((point) => Date.parse(point.at)),
    stepMs: data.step_seconds * 1000,
    onZoom: (from: number, to: number) => setSearch({range: undefined, ...zoomRange(from, to)}),
    onPick: (from: number, to: number, name?: string) => {
      const status = kStatuses.find((s) => kStatusLabels[s] === name);
      void navigate({to: '/invocations', search: {...filtersOf(search), ...zoomRange(from, to), ...(status ? {status} : {})}});
    },
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }), [data, search]);
  const percentiles = (field: 'duration_ms' | 'first_token_ms') => (['p50', 'p95', 'p99'] as const).map((p, i) => (
    {name: p, color: colors[i]!, values: series.map((point) => point[field][p])}));
  const charts = useMemo(() => ({
    status: kStatuses.filter((s) => s === 'ok' || totals.by_status[s] > 0)
        .map((s) => ({name: kStatusLabels[s], color: statusFill[scheme][s], values: series.map((point) => point.by_status[s])})),
    latency: percentiles('duration_ms'),
    first: percentiles('first_token_ms'),
    tokens: kTokenClasses.filter(([c]) => totals.tokens[c] > 0 || c === 'input' || c === 'output')
        .map(([c, name], i) => ({name, color: colors[i]!, values: series.map((point) => point.tokens[c])})),
    cost: [{name: 'Cost', color: colors[0]!, values: series.map((point) => Number(point.cost_usd))}],
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }), [data, scheme]);
  const summary = (p: Totals['duration_ms']) => `Median ${formatDuration(p.p50)}, 95th percentile ${formatDuration(p.p95)}, 99th percentile ${formatDuration(p.p99)}.`;
  return (
    <div className="plots">
      <TimeChart {...shared} title="Requests by status" kind="bar" series={charts.status} format={formatCount} className="plot-wide"
                 extra={<Legend series={charts.status} />} summary={`${plural(totals.requests, 'call')}, of which ${formatCount(totals.errors)} did not end well.`} />
      <TimeChart {...shared} title="Latency" kind="line" series={charts.latency} format={formatDuration} className="plot-wide"
                 extra={<Legend series={charts.latency} />} summary={summary(totals.duration_ms)} />
      <TimeChart {...shared} title="First token" kind="line" series={charts.first} format={formatDuration} className="plot-third"
                 extra={<Legend series={charts.first} />} summary={summary(totals.first_token_ms)} />
      <TimeChart {...shared} title="Tokens" kind="bar" series={charts.tokens} format={formatCount} className="plot-third"
                 extra={<Legend series={charts.tokens} />} summary={`${formatCount(tokenSum(totals))} tokens in all.`} />
      <TimeChart {...shared} title="Cost" kind="bar" series={charts.cost} format={formatUsd} className="plot-third"
                 summary={`${formatUsd(totals.cost_usd)} in all.`} />
    </div>
  );
}

function Split({data, by}: {data: Overview; by: Dimension}) {
  const setSearch = useSetSearch();
  return (
    <section className="card" aria-labelledby="split">
      <div className="plot-head" style={{padding: '10px 12px', flexWrap: 'wrap'}}>
        <h2 id="split">Where it comes from</h2>
        <SegmentedControl size="xs" aria-label="Split by" value={by} onChange={(value) => setSearch({by: value === 'use_case' ? undefined : value}, true)}
                          data={kDimensions.map((dimension) => ({value: dimension, label: kDimensionLabels[dimension]}))} />
      </div>
      <GroupTable groups={data.groups} dimension={by} leftOff={data.groups_left_off} total={data.totals.requests} />
    </section>
  );
}
