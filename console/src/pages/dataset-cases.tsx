// SPDX-License-Identifier: Apache-2.0
// "What is in this dataset?": its cases, filtered and paged by the server, with one opened beside them.
import {ActionIcon, Button, Menu, Select, Tooltip} from '@mantine/core';
import {IconDownload, IconFileImport, IconListSearch, IconPencil, IconPlus, IconTrash, IconX} from '@tabler/icons-react';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi} from '@tanstack/react-router';
import {useEffect, useRef, useState} from 'react';
import {casesQuery, caseQuery, datasetQuery, exportLink, type Case, type CaseFilter} from '../api/datasets';
import {assetVersionsQuery, type AssetDetail} from '../api/governance';
import type {AssetId} from '../lib/asset';
import {inALine, largest} from '../lib/dataset';
import {formatAgo, formatInteger, plural} from '../lib/format';
import {useSetSearch} from '../ui/controls';
import {Nothing, Tag} from '../ui/marks';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {SearchField} from '../ui/search-field';
import {CaseView} from './dataset-case';
import {CaseDialog, RemoveCaseDialog} from './dataset-case-form';
import {ImportDialog} from './dataset-import';

const route = getRouteApi('/app/catalogue/$owner/$kind/$name');
const kChips = 12;
// A search may end a page before it has found anything: so many are looked for by themselves.
const kAtLeast = 20;

type Open = {kind: 'add' | 'import'} | {kind: 'edit' | 'remove'; one: Case} | null;

