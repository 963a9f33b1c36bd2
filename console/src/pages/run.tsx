// SPDX-License-Identifier: Apache-2.0
// One run: how it ended and why, what it measured, each answer, and what exactly was run.
import '../app/governance.css';
import '../app/evaluation.css';
import {Button, Menu} from '@mantine/core';
import {IconArrowsDiff, IconChevronDown, IconDownload, IconHourglass, IconPlayerPlay, IconPlayerStop, IconRefresh} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useState, type ReactNode} from 'react';
import {api, ApiError, need} from '../api/client';
import {exportRunLink, hasEnded, refreshRuns, runQuery, type RunDetail} from '../api/runs';
import {parseAssetName} from '../lib/asset';
import {formatFullTime, formatInteger, plural} from '../lib/format';
import {datasetOf, describeRun, draftOfRun, repeatsOf, shortName} from '../lib/runs';
import {AnswerCard} from '../ui/answer';
import {Copy, TopBar} from '../ui/bits';
import {Dialog} from '../ui/dialog';
import {Ago, Facts, Panel} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {PageTabs} from '../ui/tabs';
import {RunDefinition} from './run-definition';
import {RunMetrics} from './run-metrics';
import {RunFigures, RunProgress} from './run-progress';
import {RunResults} from './run-results';
import {RunDialog} from './run-start';
import {useRun} from './use-run';

const route = getRouteApi('/app/runs/$id');

export function RunPage() {
  const {id} = route.useParams();
  return <OneRun key={id} id={id} />;
}

function OneRun({id}: {id: string}) {
  const {tab = 'metrics'} = route.useSearch();
  const {query, run, following} = useRun(id);
  const [dialog, setDialog] = useState<'cancel' | 'resume' | 'again' | null>(null);
  const evaluation = run ? parseAssetName(run.evaluation) : null;
  const gone = query.error instanceof ApiError && query.error.status === 404;
  return (
    <>
      <TopBar title={run ? `Run of ${shortName(run.evaluation)}` : 'Run'}>
        <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/runs" search={run ? {evaluation: run.evaluation} : {}} />}>All its runs</Button>
        {run && <CompareButton run={run} />}
        {run && <Button size="xs" variant="default" component="a" href={exportRunLink(id)} download leftSection={<IconDownload size={15} aria-hidden />}>Export</Button>}
        {run && !hasEnded(run) && <Button size="xs" variant="default" leftSection={<IconPlayerStop size={15} aria-hidden />} disabled={run.cancel_requested} onClick={() => setDialog('cancel')}>Cancel</Button>}
        {run && hasEnded(run) && (run.missing > 0 || run.errors > 0) && <Button size="xs" variant="default" leftSection={<IconRefresh size={15} aria-hidden />} onClick={() => setDialog('resume')}>Resume</Button>}
        {run && hasEnded(run) && evaluation && <Button size="xs" leftSection={<IconPlayerPlay size={15} aria-hidden />} onClick={() => setDialog('again')}>Run again</Button>}
      </TopBar>
      <div className="page">
        {query.isPending && <PageLoading />}
        {query.isError && !run && <ErrorNotice error={query.error} what={gone ? 'There is no such run' : 'The run could not be loaded'} onRetry={() => void query.refetch()} />}
        {run && (
          <>
            <AnswerCard {...describeRun(run, following.left)} label="Outcome" icon={run.state === 'running' ? IconPlayerPlay : run.state === 'queued' ? IconHourglass : undefined} />
            {!hasEnded(run) && <RunProgress run={run} following={following} />}
            <RunFigures run={run} />
            <PageTabs value={tab} first="metrics" label="About this run" tabs={[['metrics', 'Metrics'], ['cases', `Cases (${formatInteger(run.done)})`], ['definition', 'Definition']]}>
              {tab === 'metrics' && <div className="run-columns"><RunMetrics run={run} /><Side run={run} /></div>}
              {tab === 'cases' && <RunResults run={run} />}
              {tab === 'definition' && <RunDefinition run={run} />}
            </PageTabs>
          </>
        )}
      </div>
      {run && dialog === 'cancel' && <ActDialog run={run} what="cancel" title="End this run?" action="End the run" danger onClose={() => setDialog(null)}>
        <p className="prose">What it has is kept: {plural(run.done, 'result')} of {formatInteger(run.planned)}. It can be resumed, and then asks only what is missing.</p></ActDialog>}
      {run && dialog === 'resume' && <ActDialog run={run} what="resume" title="Go on with this run?" action="Resume" onClose={() => setDialog(null)}>
        <p className="prose">{[...(run.missing > 0 ? [`What is missing is asked: ${plural(run.missing, 'result')}.`] : []), ...(run.errors > 0 ? [`What were errors is asked again: ${plural(run.errors, 'answer')}.`] : [])].join(' ')} Nothing else is, and nothing is paid for twice.</p></ActDialog>}
      {run && dialog === 'again' && evaluation && <RunDialog evaluation={evaluation} before={draftOfRun(run)} onClose={() => setDialog(null)} />}
    </>
  );
}

