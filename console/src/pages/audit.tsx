// SPDX-License-Identifier: Apache-2.0
// "Who did what, and can I trust this list?": the audit log, filtered on the server.
import {ActionIcon, Autocomplete, Button, Group, Menu, Popover, Select, Stack, TextInput, Tooltip} from '@mantine/core';
import {useDebouncedCallback} from '@mantine/hooks';
import {IconDownload, IconFilterPlus, IconHistory, IconSearch, IconShieldCheck, IconX} from '@tabler/icons-react';
import {useInfiniteQuery} from '@tanstack/react-query';
import {getRouteApi} from '@tanstack/react-router';
import {useEffect, useRef, useState} from 'react';
import {auditParams, auditQuery, type AuditEntry} from '../api/people-queries';
import {actionText, kSince, kSinceLabels, showsObject, summary, type AuditSearch} from '../lib/audit';
import {formatFullTime, formatInteger, formatShortTime} from '../lib/format';
import {stringifySearch} from '../lib/search';
import {TopBar} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {EntryDetail} from './audit-entry';
import {VerifyResult, useVerify} from './audit-verify';

const route = getRouteApi('/app/audit');
const kFields = {actor: 'Who', action: 'Action', object: 'Object', use_case: 'Use case'} as const;
type Field = keyof typeof kFields;
const kActions = ['session.*', 'principal.*', 'use_case.*', 'asset.*', 'release.*', 'deployment.*', 'policy.*', 'key.*', 'audit.*'];

export function AuditPage() {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const query = useInfiniteQuery(auditQuery(search));
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  const verify = useVerify();
  const panel = useRef<HTMLElement>(null);
  const opener = useRef<HTMLElement | null>(null);
  const chosen = entries.find((entry) => String(entry.seq) === search.open);
  const narrowed = Object.keys(auditParams(search)).length > 0;
  const open = (entry: AuditEntry, from: HTMLElement) => {
    opener.current = from;
    setSearch({open: String(entry.seq)}, true);
    setTimeout(() => panel.current?.focus(), 0);
  };
  const close = () => {
    setSearch({open: undefined}, true);
    opener.current?.focus();
  };
  // A search may end a page before it has found anything: go on until it has, or there is no more.
  const {hasNextPage, isFetchingNextPage, fetchNextPage} = query;
  useEffect(() => {
    if (entries.length < 20 && hasNextPage && !isFetchingNextPage && !query.isError) void fetchNextPage();
  }, [entries.length, hasNextPage, isFetchingNextPage, fetchNextPage, query.isError]);

  return (
    <>
      <TopBar title="Audit">
        <Button size="xs" variant="default" leftSection={<IconShieldCheck size={15} aria-hidden />} loading={verify.isPending} onClick={() => verify.mutate()}>Verify the log</Button>
        <Export search={search} />
      </TopBar>
      <div className="page-fill">
        <div className="toolbar">
          <SearchField value={search.q ?? ''} onSearch={(q) => setSearch({q: q || undefined}, true)} />
          <Select size="xs" w={150} aria-label="Since when" allowDeselect={false} data={[{value: '', label: 'Any time'}, ...kSince.map((value) => ({value: value as string, label: kSinceLabels[value]}))]}
                  value={search.since ?? ''} onChange={(since) => setSearch({since: since || undefined})} />
          <FilterButton search={search} onApply={(changes) => setSearch(changes)} />
          {(Object.keys(kFields) as Field[]).filter((field) => search[field]).map((field) => (
            <span key={field} className="chip">
              <span className="truncate">{`${kFields[field]}: ${search[field]}`}</span>
              <button type="button" aria-label={`Remove the filter ${kFields[field]}`} onClick={() => setSearch({[field]: undefined})}><IconX size={14} aria-hidden /></button>
            </span>
          ))}
          <span style={{marginLeft: 'auto', color: 'var(--mantine-color-dimmed)', fontSize: 'var(--mantine-font-size-sm)'}} role="status">
            {query.isSuccess ? isFetchingNextPage ? 'Looking further back…' : `${formatInteger(entries.length)}${hasNextPage ? '+' : ''} shown` : ''}
          </span>
        </div>
        <div style={{flex: 1, minHeight: 0, overflowY: 'auto'}} tabIndex={0} role="region" aria-label="Audit log">
          <div className="page">
            <VerifyResult verify={verify} />
            {query.isError && <ErrorNotice error={query.error} what="The audit log could not be loaded" onRetry={() => void query.refetch()} />}
            {query.isPending && !query.isError && <PageLoading />}
            {query.isSuccess && entries.length === 0 && !hasNextPage && (
              <EmptyState icon={<IconHistory size={38} stroke={1.4} aria-hidden />} title={narrowed ? 'No entry fits' : 'Nothing yet'}>
                <p className="empty-text">{narrowed ? 'Take a filter off, or look further back.' : 'Every change and every decision will be kept here.'}</p>
              </EmptyState>
            )}
            {entries.length > 0 && <div className="card scroll-x" role="group" aria-label="Entries"><EntryTable entries={entries} openSeq={search.open} onOpen={open} /></div>}
            {hasNextPage && <Button mt="sm" size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older entries</Button>}
          </div>
        </div>
        {chosen && (
          <aside className="panel" aria-label="Audit entry" tabIndex={-1} ref={panel} onKeyDown={(event) => event.key === 'Escape' && close()}>
            <div className="panel-head">
              <h2 style={{margin: 0, marginRight: 'auto'}} className="truncate">Entry {chosen.seq}</h2>
              <Tooltip label="Close"><ActionIcon variant="subtle" c="inherit" aria-label="Close" onClick={close}><IconX size={18} aria-hidden /></ActionIcon></Tooltip>
            </div>
            <div className="panel-body" tabIndex={0} role="region" aria-label="Details of the entry"><EntryDetail entry={chosen} onFilter={(changes) => setSearch({...changes, open: undefined})} /></div>
          </aside>
        )}
      </div>
    </>
  );
}