export function DatasetCases({id, asset}: {id: AssetId; asset: AssetDetail}) {
  const {version, tag, split, q, open} = route.useSearch();
  const setSearch = useSetSearch();
  const filter: CaseFilter = {version, tag, split, q};
  const dataset = useQuery(datasetQuery(id, version));
  const query = useInfiniteQuery(casesQuery(id, filter));
  const versions = useInfiniteQuery(assetVersionsQuery(id)).data?.pages.flatMap((page) => page.items) ?? [];
  const [dialog, setDialog] = useState<Open>(null);
  const opener = useRef<HTMLElement | null>(null);
  const panel = useRef<HTMLElement>(null);
  const cases = query.data?.pages.flatMap((page) => page.items) ?? [];
  const narrowed = Boolean(tag ?? split ?? q);
  const latest = version === undefined || version === String(asset.latest.version);
  const shownVersion = dataset.data?.version ?? asset.latest.version;
  const {hasNextPage, isFetchingNextPage, fetchNextPage} = query;
  useEffect(() => {
    if (cases.length < kAtLeast && hasNextPage && !isFetchingNextPage && !query.isError) void fetchNextPage();
  }, [cases.length, hasNextPage, isFetchingNextPage, fetchNextPage, query.isError]);

  const show = (which: string, from: HTMLElement) => {
    opener.current = from;
    setSearch({open: which}, true);
    setTimeout(() => panel.current?.focus(), 0);
  };
  const close = () => {
    setSearch({open: undefined}, true);
    opener.current?.focus();
  };
  const choices = versions.map((v) => ({value: String(v.version), label: `Version ${v.version}${v.labels.length ? ` (${v.labels.join(', ')})` : ''} · ${formatAgo(v.created_at)}`}));
  const splits = Object.keys(dataset.data?.splits ?? {});
  const tags = Object.keys(dataset.data?.tags ?? {});
  return (
    <>
      <div className="filters">
        <SearchField label="Search the cases" width={210} value={q ?? ''} onSearch={(words) => setSearch({q: words || undefined}, true)} />
        <Select size="xs" w={150} aria-label="Split" clearable placeholder="Any split" data={withValue(splits, split)} value={split ?? null} disabled={!splits.length && !split}
                clearButtonProps={{'aria-label': 'Any split'}} onChange={(value) => setSearch({split: value ?? undefined})} />
        <Select size="xs" w={170} aria-label="Tag" clearable searchable placeholder="Any tag" data={withValue(tags, tag)} value={tag ?? null} disabled={!tags.length && !tag}
                clearButtonProps={{'aria-label': 'Any tag'}} onChange={(value) => setSearch({tag: value ?? undefined})} />
        <Select size="xs" w={230} aria-label="Version" allowDeselect={false} value={String(shownVersion)}
                data={choices.some((c) => c.value === String(shownVersion)) ? choices : [{value: String(shownVersion), label: `Version ${shownVersion}`}, ...choices]}
                onChange={(value) => setSearch({version: value === String(asset.latest.version) ? undefined : value ?? undefined, open: undefined})} />
        {!latest && <Tag tone="warn">not the latest</Tag>}
        <span className="push-right" />
        <Menu position="bottom-end" shadow="md" width={230}>
          <Menu.Target><Button size="xs" variant="default" leftSection={<IconDownload size={15} aria-hidden />}>Export</Button></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={exportLink(id, filter, 'jsonl')} download>JSON lines{narrowed ? ', what is found' : ''}</Menu.Item>
            <Menu.Item component="a" href={exportLink(id, filter, 'csv')} download>CSV{narrowed ? ', what is found' : ''}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <Button size="xs" variant="default" leftSection={<IconFileImport size={15} aria-hidden />} onClick={() => setDialog({kind: 'import'})}>Import a file</Button>
        <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setDialog({kind: 'add'})}>Add a case</Button>
      </div>
      {dataset.isError && <ErrorNotice error={dataset.error} what="The dataset could not be read" onRetry={() => void dataset.refetch()} />}
      {dataset.data && <Holdings count={dataset.data.count} bytes={dataset.data.bytes} splits={dataset.data.splits} tags={dataset.data.tags} split={split} tag={tag} />}
      {query.isError && <ErrorNotice error={query.error} what="The cases could not be loaded" onRetry={() => void query.refetch()} />}
      {query.isPending && !query.isError && <PageLoading />}
      {query.isSuccess && !cases.length && !hasNextPage && (
        <EmptyState icon={<IconListSearch size={38} stroke={1.4} aria-hidden />} title={narrowed ? 'No case fits' : 'No cases yet'}>
          <p className="empty-text">{narrowed ? 'Take a filter off, or look into another version.' : 'Add one by hand, import a file (JSON lines, CSV, Bedrock, promptfoo), or take real calls from the tab beside.'}</p>
          {narrowed && <Button size="xs" variant="default" onClick={() => setSearch({tag: undefined, split: undefined, q: undefined})}>Take the filters off</Button>}
        </EmptyState>
      )}
      {cases.length > 0 && (
        <>
          <p className="quiet" role="status" style={{margin: '0 0 8px'}}>{formatInteger(cases.length)}{hasNextPage ? '+' : ''} of {formatInteger(query.data?.pages[0]?.total ?? 0)} shown{isFetchingNextPage ? ', looking for more…' : ''}</p>
          <div className="card scroll-x" role="region" aria-label="Cases" tabIndex={0}><CaseTable cases={cases} openId={open} onOpen={show} /></div>
        </>
      )}
      {hasNextPage && cases.length > 0 && <Button mt="sm" size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show more</Button>}
      {open && (
        <aside className="panel panel-fixed" aria-label="Case" tabIndex={-1} ref={panel} onKeyDown={(event) => event.key === 'Escape' && close()}>
          <OpenCase key={`${open} ${version ?? ''}`} id={id} version={version} which={open} onClose={close} editable={latest}
                    onEdit={(one) => setDialog({kind: 'edit', one})} onRemove={(one) => setDialog({kind: 'remove', one})} />
        </aside>
      )}
      {dialog?.kind === 'import' && <ImportDialog id={id} parent={asset.latest.digest} count={dataset.data?.count ?? 0} onClose={() => setDialog(null)} />}
      {dialog?.kind === 'add' && <CaseDialog id={id} parent={asset.latest.digest} before={null} splits={splits} onClose={() => setDialog(null)} />}
      {dialog?.kind === 'edit' && <CaseDialog id={id} parent={asset.latest.digest} before={dialog.one} splits={splits} onClose={() => setDialog(null)} />}
      {dialog?.kind === 'remove' && (
        <RemoveCaseDialog id={id} parent={asset.latest.digest} one={dialog.one} onClose={() => setDialog(null)} onRemoved={close} />
      )}
    </>
  );
}

function withValue(values: string[], value: string | undefined): string[] {
  return value !== undefined && !values.includes(value) ? [value, ...values] : values;
}

