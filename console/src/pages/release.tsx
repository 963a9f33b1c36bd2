// SPDX-License-Identifier: Apache-2.0
// One release: "May this ship?" What changed, what it is made of, what speaks for it, who said yes.
import '../app/governance.css';
import {Button, Menu} from '@mantine/core';
import {IconArrowUpRight, IconChevronDown, IconCircleCheck, IconCircleX, IconDownload} from '@tabler/icons-react';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {lazy, Suspense, useState} from 'react';
import {approvalsQuery, deploymentsQuery, releaseNotesQuery, releaseQuery, releasesQuery, type Release} from '../api/governance';
import {formatFullTime, plural} from '../lib/format';
import {describeRelease} from '../lib/governance';
import {AnswerCard} from '../ui/answer';
import {Copy, TopBar} from '../ui/bits';
import {Checks} from '../ui/checks';
import {Ago, EvidenceMark, Facts, Mark, Nothing, Panel, Tag} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {PageTabs} from '../ui/tabs';
import {ApprovalForm} from './approval-form';
import {PromoteDialog} from './promote-dialog';
import {ReleaseAssets} from './release-assets';
import {ReleaseGates} from './release-gates';
import {Where} from './release-table';

const MarkdownView = lazy(() => import('../ui/markdown').then((m) => ({default: m.MarkdownView})));
const route = getRouteApi('/app/releases/$slug/$number');

export function ReleasePage() {
  const params = route.useParams();
  const {tab = 'notes'} = route.useSearch();
  const slug = params.slug;
  const number = Number(params.number);
  const query = useQuery(releaseQuery(slug, number));
  const {data: deployments = []} = useQuery(deploymentsQuery(slug));
  const releases = useInfiniteQuery(releasesQuery(slug)).data?.pages.flatMap((page) => page.items) ?? [];
  const [promoting, setPromoting] = useState<string | null>(null);
  const release = query.data;
  const places = deployments.map((d) => d.environment);
  return (
    <>
      <TopBar title={release?.id ?? `${slug}@${number}`}>
        <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/releases/$slug" params={{slug}} />}>All releases</Button>
        {release && places.length > 0 && (
          <Menu position="bottom-end" shadow="md">
            <Menu.Target><Button size="xs" leftSection={<IconArrowUpRight size={15} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>Promote</Button></Menu.Target>
            <Menu.Dropdown>{places.map((environment) => <Menu.Item key={environment} disabled={release.environments[environment] === 'active'} onClick={() => setPromoting(environment)}>
              to {environment}{release.environments[environment] === 'active' ? ': runs there' : '…'}</Menu.Item>)}</Menu.Dropdown>
          </Menu>
        )}
      </TopBar>
      <div className="page">
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The release could not be loaded" onRetry={() => void query.refetch()} />}
        {release && (
          <>
            <AnswerCard {...describeRelease(release)} />
            <div className="columns">
              <PageTabs value={tab} first="notes" label="About this release" tabs={[
                ['notes', 'Notes'], ['assets', plural(release.assets.length, 'asset')], ['evidence', `Evidence (${release.evidence.length})`], ['approvals', `Approvals (${release.approvals.length})`],
              ]}>
                {tab === 'notes' && <Notes release={release} />}
                {tab === 'assets' && <Panel title="Exact versions" flush><ReleaseAssets assets={release.assets} /></Panel>}
                {tab === 'evidence' && <><ReleaseGates release={release} environments={places} /><EvidenceList release={release} /></>}
                {tab === 'approvals' && <Approvals release={release} />}
              </PageTabs>
              <Side release={release} />
            </div>
          </>
        )}
      </div>
      {promoting && release && <PromoteDialog slug={slug} environment={promoting} release={release.number} deployments={deployments} onClose={() => setPromoting(null)}
                                              releases={releases.some((r) => r.number === release.number) ? releases : [release, ...releases]} />}
    </>
  );
}

export function Notes({release}: {release: Release}) {
  const query = useQuery(releaseNotesQuery(release.use_case, release.number));
  const address = (format: string) => `/api/v1/use-cases/${release.use_case}/releases/${release.number}/notes?format=${format}`;
  return (
    <Panel title="Release notes" tools={(
      <Menu position="bottom-end" shadow="md">
        <Menu.Target><Button size="compact-sm" variant="default" leftSection={<IconDownload size={14} aria-hidden />}>Download</Button></Menu.Target>
        <Menu.Dropdown>{([['md', 'Markdown'], ['html', 'HTML'], ['json', 'JSON']] as const).map(([format, label]) => (
          <Menu.Item key={format} component="a" href={address(format)} download={`${release.use_case}-${release.number}.${format}`}>{label}</Menu.Item>))}</Menu.Dropdown>
      </Menu>
    )}>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="The notes could not be loaded" onRetry={() => void query.refetch()} />}
      {query.data !== undefined && (query.data ? <Suspense fallback={<PageLoading />}><MarkdownView text={query.data} /></Suspense> : <Nothing>The notes are empty.</Nothing>)}
    </Panel>
  );
}

