// SPDX-License-Identifier: Apache-2.0
// "What do we judge by, and what came out last?": every evaluation with its last run, and a way to run it.
import '../app/governance.css';
import '../app/evaluation.css';
import {Button} from '@mantine/core';
import {IconListCheck, IconPlayerPlay, IconReportAnalytics} from '@tabler/icons-react';
import {useInfiniteQuery, useQueries, useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useState} from 'react';
import {assetQuery, effectivePolicyQuery, type Asset} from '../api/governance';
import {sessionQuery} from '../api/queries';
import {evaluationsQuery, lastRunQuery, type Run} from '../api/runs';
import {assetName, type AssetId} from '../lib/asset';
import {formatInteger, plural} from '../lib/format';
import {listOf} from '../lib/governance';
import {resolveReference, shortLabel, targetWords} from '../lib/runs';
import {AnswerCard} from '../ui/answer';
import {TopBar} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {Ago, Tag} from '../ui/marks';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {RunMark} from '../ui/run-marks';
import {SearchField} from '../ui/search-field';
import {UseCaseSelect} from '../ui/use-case-select';
import {RunDialog} from './run-start';

const route = getRouteApi('/app/evaluations');

// `last`: undefined while it is asked for, null if it never ran.
interface Row {
  id: AssetId;
  asset: Asset;
  content: Record<string, unknown> | undefined;
  last: Run | null | undefined;
  requiredIn: string[];
}

function useRows(items: Asset[]): Row[] {
  const {data: session} = useQuery(sessionQuery);
  const environments = session?.environments.map(({name}) => name) ?? [];
  const owners = [...new Set(items.map(({owner}) => owner))];
  const contents = useQueries({queries: items.map((asset) => assetQuery(asset))});
  const lasts = useQueries({queries: items.map((asset) => lastRunQuery(asset.owner, assetName(asset)))});
  // An owner's policies are asked for once, however many evaluations it has. Whoever may not see them sees nothing here.
  const pairs = owners.flatMap((owner) => environments.map((environment) => ({owner, environment})));
  const policies = useQueries({queries: pairs.map(({owner, environment}) => ({...effectivePolicyQuery(owner, environment), retry: false}))});
  return items.map((asset, i) => ({
    id: {owner: asset.owner, kind: 'evaluation', name: asset.name}, asset, content: contents[i]?.data?.content, last: lasts[i]?.data,
    requiredIn: pairs.flatMap(({owner, environment}, k) => owner === asset.owner && policies[k]?.data?.content.gates?.includes(assetName(asset)) ? [environment] : []),
  }));
}

export function EvaluationsPage() {
  const {q, owner} = route.useSearch();
  const setSearch = useSetSearch();
  const query = useInfiniteQuery(evaluationsQuery({q, owner}));
  const rows = useRows(query.data?.pages.flatMap((page) => page.items) ?? []);
  const [running, setRunning] = useState<AssetId | null>(null);
  const narrowed = Boolean(q ?? owner);
  return (
    <>
      <TopBar title="Evaluations">
        <Button size="xs" variant="default" leftSection={<IconListCheck size={15} aria-hidden />} renderRoot={(props) => <Link {...props} to="/runs" search={{}} />}>All runs</Button>
      </TopBar>
      <div className="page" aria-busy={query.isFetching}>
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The evaluations could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data && !rows.length && !narrowed && (
          <EmptyState icon={<IconReportAnalytics size={40} stroke={1.4} aria-hidden />} title="Nothing is evaluated yet">
            <p className="empty-text">An evaluation says which cases are asked, what is tried, and by which metrics the answers are judged. It is an asset: write it into <code>evaluations/golden.yaml</code> and push it, or make one in the catalogue. It needs a dataset first.</p>
            <Button size="xs" renderRoot={(props) => <Link {...props} to="/catalogue" search={{kind: 'dataset'}} />}>Look at the datasets</Button>
          </EmptyState>
        )}
        {query.data && (rows.length > 0 || narrowed) && (
          <>
            <Summary rows={rows} complete={!query.hasNextPage} />
            <div className="filters">
              <SearchField label="Find an evaluation" value={q ?? ''} width={260} onSearch={(words) => setSearch({q: words || undefined}, true)} />
              <UseCaseSelect size="xs" w={220} aria-label="Owner" clearable placeholder="Any owner" before={[{value: 'shared', label: 'shared'}]} value={owner ?? null} clearButtonProps={{'aria-label': 'Any owner'}}
                             onChange={(value) => setSearch({owner: value ?? undefined})} />
            </div>
            <div className="card scroll-x" role="region" aria-label="Evaluations" tabIndex={0}><EvaluationTable rows={rows} onRun={setRunning} /></div>
            {query.hasNextPage && <Button mt="sm" size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
          </>
        )}
      </div>
      {running && <RunDialog evaluation={running} onClose={() => setRunning(null)} />}
    </>
  );
}