// How much there is, and of what; each part is a filter.
function Holdings({count, bytes, splits, tags, split, tag}: {
  count: number; bytes: number; splits: Record<string, number>; tags: Record<string, number>; split: string | undefined; tag: string | undefined;
}) {
  const setSearch = useSetSearch();
  const common = largest(tags, kChips);
  const chip = (field: 'split' | 'tag', value: string, n: number, current: boolean) => (
    <button key={`${field} ${value}`} type="button" className="count" aria-pressed={current}
            title={`Only cases ${field === 'tag' ? 'tagged' : 'of the split'} ${value}`} onClick={() => setSearch({[field]: current ? undefined : value})}><strong>{formatInteger(n)}</strong> {value}</button>
  );
  return (
    <div className="counts" role="group" aria-label="What it holds">
      <span className="count-text"><strong>{plural(count, 'case')}</strong>, {bytes < 100_000 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`}</span>
      {Object.entries(splits).map(([name, n]) => chip('split', name, n, name === split))}
      {common.shown.length > 0 && <span className="count-text">tagged</span>}
      {common.shown.map(([name, n]) => chip('tag', name, n, name === tag))}
      {common.more > 0 && <span className="count-text">and {plural(common.more, 'tag')} more</span>}
    </div>
  );
}

function CaseTable({cases, openId, onOpen}: {cases: {number: number; case: Case}[]; openId: string | undefined; onOpen: (which: string, from: HTMLElement) => void}) {
  return (
    <table className="data-table">
      <thead><tr><th scope="col">Number</th><th scope="col">What goes in</th><th scope="col">What is expected</th><th scope="col">Split</th><th scope="col">Tags</th></tr></thead>
      <tbody>
        {cases.map(({number, case: one}) => {
          const input = inALine(one.input);
          return (
            <tr key={one.id} style={one.id === openId ? {background: 'var(--selected)'} : undefined}>
              <td className="numeric">{formatInteger(number + 1)}</td>
              <td style={{maxWidth: 460, minWidth: 220}}>
                <button type="button" className="row-button" aria-label={`Open case ${number + 1}: ${input.slice(0, 120)}`} onClick={(event) => onOpen(one.id, event.currentTarget)}>
                  <span className="two-lines">{input || '–'}</span>
                </button>
              </td>
              <td style={{maxWidth: 360, minWidth: 160}}><span className="two-lines quiet-text">{inALine(one.expected) || '–'}</span></td>
              <td>{one.split ?? '–'}</td>
              <td style={{maxWidth: 220}}>{one.tags?.length ? <span className="tag-row">{one.tags.map((name) => <Tag key={name}>{name}</Tag>)}</span> : '–'}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function OpenCase({id, version, which, editable, onClose, onEdit, onRemove}: {
  id: AssetId; version: string | undefined; which: string; editable: boolean; onClose: () => void; onEdit: (one: Case) => void; onRemove: (one: Case) => void;
}) {
  const query = useQuery({...caseQuery(id, version, which), retry: false});
  const one = query.data;
  return (
    <>
      <div className="panel-head">
        <h2 style={{margin: 0, marginRight: 'auto'}} className="truncate">Case <span className="mono" style={{fontWeight: 400, color: 'var(--mantine-color-dimmed)'}}>{which.length > 28 ? `${which.slice(0, 26)}…` : which}</span></h2>
        {one && editable && <Button size="compact-sm" variant="default" leftSection={<IconPencil size={14} aria-hidden />} onClick={() => onEdit(one)}>Edit</Button>}
        {one && editable && <Tooltip label="Remove"><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Remove this case" onClick={() => onRemove(one)}><IconTrash size={17} aria-hidden /></ActionIcon></Tooltip>}
        <Tooltip label="Close"><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Close" onClick={onClose}><IconX size={18} aria-hidden /></ActionIcon></Tooltip>
      </div>
      <div className="panel-body" tabIndex={0} role="region" aria-label="Details of the case">
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The case could not be loaded" onRetry={() => void query.refetch()} />}
        {one && <CaseView one={one} />}
        {one && !editable && <Nothing>This is an older version; only the latest can be changed.</Nothing>}
      </div>
    </>
  );
}
