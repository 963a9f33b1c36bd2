// SPDX-License-Identifier: Apache-2.0
// "Which answers failed, and why?": every result of a run, filtered and paged by the server, with one opened beside the list.
import {ActionIcon, Button, Select, Tooltip} from '@mantine/core';
import {useHotkeys} from '@mantine/hooks';
import {IconListSearch, IconRefresh, IconX} from '@tabler/icons-react';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi} from '@tanstack/react-router';
import {useEffect, useRef} from 'react';
import {hasEnded, resultQuery, resultsQuery, type ResultFilter, type RunDetail, type RunResult} from '../api/runs';
import {inALine} from '../lib/dataset';
import {formatDuration, formatInteger, formatUsd} from '../lib/format';
import {answerText} from '../lib/run-compare';
import type {RunSearch} from '../lib/search-runs';
import {formatMean, repeatsOf, shortLabel} from '../lib/runs';
import {useSetSearch} from '../ui/controls';
import {Tag} from '../ui/marks';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {VerdictMark} from '../ui/run-marks';
import {SearchField} from '../ui/search-field';
import {ResultPanel} from './run-result';

const route = getRouteApi('/app/runs/$id');
// A search may end a page before it has found anything: so many are looked for by themselves.
const kAtLeast = 20;

function filterOf({metric, verdict, status, cell, tag, q}: RunSearch): ResultFilter {
  return {
    ...(metric ? {metric} : {}), ...(status ? {status} : {}), ...(tag ? {tag} : {}), ...(q ? {q} : {}), ...(cell !== undefined ? {cell: Number(cell)} : {}),
    ...(verdict === 'unjudged' ? {error: true} : verdict ? {passed: verdict === 'passed'} : {}),
  };
}

export function RunResults({run}: {run: RunDetail}) {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const query = useInfiniteQuery(resultsQuery(run.id, filterOf(search)));
  const results = query.data?.pages.flatMap((page) => page.items) ?? [];
  const {hasNextPage, isFetchingNextPage, fetchNextPage} = query;
  const opener = useRef<HTMLElement | null>(null);
  const panel = useRef<HTMLElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const {open} = search;
  const narrowed = Object.keys(filterOf(search)).length > 0;
  useEffect(() => {
    if (results.length < kAtLeast && hasNextPage && !isFetchingNextPage && !query.isError) void fetchNextPage();
  }, [results.length, hasNextPage, isFetchingNextPage, fetchNextPage, query.isError]);

  const show = (item: number, from?: HTMLElement) => {
    if (from) opener.current = from;
    setSearch({open: String(item)}, true);
    if (from) setTimeout(() => panel.current?.focus(), 0);
  };
  const close = () => {
    setSearch({open: undefined}, true);
    opener.current?.focus();
  };
  const at = results.findIndex((result) => String(result.item) === open);
  const step = (by: number) => {
    const next = results[at + by];
    if (open !== undefined && at >= 0 && next) show(next.item);
  };
  useHotkeys([['j', () => step(1)], ['k', () => step(-1)], ['/', () => field.current?.focus()], ['Escape', () => open !== undefined && close()]]);

  return (
    <>
      <Filters run={run} search={search} results={results} field={field} />
      <p className="quiet" style={{margin: '0 0 8px', display: 'flex', alignItems: 'center', gap: 8}} role="status">
        {query.isSuccess && `${formatInteger(results.length)}${hasNextPage ? '+' : ''} ${narrowed ? 'found' : `of ${formatInteger(run.done)} shown`}${isFetchingNextPage ? ', looking for more…' : ''}`}
        {!hasEnded(run) && <Tooltip label="Look again"><ActionIcon variant="default" size="sm" aria-label="Look again" loading={query.isRefetching} onClick={() => void query.refetch()}><IconRefresh size={14} aria-hidden /></ActionIcon></Tooltip>}
      </p>
      {query.isError && <ErrorNotice error={query.error} what="The results could not be loaded" onRetry={() => void query.refetch()} />}
      {query.isPending && <PageLoading />}
      {query.isSuccess && !results.length && !hasNextPage && (
        <EmptyState icon={<IconListSearch size={38} stroke={1.4} aria-hidden />} title={narrowed ? 'No result fits' : 'No results yet'}>
          <p className="empty-text">{narrowed ? 'Take a filter off.' : hasEnded(run) ? 'The run ended before it had any.' : 'They are stored as they finish.'}</p>
          {narrowed && <Button size="xs" variant="default" onClick={() => setSearch({metric: undefined, verdict: undefined, status: undefined, cell: undefined, tag: undefined, q: undefined})}>Take the filters off</Button>}
        </EmptyState>
      )}
      {results.length > 0 && <div className="card scroll-x" role="region" aria-label="Results" tabIndex={0}><ResultTable run={run} results={results} openItem={open} onOpen={show} /></div>}
      {hasNextPage && results.length > 0 && <Button mt="sm" size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show more</Button>}
      {open !== undefined && (
        <aside className="panel panel-fixed panel-wide" aria-label="Result" tabIndex={-1} ref={panel}>
          <OpenResult key={open} run={run} item={Number(open)} known={results[at]} before={at > 0} after={at >= 0 && at < results.length - 1} onStep={step} onClose={close} />
        </aside>
      )}
    </>
  );
}