function EntryTable({entries, openSeq, onOpen}: {entries: AuditEntry[]; openSeq: string | undefined; onOpen: (entry: AuditEntry, from: HTMLElement) => void}) {
  return (
    <table className="data-table">
      <thead><tr><th scope="col">Time</th><th scope="col">What happened</th><th scope="col">Detail</th><th scope="col">Use case</th></tr></thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.seq} style={String(entry.seq) === openSeq ? {background: 'var(--selected)'} : undefined}>
            <td className="numeric" style={{whiteSpace: 'nowrap'}}><time dateTime={entry.at} title={formatFullTime(entry.at)}>{formatShortTime(entry.at)}</time></td>
            <td>
              <button type="button" className="row-button" aria-label={`Open entry ${entry.seq}: ${entry.actor.name} ${actionText(entry.action)}${showsObject(entry.action) ? ` ${entry.object}` : ''}`} onClick={(event) => onOpen(entry, event.currentTarget)}>
                <strong>{entry.actor.name}</strong> {actionText(entry.action)}{showsObject(entry.action) && <> <strong>{entry.object}</strong></>}
              </button>
            </td>
            <td style={{maxWidth: 380}}><div className="truncate" style={{color: 'var(--mantine-color-dimmed)'}} title={summary(entry.detail)}>{summary(entry.detail)}</div></td>
            <td>{entry.use_case ?? '–'}{entry.environment && <span style={{color: 'var(--mantine-color-dimmed)'}}> in {entry.environment}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SearchField({value, onSearch}: {value: string; onSearch: (q: string) => void}) {
  const [text, setText] = useState(value);
  const later = useDebouncedCallback(onSearch, 400);
  return (
    <TextInput size="xs" w={240} type="search" aria-label="Search the audit log" placeholder="Search names, objects, details…" value={text} leftSection={<IconSearch size={15} aria-hidden />}
               onChange={(e) => {
                 setText(e.currentTarget.value);
                 later(e.currentTarget.value.trim());
               }}
               onKeyDown={(e) => e.key === 'Enter' && onSearch(text.trim())} />
  );
}

function FilterButton({search, onApply}: {search: AuditSearch; onApply: (changes: Record<string, string | undefined>) => void}) {
  const [opened, setOpened] = useState(false);
  const [draft, setDraft] = useState<Record<Field, string>>({actor: '', action: '', object: '', use_case: ''});
  const show = (open: boolean) => {
    if (open) setDraft({actor: search.actor ?? '', action: search.action ?? '', object: search.object ?? '', use_case: search.use_case ?? ''});
    setOpened(open);
  };
  const set = (field: Field) => (value: string) => setDraft((before) => ({...before, [field]: value}));
  return (
    <Popover opened={opened} onChange={show} position="bottom-start" shadow="md" trapFocus width={290}>
      <Popover.Target><Button size="xs" variant="default" leftSection={<IconFilterPlus size={15} aria-hidden />} onClick={() => show(!opened)}>Filter</Button></Popover.Target>
      <Popover.Dropdown aria-label="Filters">
        <form onSubmit={(event) => {
          event.preventDefault();
          onApply(Object.fromEntries(Object.entries(draft).map(([field, value]) => [field, value.trim() || undefined])));
          setOpened(false);
        }}>
          <Stack gap="xs">
            <TextInput size="xs" label="Who" description="A name or an id" value={draft.actor} onChange={(e) => set('actor')(e.currentTarget.value)} data-autofocus />
            <Autocomplete size="xs" label="Action" description="Exact, or a beginning with *" data={kActions} comboboxProps={{withinPortal: false}} value={draft.action} onChange={set('action')} />
            <TextInput size="xs" label="Object" description="As support-assistant@3 or anna@example.com" value={draft.object} onChange={(e) => set('object')(e.currentTarget.value)} />
            <TextInput size="xs" label="Use case" value={draft.use_case} onChange={(e) => set('use_case')(e.currentTarget.value)} />
            <Group justify="flex-end"><Button size="xs" type="submit">Apply</Button></Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function Export({search}: {search: AuditSearch}) {
  const href = (format: string) => `/api/v1/audit/export${stringifySearch({...auditParams(search), format})}`;
  return (
    <Menu position="bottom-end" shadow="md" width={210}>
      <Menu.Target><Button size="xs" variant="default" leftSection={<IconDownload size={15} aria-hidden />}>Export</Button></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={href('csv')} download>CSV, for a spreadsheet</Menu.Item>
        <Menu.Item component="a" href={href('jsonl')} download>JSON lines, for a program</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