function Side({release}: {release: Release}) {
  const may = Object.entries(release.may ?? {});
  return (
    <div>
      <Panel title="Facts">
        <Facts items={[
          ['Cut', <><Ago at={release.created_at} /> by {release.author}</>], ['Where', <Where key="w" environments={release.environments} />], ['Calls begin with', <span key="e" className="mono">{release.entry}</span>],
          ['Digest', <span key="d" className="mono">{release.digest.replace(/^sha256:/, '').slice(0, 16)}… <Copy text={release.digest} label="Copy the digest" /></span>],
        ]} />
        {release.message && <p className="prose">{release.message}</p>}
      </Panel>
      {may.map(([environment, check]) => (
        <Panel key={environment} title={`To ${environment}`} tools={<Tag tone={check.allowed || release.environments[environment] === 'active' ? 'good' : 'warn'}>{release.environments[environment] === 'active' ? 'runs there' : check.allowed ? 'may go' : 'may not go yet'}</Tag>}>
          {release.environments[environment] === 'active' ? <Nothing>It is there already.</Nothing> : <Checks checks={check.checks} label={`Checks for ${environment}`} />}
        </Panel>
      ))}
    </div>
  );
}

export function EvidenceList({release}: {release: Release}) {
  return (
    <Panel title="Evidence" flush>
      {release.evidence.length ? release.evidence.map((item) => (
        <div key={item.id} className="part-body" style={{borderBottom: '1px solid var(--line)'}}>
          <div className="change-head"><span>{item.name}</span><EvidenceMark result={item.result} />{item.stale && <Tag tone="warn">too old</Tag>}</div>
          <p className="quiet" style={{margin: 0}}>Produced <span title={formatFullTime(item.produced_at)}><Ago at={item.produced_at} /></span>{item.environment && ` in ${item.environment}`}, attached by {item.attached_by}
            {item.url && /^https?:\/\//.test(item.url) && <>; <a className="text-link" href={item.url} target="_blank" rel="noreferrer noopener">the run</a></>}</p>
          {item.summary && <p className="prose" style={{margin: '6px 0 0'}}>{item.summary}</p>}
          {Object.keys(item.metrics).length > 0 && <div style={{marginTop: 8}}><Facts items={Object.entries(item.metrics).map(([name, value]) => [name, <span key={name} className="numeric">{typeof value === 'object' ? JSON.stringify(value) : String(value)}</span>])} /></div>}
        </div>
      )) : (
        <div className="part-body"><Nothing>No evidence yet. A gate attaches its verdicts by itself; results of other tools come with <code>slipway release evidence {release.use_case} {release.number} …</code> or the API. Evidence holds for this release only.</Nothing></div>
      )}
    </Panel>
  );
}

export function ApprovalList({release}: {release: Release}) {
  if (!release.approvals.length) return <Nothing>Nobody has decided on it yet.</Nothing>;
  return (
    <ul className="plain-list">
      {release.approvals.map((approval, i) => (
        <li key={i}>
          <div className="change-head">{approval.decision === 'approve' ? <Mark icon={IconCircleCheck} tone="good">Approved for {approval.environment}</Mark> : <Mark icon={IconCircleX} tone="bad">Rejected for {approval.environment}</Mark>}
            <span className="quiet" style={{fontWeight: 400}}>{approval.by}{approval.role && ` (${approval.role})`}, <Ago at={approval.at} /></span></div>
          {approval.comment && <p className="prose">{approval.comment}</p>}
        </li>
      ))}
    </ul>
  );
}

function Approvals({release}: {release: Release}) {
  const {data: mine} = useQuery(approvalsQuery(true));
  const open = (mine ?? []).filter((item) => item.type === 'release_approval' && item.use_case === release.use_case && item.release === release.number && item.may_decide && item.environment);
  return (
    <>
      <Panel title="Approvals"><ApprovalList release={release} /></Panel>
      {open.map((item) => <Panel key={item.environment} title={`Decide for ${item.environment}`}><ApprovalForm release={release} environment={item.environment!} /></Panel>)}
    </>
  );
}