// What the list has of it is shown at once; a link to one that is not in the list asks for it.
function OpenResult({run, item, known, before, after, onStep, onClose}: {
  run: RunDetail; item: number; known: RunResult | undefined; before: boolean; after: boolean; onStep: (by: number) => void; onClose: () => void;
}) {
  const query = useQuery({...resultQuery(run.id, item), enabled: known === undefined, retry: false});
  const result = known ?? query.data ?? undefined;
  if (result) return <ResultPanel run={run} result={result} before={before} after={after} onStep={onStep} onClose={onClose} />;
  return (
    <>
      <div className="panel-head"><h2 style={{margin: 0, marginRight: 'auto'}}>Result {formatInteger(item)}</h2><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Close" onClick={onClose}><IconX size={18} aria-hidden /></ActionIcon></div>
      <div className="panel-body">
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The result could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data === null && <EmptyState icon={<IconListSearch size={38} stroke={1.4} aria-hidden />} title="There is no such result"><p className="empty-text">{hasEnded(run) ? 'The run ended without it.' : 'It may come: the run goes on.'}</p></EmptyState>}
      </div>
    </>
  );
}

function Filters({run, search, results, field}: {run: RunDetail; search: RunSearch; results: RunResult[]; field: React.RefObject<HTMLInputElement | null>}) {
  const setSearch = useSetSearch();
  const metrics = run.cells[0]?.metrics.map(({metric}) => metric) ?? [];
  // The server knows no list of a run's tags: those that were seen can be chosen, any other typed into the address.
  const tags = [...new Set([...(search.tag ? [search.tag] : []), ...results.flatMap((result) => result.tags ?? [])])].sort();
  const with_ = (values: string[], value: string | undefined) => value !== undefined && !values.includes(value) ? [value, ...values] : values;
  return (
    <div className="filters">
      <SearchField label="Search the results" value={search.q ?? ''} width={210} fieldRef={field} onSearch={(words) => setSearch({q: words || undefined}, true)} />
      <Select size="xs" w={170} aria-label="Metric" clearable placeholder="Any metric" data={with_(metrics, search.metric)} value={search.metric ?? null} clearButtonProps={{'aria-label': 'Any metric'}} onChange={(value) => setSearch({metric: value ?? undefined})} />
      <Select size="xs" w={150} aria-label="Verdict" clearable placeholder="Any verdict" value={search.verdict ?? null} clearButtonProps={{'aria-label': 'Any verdict'}} onChange={(value) => setSearch({verdict: value ?? undefined})}
              data={[{value: 'passed', label: 'Passed'}, {value: 'failed', label: 'Failed'}, {value: 'unjudged', label: 'Not judged'}]} />
      <Select size="xs" w={150} aria-label="Answer" clearable placeholder="Any answer" value={search.status ?? null} clearButtonProps={{'aria-label': 'Any answer'}} onChange={(value) => setSearch({status: value ?? undefined})}
              data={[{value: 'ok', label: 'Answered'}, {value: 'error', label: 'Error'}]} />
      <Select size="xs" w={150} aria-label="Tag" clearable searchable placeholder="Any tag" data={tags} value={search.tag ?? null} disabled={!tags.length} clearButtonProps={{'aria-label': 'Any tag'}} onChange={(value) => setSearch({tag: value ?? undefined})} />
      {run.cells.length > 1 && (
        <Select size="xs" w={240} aria-label="Variant" clearable placeholder="Any variant" data={run.cells.map(({label}, i) => ({value: String(i), label: shortLabel(label, run.use_case)}))} value={search.cell ?? null} clearButtonProps={{'aria-label': 'Any variant'}}
                onChange={(value) => setSearch({cell: value ?? undefined})} />
      )}
    </div>
  );
}