function CompareButton({run}: {run: RunDetail}) {
  if (run.cells.length < 2) return <Button size="xs" variant="default" leftSection={<IconArrowsDiff size={15} aria-hidden />} renderRoot={(props) => <Link {...props} to="/runs" search={{evaluation: run.evaluation, pick: run.id}} />}>Compare…</Button>;
  return (
    <Menu position="bottom-end" shadow="md" width={230}>
      <Menu.Target><Button size="xs" variant="default" leftSection={<IconArrowsDiff size={15} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>Compare</Button></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item renderRoot={(props) => <Link {...props} to="/runs/compare" search={{runs: run.id}} />}>Its {run.cells.length} variants</Menu.Item>
        <Menu.Item renderRoot={(props) => <Link {...props} to="/runs" search={{evaluation: run.evaluation, pick: run.id}} />}>With other runs…</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function ActDialog({run, what, title, action, danger, onClose, children}: {run: RunDetail; what: 'cancel' | 'resume'; title: string; action: string; danger?: boolean; onClose: () => void; children: ReactNode}) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: () => need(what === 'cancel' ? api.POST('/api/v1/runs/{id}/cancel', {params: {path: {id: run.id}}}) : api.POST('/api/v1/runs/{id}/resume', {params: {path: {id: run.id}}})),
    onSuccess: (fresh) => {
      client.setQueryData(runQuery(run.id).queryKey, fresh);
      refreshRuns(client);
      onClose();
    },
  });
  return <Dialog title={title} action={action} danger={danger} onClose={onClose} onSubmit={() => act.mutate()} pending={act.isPending} error={act.error}>{children}</Dialog>;
}

function Side({run}: {run: RunDetail}) {
  const evaluation = parseAssetName(run.evaluation);
  const dataset = datasetOf(run.definition);
  const datasetId = dataset && parseAssetName(dataset.asset);
  const release = /^([a-z][a-z0-9-]*)@(\d+)$/.exec(run.target);
  const repeats = repeatsOf(run.definition);
  return (
    <div>
      <Panel title="Facts">
        <Facts items={[
          ['Evaluation', evaluation ? <Link key="e" className="text-link" to="/catalogue/$owner/$kind/$name" params={evaluation}>{run.evaluation}</Link> : run.evaluation],
          ['Its version', formatInteger(run.evaluation_version)],
          ['What was tried', release ? <Link key="r" className="text-link" to="/releases/$slug/$number" params={{slug: release[1]!, number: release[2]!}}>{run.target}</Link> : run.target],
          ['Environment', run.environment],
          ...(dataset && datasetId ? [['Cases', <span key="d"><Link className="text-link" to="/catalogue/$owner/$kind/$name" params={datasetId} search={dataset.version ? {version: String(dataset.version)} : {}}>{shortName(dataset.asset)}</Link> version {dataset.version}{dataset.split && `, split ${dataset.split}`}</span>] as [string, ReactNode]] : []),
          ...(repeats > 1 ? [['Answers to each', formatInteger(repeats)] as [string, ReactNode]] : []),
          ['Begun', <span key="b"><Ago at={run.created_at} /> by {run.author}</span>],
          ...(run.ended_at ? [['Ended', formatFullTime(run.ended_at)] as [string, ReactNode]] : []),
          ...(run.digest ? [['Digest', <span key="g" className="mono">{run.digest.replace(/^sha256:/, '').slice(0, 16)}… <Copy text={run.digest} label="Copy the digest" /></span>] as [string, ReactNode]] : []),
          ['Run', <span key="i" className="mono" title={run.id}>{run.id.slice(0, 13)}… <Copy text={run.id} label="Copy the run’s id" /></span>],
        ]} />
      </Panel>
      {/* The gates that used this run stand here, once the server tells them: evidence follows what it is evidence of. */}
      <Panel title="Its calls"><p className="quiet" style={{margin: 0}}>{plural(run.calls, 'call')}, {formatInteger(run.input_tokens)} tokens in and {formatInteger(run.output_tokens)} out. Each result links to its own.</p></Panel>
    </div>
  );
}
