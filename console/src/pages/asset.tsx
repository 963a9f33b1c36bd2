// SPDX-License-Identifier: Apache-2.0
// One asset: what it says, how it came to be so, who relies on it, and a place to change and try it.
import '../app/governance.css';
import {ActionIcon, Button, Menu} from '@mantine/core';
import {IconArchive, IconArrowBackUp, IconDots, IconPencil, IconPlayerPlay, IconTag} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {lazy, Suspense, useState} from 'react';
import {ApiError} from '../api/client';
import {assetQuery, assetUsesQuery, type AssetDetail, type AssetKind} from '../api/governance';
import {assetName, parseAssetName, type AssetId} from '../lib/asset';
import {formatAgo, plural} from '../lib/format';
import {listOf} from '../lib/governance';
import {kAssetKinds} from '../lib/search-pages';
import {AnswerCard} from '../ui/answer';
import {TopBar} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {Nothing, Panel, Tag} from '../ui/marks';
import {EmptyState, ErrorNotice, NotFoundPage, PageLoading} from '../ui/notices';
import {PageTabs} from '../ui/tabs';
import {AssetContent} from './asset-content';
import {DeprecateDialog, LabelDialog, RestoreDialog} from './asset-dialogs';
import {AssetEditor, LeaveGuard, type Draft} from './asset-editor';
import {AssetHistory} from './asset-history';
import {KindIcon} from './asset-kinds';
import {AssetTry} from './asset-try';
import {DatasetCalls} from './dataset-calls';
import {DatasetCases} from './dataset-cases';
import {DatasetCompare} from './dataset-compare';
import {ImportDialog} from './dataset-import';

const RunDialog = lazy(() => import('./run-start').then((m) => ({default: m.RunDialog})));
const route = getRouteApi('/app/catalogue/$owner/$kind/$name');

export function AssetPage() {
  const {owner, kind, name} = route.useParams();
  if (!(kAssetKinds as readonly string[]).includes(kind)) return <NotFoundPage />;
  const id: AssetId = {owner, kind: kind as AssetKind, name};
  return <OneAsset key={assetName(id)} id={id} />;
}

function OneAsset({id}: {id: AssetId}) {
  const dataset = id.kind === 'dataset';
  const first = dataset ? 'cases' : 'content';
  const {tab = first} = route.useSearch();
  const setSearch = useSetSearch();
  const query = useQuery({...assetQuery(id), retry: (count, error) => count < 2 && !(error instanceof ApiError)});
  const [draft, setDraft] = useState<Draft | null>(null);
  const [dialog, setDialog] = useState<'label' | 'deprecate' | 'restore' | 'import' | 'run' | null>(null);
  const asset = query.data;
  const missing = query.error instanceof ApiError && query.error.status === 404;
  return (
    <>
      <TopBar title={id.name}>
        <span className="status quiet"><KindIcon kind={id.kind} />{id.kind} of {id.owner === 'shared' ? 'shared' : <Link className="text-link" to="/use-cases/$slug" params={{slug: id.owner}}>{id.owner}</Link>}</span>
        {asset && id.kind === 'evaluation' && (
          <>
            <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/runs" search={{evaluation: assetName(id)}} />}>Its runs</Button>
            <Button size="xs" variant="default" leftSection={<IconPlayerPlay size={15} aria-hidden />} onClick={() => setDialog('run')}>Run</Button>
          </>
        )}
        {asset && tab !== 'edit' && <Button size="xs" variant="default" leftSection={<IconPencil size={15} aria-hidden />} onClick={() => setSearch({tab: 'edit'})}>{draft ? 'Go on editing' : 'Edit'}</Button>}
        {asset && (
          <Menu position="bottom-end" shadow="md" width={200}>
            <Menu.Target><ActionIcon variant="default" size={30} aria-label="More"><IconDots size={17} aria-hidden /></ActionIcon></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconTag size={15} />} onClick={() => setDialog('label')}>Labels…</Menu.Item>
              {asset.deprecated ? <Menu.Item leftSection={<IconArrowBackUp size={15} />} onClick={() => setDialog('restore')}>Restore…</Menu.Item>
                : <Menu.Item leftSection={<IconArchive size={15} />} c="var(--mantine-color-error)" onClick={() => setDialog('deprecate')}>Deprecate…</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        )}
      </TopBar>
      <div className="page">
        {query.isPending && <PageLoading />}
        {query.isError && !missing && <ErrorNotice error={query.error} what="The asset could not be loaded" onRetry={() => void query.refetch()} />}
        {missing && tab !== 'edit' && (
          <EmptyState icon={<KindIcon kind={id.kind} size={40} />} title="There is no such asset yet">
            <p className="empty-text"><code>{assetName(id)}</code> has no version. If something refers to it, its releases cannot be cut until it has one.</p>
            <Button.Group>
              <Button size="xs" onClick={() => setSearch({tab: 'edit'})}>Write it</Button>
              {dataset && <Button size="xs" variant="default" onClick={() => setDialog('import')}>Import a file</Button>}
            </Button.Group>
          </EmptyState>
        )}
        {missing && tab === 'edit' && <AssetEditor id={id} asset={null} draft={draft} onDraft={setDraft} />}
        {asset && (
          <>
            <Summary asset={asset} />
            <PageTabs value={tab} first={first} label="About this asset" tabs={[
              ...(dataset ? [['cases', 'Cases'], ['compare', 'Changes by case'], ['calls', 'From calls']] as const : []),
              ['content', 'Content'], ['edit', draft ? 'Edit (not saved)' : 'Edit'], ['history', `History (${asset.latest.version})`], ['used', 'Where used'], ...(id.kind === 'prompt' ? [['try', 'Try'] as const] : []),
            ]}>
              {tab === 'content' && <AssetContent id={id} asset={asset} />}
              {dataset && tab === 'cases' && <DatasetCases id={id} asset={asset} />}
              {dataset && tab === 'compare' && <DatasetCompare id={id} asset={asset} />}
              {dataset && tab === 'calls' && <DatasetCalls id={id} asset={asset} />}
              {!dataset && ['cases', 'compare', 'calls'].includes(tab) && <Nothing>Only datasets have cases.</Nothing>}
              {tab === 'edit' && <AssetEditor id={id} asset={asset} draft={draft} onDraft={setDraft} />}
              {tab === 'history' && <AssetHistory id={id} asset={asset} />}
              {tab === 'used' && <Uses id={id} />}
              {tab === 'try' && (id.kind === 'prompt' ? <AssetTry id={id} asset={asset} draft={draft} /> : <Nothing>Only prompts can be tried.</Nothing>)}
            </PageTabs>
          </>
        )}
      </div>
      <LeaveGuard id={id} dirty={draft !== null && draft.text !== (draft.base?.text ?? '')} />
      {missing && dialog === 'import' && <ImportDialog id={id} parent={null} count={0} onClose={() => setDialog(null)} />}
      {asset && dialog === 'run' && <Suspense><RunDialog evaluation={id} onClose={() => setDialog(null)} /></Suspense>}
      {asset && dialog === 'label' && <LabelDialog id={id} asset={asset} onClose={() => setDialog(null)} />}
      {asset && dialog === 'deprecate' && <DeprecateDialog id={id} onClose={() => setDialog(null)} />}
      {asset && dialog === 'restore' && <RestoreDialog id={id} onClose={() => setDialog(null)} />}
    </>
  );
}