function ResultTable({run, results, openItem, onOpen}: {run: RunDetail; results: RunResult[]; openItem: string | undefined; onOpen: (item: number, from: HTMLElement) => void}) {
  const many = run.cells.length > 1;
  const repeated = repeatsOf(run.definition) > 1;
  return (
    <table className="data-table">
      <thead>
        <tr><th scope="col">Case</th><th scope="col">Answer</th><th scope="col">Scores</th>{many && <th scope="col">Variant</th>}<th scope="col">Tags</th><th scope="col" className="right">Latency</th><th scope="col" className="right">Cost</th></tr>
      </thead>
      <tbody>
        {results.map((result) => {
          const answer = answerText(result);
          return (
            <tr key={result.item} style={String(result.item) === openItem ? {background: 'var(--selected)'} : undefined}>
              <td style={{minWidth: 120, maxWidth: 200}}>
                <button type="button" className="row-button" aria-label={`Open the result of case ${result.case}${repeated ? `, answer ${result.repeat + 1}` : ''}${many ? `, variant ${result.cell + 1}` : ''}`} onClick={(event) => onOpen(result.item, event.currentTarget)}><strong>{result.case.length > 40 ? `${result.case.slice(0, 38)}…` : result.case}</strong></button>
                <span className="sub numeric">number {formatInteger(result.number + 1)}{repeated && `, answer ${result.repeat + 1}`}</span>
              </td>
              <td style={{minWidth: 220, maxWidth: 440}}>
                {result.error ? <span className="two-lines gone">{result.error.message || result.error.code}</span> : <span className="two-lines">{answer === null ? <span className="quiet">not kept</span> : inALine(answer).slice(0, 400) || <span className="quiet">empty</span>}</span>}
              </td>
              <td style={{minWidth: 190}}>{result.error ? <Tag tone="bad">error</Tag> : <span className="result-marks">{(result.scores ?? []).map((score) => <span key={score.metric} title={score.reason ?? score.error}><span className="quiet">{score.metric}</span> {score.passed === undefined && score.error === undefined ? <strong className="numeric">{formatMean(score.value)}</strong> : <VerdictMark score={score} />}</span>)}</span>}</td>
              {many && <td style={{maxWidth: 180}}><span className="two-lines quiet-text" title={run.cells[result.cell]?.label}>{shortLabel(run.cells[result.cell]?.label ?? String(result.cell), run.use_case)}</span></td>}
              <td style={{maxWidth: 160}}>{result.tags?.length ? <span className="tag-row">{result.tags.slice(0, 4).map((tag) => <Tag key={tag}>{tag}</Tag>)}{result.tags.length > 4 && <span className="quiet">+{result.tags.length - 4}</span>}</span> : '–'}</td>
              <td className="right numeric" style={{whiteSpace: 'nowrap'}}>{formatDuration(result.latency_ms || null)}</td>
              <td className="right numeric">{formatUsd(result.cost_usd)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
