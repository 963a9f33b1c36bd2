// SPDX-License-Identifier: Apache-2.0
// "Which is better, and how sure is that?": runs, or variants of one, beside each other; differences on the same cases; answers that differ.
import '../app/governance.css';
import '../app/evaluation.css';
import {Button} from '@mantine/core';
import {IconArrowsDiff} from '@tabler/icons-react';
import {useQueries} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useMemo} from 'react';
import {hasEnded, kSampleCases, runQuery, sampleQuery, type RunDetail} from '../api/runs';
import {formatDuration, formatInteger, formatUsd, plural} from '../lib/format';
import {listOf} from '../lib/governance';
import {
  casesOf, costAnAnswer, differenceOf, directionOf, isScore, kMostVariants, latencyOf, leadersOf, metricNames, metricOf, saidOnce, variantsOf, whyNotPaired, type Axis, type ComparedCase, type Variant,
} from '../lib/run-compare';
import {formatMean, shortName, type Sample} from '../lib/runs';
import {idsOf} from '../lib/search-runs';
import {AnswerCard} from '../ui/answer';
import {TopBar} from '../ui/bits';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {ParallelPlot} from '../ui/parallel-plot';
import {ComparedCases} from './run-compare-cases';
import {CompareTable} from './run-compare-table';

const route = getRouteApi('/app/runs/compare');

export function RunComparePage() {
  const search = route.useSearch();
  const ids = idsOf(search.runs);
  const queries = useQueries({queries: ids.map((id) => ({...runQuery(id), refetchInterval: ({state: {data}}: {state: {data?: RunDetail}}) => data && !hasEnded(data) ? 5_000 : false}))});
  const runs = queries.flatMap(({data}) => data ?? []);
  const failed = queries.find(({isError}) => isError);
  const loaded = ids.length > 0 && runs.length === ids.length;
  const enough = ids.length > 1 || (runs[0]?.cells.length ?? 0) > 1;
  return (
    <>
      <TopBar title="Compare runs">
        <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/runs" search={search.runs ? {pick: search.runs} : {}} />}>Choose others</Button>
      </TopBar>
      <div className="page">
        {ids.length > 0 && queries.some(({isPending}) => isPending) && !failed && <PageLoading />}
        {failed && <ErrorNotice error={failed.error} what="A run could not be loaded" onRetry={() => void failed.refetch()} />}
        {(!ids.length || (loaded && !enough)) && (
          <EmptyState icon={<IconArrowsDiff size={40} stroke={1.4} aria-hidden />} title="Nothing to compare yet">
            <p className="empty-text">Choose two to six runs from the list by their boxes: differences are told on the cases that they share, with how sure they are.</p>
            <Button size="xs" renderRoot={(props) => <Link {...props} to="/runs" search={search.runs ? {pick: search.runs} : {}} />}>Choose runs</Button>
          </EmptyState>
        )}
        {loaded && enough && <Comparison key={search.runs} runs={runs} />}
      </div>
    </>
  );
}

const kNoResults: ReadonlyMap<string, Sample['results']> = new Map();