function Summary({rows, complete}: {rows: Row[]; complete: boolean}) {
  const known = rows.filter(({last}) => last !== undefined);
  const live = known.filter(({last}) => last && !last.outcome).length;
  const never = known.filter(({last}) => last === null);
  const bad = known.filter(({last}) => last && (last.outcome === 'error' || last.state === 'failed'));
  const partial = known.filter(({last}) => last?.outcome === 'partial');
  const ended = known.filter(({last}) => last?.outcome === 'complete').length;
  const findings = [
    ...(bad.length ? [`The last run of ${listOf(bad.slice(0, 4).map(({asset}) => asset.name))}${bad.length > 4 ? ` and ${plural(bad.length - 4, 'other')}` : ''} ended in an error: nothing can be concluded from it`] : []),
    ...(partial.length ? [`The last run of ${listOf(partial.slice(0, 4).map(({asset}) => asset.name))}${partial.length > 4 ? ` and ${plural(partial.length - 4, 'other')}` : ''} is not complete`] : []),
    ...never.filter(({requiredIn}) => requiredIn.length).map(({asset, requiredIn}) => `${asset.name} never ran, and is asked for in ${listOf(requiredIn)}`),
  ];
  const parts = [...(ended ? [`${plural(ended, 'last run is', 'last runs are')} complete`] : []), ...(live ? [`${plural(live, 'run')} under way`] : []), ...(never.length ? [never.length === rows.length ? 'none has run yet' : `${formatInteger(never.length)} never ran`] : [])];
  return <AnswerCard level={bad.length ? 'bad' : findings.length ? 'warn' : ended ? 'ok' : 'quiet'} word={`${plural(rows.length, 'evaluation')}${complete ? '' : ' and more'}`} sentence={known.length < rows.length ? 'looking at their last runs…' : listOf(parts) || 'see below how their last runs ended'} findings={findings} />;
}

function EvaluationTable({rows, onRun}: {rows: Row[]; onRun: (id: AssetId) => void}) {
  return (
    <table className="data-table">
      <thead><tr>{['Evaluation', 'Asks', 'Judges by', 'Asked for in', 'Last run'].map((name) => <th key={name} scope="col">{name}</th>)}<th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
      <tbody>
        {rows.map(({id, asset, content, last, requiredIn}) => (
          <tr key={assetName(id)}>
            <td style={{minWidth: 180}}>
              <Link to="/catalogue/$owner/$kind/$name" params={id}>{asset.name}</Link>{asset.deprecated && <> <Tag tone="warn">deprecated</Tag></>}
              <span className="sub">{asset.owner}{asset.description && `: ${asset.description}`}</span>
            </td>
            <td style={{minWidth: 170}}><Asks owner={asset.owner} content={content} /></td>
            <td style={{whiteSpace: 'nowrap'}}>{content ? <JudgedBy content={content} /> : '…'}</td>
            <td>{requiredIn.length ? <span className="tag-row">{requiredIn.map((name) => <Tag key={name} tone="info">{name}</Tag>)}</span> : <span className="quiet">nowhere</span>}</td>
            <td style={{whiteSpace: 'nowrap'}}>{last === undefined ? '…' : last === null ? <span className="quiet">never</span> : <LastRun run={last} evaluation={assetName(id)} />}</td>
            <td className="right"><Button size="compact-sm" variant="default" leftSection={<IconPlayerPlay size={14} aria-hidden />} aria-label={`Run ${asset.name} of ${asset.owner}`} onClick={() => onRun(id)}>Run</Button></td>
          </tr>
        ))}
        {!rows.length && <tr><td colSpan={6} className="quiet">No evaluation matches.</td></tr>}
      </tbody>
    </table>
  );
}

function Asks({owner, content}: {owner: string; content: Row['content']}) {
  if (!content) return <>…</>;
  const dataset = resolveReference(owner, 'dataset', content.dataset);
  const words = targetWords(content.target);
  return (
    <>
      {dataset ? <Link to="/catalogue/$owner/$kind/$name" params={dataset}>{dataset.owner === owner ? dataset.name : assetName(dataset)}</Link> : '–'}{typeof content.split === 'string' && <span className="quiet"> split {content.split}</span>}
      <span className="sub">{words.startsWith('answers') ? `judges ${words}` : `of ${words}`}</span>
    </>
  );
}

function JudgedBy({content}: {content: Record<string, unknown>}) {
  const count = (value: unknown) => Array.isArray(value) ? value.length : 0;
  const thresholds = count(content.thresholds);
  return <>{plural(count(content.metrics), 'metric')}<span className="sub">{thresholds ? plural(thresholds, 'threshold') : 'no threshold'}</span></>;
}

function LastRun({run, evaluation}: {run: Run; evaluation: string}) {
  const target = shortLabel(run.target, run.use_case);
  return (
    <>
      <Link to="/runs/$id" params={{id: run.id}}><RunMark run={run} /></Link> <span className="quiet"><Ago at={run.created_at} /></span>
      <span className="sub">{target.length > 40 ? `${target.slice(0, 38)}…` : target} in {run.environment} · <Link to="/runs" search={{evaluation}}>all</Link></span>
    </>
  );
}
