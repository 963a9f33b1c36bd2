// SPDX-License-Identifier: Apache-2.0
// "What was evaluated, and how did it end?": runs, newest first, filtered by the server; some of them chosen to be compared.
import '../app/governance.css';
import '../app/evaluation.css';
import {Button, Checkbox, Progress, Select} from '@mantine/core';
import {IconArrowsDiff, IconListCheck, IconReportAnalytics} from '@tabler/icons-react';
import {useInfiniteQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {hasEnded, runsQuery, type Run} from '../api/runs';
import {parseAssetName} from '../lib/asset';
import {formatDuration, formatFullTime, formatInteger, formatPercent, formatShortTime, formatUsd, plural} from '../lib/format';
import {kRunStateLabels, runDuration, shortLabel, shortName} from '../lib/runs';
import {idsOf, kMostRuns, kRunStates} from '../lib/search-runs';
import {AssetSelect} from '../ui/asset-select';
import {TopBar} from '../ui/bits';
import {EnvironmentSelect, useSetSearch} from '../ui/controls';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {RunMark} from '../ui/run-marks';
import {UseCaseSelect} from '../ui/use-case-select';

const route = getRouteApi('/app/runs');

export function RunsPage() {
  const {environment, use_case, evaluation, state, pick} = route.useSearch();
  const setSearch = useSetSearch();
  const query = useInfiniteQuery(runsQuery({environment, use_case, evaluation, state}));
  const runs = query.data?.pages.flatMap((page) => page.items) ?? [];
  const picked = idsOf(pick);
  const narrowed = Boolean(environment ?? use_case ?? evaluation ?? state);
  const choose = (id: string, on: boolean) => setSearch({pick: (on ? [...picked, id] : picked.filter((one) => one !== id)).join(',') || undefined}, true);
  const none = query.isSuccess && !runs.length;
  return (
    <>
      <TopBar title="Runs">
        <Button size="xs" variant="default" leftSection={<IconReportAnalytics size={15} aria-hidden />} renderRoot={(props) => <Link {...props} to="/evaluations" search={{}} />}>Evaluations</Button>
        <EnvironmentSelect value={environment} />
      </TopBar>
      <div className="page" aria-busy={query.isFetching}>
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The runs could not be loaded" onRetry={() => void query.refetch()} />}
        {none && !narrowed && (
          <EmptyState icon={<IconListCheck size={40} stroke={1.4} aria-hidden />} title="No run yet">
            <p className="empty-text">A run carries an evaluation out once and keeps every answer, score and cost. Start one from its evaluation, or with <code>slipway eval run</code>.</p>
            <Button size="xs" renderRoot={(props) => <Link {...props} to="/evaluations" search={{}} />}>Choose an evaluation</Button>
          </EmptyState>
        )}
        {query.isSuccess && (runs.length > 0 || narrowed) && (
          <>
            <div className="filters">
              <UseCaseSelect size="xs" w={190} aria-label="Use case" clearable placeholder="Any use case" before={[{value: 'shared', label: 'shared'}]} value={use_case ?? null} clearButtonProps={{'aria-label': 'Any use case'}}
                             onChange={(value) => setSearch({use_case: value ?? undefined})} />
              <AssetSelect kind="evaluation" owners={use_case ? [use_case] : undefined} size="xs" w={300} aria-label="Evaluation" clearable placeholder="Any evaluation" value={evaluation ?? null} clearButtonProps={{'aria-label': 'Any evaluation'}}
                           onChange={(value) => setSearch({evaluation: value ?? undefined})} />
              <Select size="xs" w={140} aria-label="State" clearable placeholder="Any state" data={kRunStates.map((value) => ({value, label: kRunStateLabels[value]}))} value={state ?? null} clearButtonProps={{'aria-label': 'Any state'}}
                      onChange={(value) => setSearch({state: value ?? undefined})} />
              <span className="push-right" />
              <Chosen ids={picked} onClear={() => setSearch({pick: undefined}, true)} />
            </div>
            {none ? (
              <EmptyState icon={<IconListCheck size={38} stroke={1.4} aria-hidden />} title="No run fits">
                <p className="empty-text">Take a filter off, or run the evaluation.</p>
                <Button size="xs" variant="default" onClick={() => setSearch({environment: undefined, use_case: undefined, evaluation: undefined, state: undefined})}>Take the filters off</Button>
              </EmptyState>
            ) : (
              <div className="card scroll-x" role="region" aria-label="Runs" tabIndex={0}><RunTable runs={runs} picked={picked} onPick={choose} /></div>
            )}
            {query.hasNextPage && <Button mt="sm" size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
          </>
        )}
      </div>
    </>
  );
}

function Chosen({ids, onClear}: {ids: string[]; onClear: () => void}) {
  if (!ids.length) return <span className="quiet">Choose 2 to {kMostRuns} runs to compare them</span>;
  return (
    <>
      <span className="quiet" role="status">{ids.length === 1 ? 'One run is chosen; choose another' : `${ids.length} runs are chosen`}</span>
      <Button size="xs" variant="subtle" onClick={onClear}>Choose none</Button>
      <Button size="xs" leftSection={<IconArrowsDiff size={15} aria-hidden />} disabled={ids.length < 2} renderRoot={ids.length < 2 ? undefined : (props) => <Link {...props} to="/runs/compare" search={{runs: ids.join(',')}} />}>Compare</Button>
    </>
  );
}

function RunTable({runs, picked, onPick}: {runs: Run[]; picked: string[]; onPick: (id: string, on: boolean) => void}) {
  return (
    <table className="data-table numeric">
      <thead>
        <tr>
          <th scope="col"><span className="visually-hidden">Compare</span></th><th scope="col">How it ended</th><th scope="col">Evaluation</th><th scope="col">What was tried</th><th scope="col">Environment</th>
          <th scope="col" className="right">Results</th><th scope="col" className="right">Errors</th><th scope="col" className="right">Cost</th><th scope="col" className="right">Took</th><th scope="col">Begun</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => {
          const asset = parseAssetName(run.evaluation);
          const on = picked.includes(run.id);
          return (
            <tr key={run.id} style={on ? {background: 'var(--selected)'} : undefined}>
              <td><Checkbox size="xs" aria-label={`Compare the run of ${shortName(run.evaluation)} of ${formatFullTime(run.created_at)}`} checked={on} disabled={!on && picked.length >= kMostRuns} onChange={(e) => onPick(run.id, e.currentTarget.checked)} /></td>
              <td style={{whiteSpace: 'nowrap'}}><Link to="/runs/$id" params={{id: run.id}}><RunMark run={run} /></Link>{!hasEnded(run) && <Bar run={run} />}</td>
              <td style={{whiteSpace: 'nowrap'}}>{asset ? <Link to="/catalogue/$owner/$kind/$name" params={asset}>{asset.name}</Link> : run.evaluation} <span className="quiet">version {run.evaluation_version}</span><span className="sub">{run.use_case}</span></td>
              <td style={{minWidth: 150, maxWidth: 280, overflowWrap: 'anywhere'}} title={run.target}><span className="two-lines">{shortLabel(run.target, run.use_case)}</span>{run.cells.length > 1 && <span className="sub">{plural(run.cells.length, 'variant')}</span>}</td>
              <td>{run.environment}</td>
              <td className="right">{formatInteger(run.done)}<span className="sub">of {formatInteger(run.planned)}</span></td>
              <td className="right">{run.errors ? <span className="gone">{formatInteger(run.errors)}<span className="sub">{formatPercent(run.errors / Math.max(run.done, 1))}</span></span> : '0'}</td>
              <td className="right">{run.calls > 0 && run.unpriced_calls >= run.calls ? 'no price' : formatUsd(run.cost_usd)}</td>
              <td className="right" style={{whiteSpace: 'nowrap'}}>{formatDuration(runDuration(run))}</td>
              <td style={{whiteSpace: 'nowrap'}}><time dateTime={run.created_at} title={formatFullTime(run.created_at)}>{formatShortTime(run.created_at)}</time><span className="sub">{run.author}</span></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Bar({run}: {run: Run}) {
  const percent = run.planned ? Math.round(100 * run.done / run.planned) : 0;
  return <Progress size="xs" mt={5} w={110} value={percent} aria-label={`${percent} % done`} />;
}