function Comparison({runs}: {runs: RunDetail[]}) {
  const {variants, leftOff} = useMemo(() => variantsOf(runs), [runs]);
  const samples = useQueries({queries: runs.map((run) => sampleQuery(run.id, hasEnded(run)))});
  const known = samples.flatMap(({data}) => data ?? []);
  const ready = known.length === runs.length;
  const failed = samples.find(({isError}) => isError);
  const results = useMemo(() => ready ? new Map(runs.map((run, i) => [run.id, known[i]!.results])) : kNoResults,
  // What they hold is what matters: the list itself is made anew each time.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  [ready, runs, ...known]);
  const cases = useMemo(() => casesOf(variants, results), [variants, results]);
  const unpaired = useMemo(() => variants.map(({run}) => run.id === runs[0]!.id ? null : whyNotPaired(runs[0]!, run)), [variants, runs]);
  const axes = useMemo(() => axesOf(variants), [variants]);
  const count = cases.filter(({by}) => by.some((answers, i) => answers && !unpaired[i])).length;
  return (
    <>
      <Answer runs={runs} variants={variants} cases={cases} ready={ready} unpaired={unpaired} leftOff={leftOff} />
      {failed && <ErrorNotice error={failed.error} what="The results of a run could not be read, so nothing is compared case by case" onRetry={() => void failed.refetch()} />}
      <CompareTable variants={variants} cases={cases} ready={ready} failed={failed !== undefined} unpaired={unpaired} basis={basisOf(known, count, ready)} />
      {axes.length > 1 && <ParallelPlot title="All figures at once" axes={axes} lines={variants.map(({key, label}) => ({key, label}))}
                                        summary={`${leadersOf(axes, variants.map(({key}) => key))} ${howToRead(axes, variants)}`} />}
      {!failed && <ComparedCases variants={variants} cases={cases} ready={ready} unpaired={unpaired} basis={known.every(({complete}) => complete) ? '' : basisOf(known, count, ready)} />}
    </>
  );
}

// On what the console's own figures rest.
function basisOf(samples: Sample[], count: number, ready: boolean): string {
  if (!ready) return '';
  const bounded = samples.some(({complete}) => !complete);
  return bounded ? `Case by case on the first ${plural(count, 'case')}, not on all: at most ${formatInteger(kSampleCases)} are read.` : `Case by case on all ${plural(count, 'case')}.`;
}

const kLower = ['latency', 'first_token', 'cost'];

function howToRead(axes: Axis[], variants: Variant[]): string {
  const turned = axes.filter(({lowerIsBetter}) => lowerIsBetter).map(({name}) => name);
  const open = axes.filter(({name, lowerIsBetter}) => !lowerIsBetter && !isScore(variants, name)).map(({name}) => name);
  return `Further up is better${turned.length ? `: ${listOf(turned)} ${turned.length === 1 ? 'is' : 'are'} turned for that` : ''}.${open.length ? ` Whether more ${listOf(open, 'or')} is better is yours to say.` : ''}`;
}

function axesOf(variants: Variant[]): Axis[] {
  const metrics = metricNames(variants).map((name): Axis => ({name, values: variants.map((variant) => metricOf(variant, name)?.mean ?? null), lowerIsBetter: kLower.includes(name) && !isScore(variants, name), format: formatMean, ...(isScore(variants, name) ? {most: 1} : {})}));
  const own: Axis[] = [
    {name: 'cost', values: variants.map(costAnAnswer), lowerIsBetter: true, format: formatUsd},
    {name: 'latency', values: variants.map(latencyOf), lowerIsBetter: true, format: formatDuration},
  ];
  const names = new Set(metrics.map(({name}) => name));
  return [...metrics, ...own.filter(({name}) => !names.has(name))].filter(({values}) => values.filter((value) => value !== null).length > 1);
}

function Answer({runs, variants, cases, ready, unpaired, leftOff}: {runs: RunDetail[]; variants: Variant[]; cases: ComparedCase[]; ready: boolean; unpaired: (string | null)[]; leftOff: number}) {
  const metrics = metricNames(variants).filter((name) => isScore(variants, name));
  const findings = [
    ...runs.filter(({outcome, state}) => outcome !== 'complete' && (outcome !== null || state === 'failed')).map((run) => `${keysOf(variants, run)} ${run.outcome === 'partial' ? 'is not complete' : 'ended in an error'}${run.reason ? `: ${run.reason}` : ''}`),
    ...runs.filter((run) => !hasEnded(run)).map((run) => `${keysOf(variants, run)} still runs: what it shows may change`),
    ...runs.flatMap((run) => {
      const why = unpaired[variants.findIndex((one) => one.run.id === run.id)];
      return why ? [`${keysOf(variants, run)} can’t be held against A case by case: ${why}`] : [];
    }),
    ...(leftOff ? [`${plural(leftOff, 'more variant is', 'more variants are')} not shown: at most ${kMostVariants} are`] : []),
  ];
  const said = useMemo(() => ready ? variants.slice(1).flatMap((variant, i) => {
    if (unpaired[i + 1]) return [];
    const ways = metrics.map((metric) => [metric, directionOf(differenceOf(cases, i + 1, {metric, of: 'value'}, true))] as const);
    const up = ways.filter(([, way]) => way === 'higher').map(([name]) => name);
    const down = ways.filter(([, way]) => way === 'lower').map(([name]) => name);
    return [{key: variant.key, is: up.length || down.length ? listOf([...(up.length ? [`higher than A in ${listOf(up)}`] : []), ...(down.length ? [`lower than A in ${listOf(down)}`] : [])]) : 'not shown to differ from A in any score'}];
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }) : [], [ready, cases, variants]);
  const sentences = saidOnce(said);
  const shown = sentences.slice(0, 4);
  return (
    <AnswerCard level={findings.length ? 'warn' : 'quiet'} icon={findings.length ? undefined : IconArrowsDiff} label="Answer" findings={findings}
                sentence={!ready ? `${plural(variants.length, 'column')} of ${listOf([...new Set(runs.map(({evaluation}) => shortName(evaluation)))])}; reading their results…`
                  : shown.length ? `${shown.join('; ')}${sentences.length > shown.length ? '; and more below' : ''}. Each difference by itself, with 95 % certainty.` : 'Nothing can be compared case by case.'} />
  );
}

function keysOf(variants: Variant[], run: RunDetail): string {
  return listOf(variants.filter((one) => one.run.id === run.id).map(({key}) => key)) || shortName(run.evaluation);
}