function Summary({asset}: {asset: AssetDetail}) {
  const {data: uses} = useQuery(assetUsesQuery(asset));
  const {latest, deprecated} = asset;
  const broken = asset.references.filter((r) => !r.exists);
  const old = asset.references.filter((r) => r.exists && r.deprecated);
  const assets = new Set(uses?.filter((u) => u.type === 'asset').map((u) => u.id)).size;
  const releases = new Set(uses?.filter((u) => u.type === 'release').map((u) => u.id)).size;
  // "support-assistant in prod": where it runs, each place once.
  const running = [...new Set(uses?.filter((u) => u.type === 'deployment').map((u) => u.id.replace(/^.* in /, '')))];
  const used = [...(assets ? [plural(assets, 'asset')] : []), ...(releases ? [plural(releases, 'release')] : [])];
  const findings = [
    ...(deprecated ? [`Deprecated by ${deprecated.by} ${formatAgo(deprecated.at)}: ${deprecated.reason}${deprecated.replaced_by ? `; use ${deprecated.replaced_by}` : ''}`] : []),
    ...(broken.length ? [`${listOf(broken.map((r) => `${r.path} names ${r.target}, which is not there`))}`] : []),
    ...(old.length ? [`${listOf(old.map((r) => r.target))} ${old.length === 1 ? 'is' : 'are'} deprecated`] : []),
  ];
  return (
    <AnswerCard level={broken.length ? 'bad' : deprecated || old.length ? 'warn' : 'ok'} word={deprecated ? 'Deprecated' : `Version ${latest.version}`} findings={findings}
                sentence={<>{latest.author}, {formatAgo(latest.created_at)}{latest.message && <>: “{latest.message}”</>}. {uses && (used.length ? `Used by ${listOf(used)}.` : 'Nothing uses it yet.')} {running.length > 0 && `It runs in ${listOf(running)}.`}</>} />
  );
}

const kUseTypes = {asset: 'Asset', release: 'Release', deployment: 'Runs in'} as const;

function Uses({id}: {id: AssetId}) {
  const query = useQuery(assetUsesQuery(id));
  return (
    <Panel title="Where it is used" flush>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="It could not be looked up" onRetry={() => void query.refetch()} />}
      {query.data && !query.data.length && <div className="part-body"><Nothing>Nothing refers to it yet, so changing or deprecating it breaks nothing.</Nothing></div>}
      {query.data && query.data.length > 0 && (
        <div className="scroll-x" role="region" aria-label="Uses" tabIndex={0}>
          <table className="data-table">
            <thead><tr>{['By', 'What', 'Its version', 'Where it stands'].map((n) => <th key={n} scope="col">{n}</th>)}</tr></thead>
            <tbody>
              {query.data.map((use, i) => (
                <tr key={i}>
                  <td><Tag tone={use.type === 'deployment' ? 'good' : use.type === 'release' ? 'info' : 'quiet'}>{kUseTypes[use.type]}</Tag></td>
                  <td><UseLink id={use.id} /></td>
                  <td className="numeric">{use.version ?? '–'}</td>
                  <td className="mono">{use.path || '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function UseLink({id}: {id: string}) {
  const asset = parseAssetName(id);
  if (asset) return <Link to="/catalogue/$owner/$kind/$name" params={asset}>{id}</Link>;
  const release = /^([a-z][a-z0-9-]*)@(\d+)$/.exec(id);
  if (release) return <Link to="/releases/$slug/$number" params={{slug: release[1]!, number: release[2]!}}>{id}</Link>;
  const deployment = /^([a-z][a-z0-9-]*) in /.exec(id);
  if (deployment) return <Link to="/releases/$slug" params={{slug: deployment[1]!}}>{id}</Link>;
  return <>{id}</>;
}
