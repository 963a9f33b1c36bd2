// SPDX-License-Identifier: Apache-2.0
// "Why did this fail?": every call, filtered and searched on the server, with one opened beside the list.
import {ActionIcon, Button, Kbd, Menu, Switch, TextInput, Tooltip} from '@mantine/core';
import {useDebouncedCallback, useHotkeys} from '@mantine/hooks';
import {IconArrowsDiagonal, IconChevronDown, IconChevronUp, IconDownload, IconListSearch, IconRefresh, IconSearch, IconX} from '@tabler/icons-react';
import {getRouteApi, Link, useNavigate} from '@tanstack/react-router';
import {useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState} from 'react';
import {formatCount, formatShortTime} from '../lib/format';
import {cleanRange, rangePhrase, resolveRange} from '../lib/range';
import {filtersOf, stringifySearch} from '../lib/search';
import {Copy, TopBar} from '../ui/bits';
import {EnvironmentSelect, FilterButton, FilterChips, RangePicker, useSetSearch} from '../ui/controls';
import {FirstCall} from '../ui/first-call';
import {InvocationView} from '../ui/invocation-view';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {InvocationGrid} from './invocation-grid';
import {useInvocations} from './use-invocations';

const route = getRouteApi('/app/invocations');

export function InvocationsPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const setSearch = useSetSearch();
  const range = useMemo(() => cleanRange({...search}), [search]);
  const filters = useMemo(() => filtersOf(search), [search]);
  const live = search.live === 'on';
  const {query, items, tail} = useInvocations(range, filters, live);
  const {hasNextPage, isFetchingNextPage, fetchNextPage} = query;
  const [active, setActive] = useState<string | null>(search.open ?? null);
  const grid = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const panel = useRef<HTMLElement>(null);

  // Keys come faster than renders: what they act on is remembered here the moment it changes.
  const cursor = useRef({active, open: search.open, items});
  useLayoutEffect(() => void (cursor.current.active = active), [active]);
  useLayoutEffect(() => void (cursor.current.open = search.open), [search.open]);
  useLayoutEffect(() => void (cursor.current.items = items), [items]);
  const move = useCallback((id: string) => {
    cursor.current.active = id;
    setActive(id);
  }, []);

  const open = useCallback((id: string | undefined, byKey = false) => {
    if (id) move(id);
    cursor.current.open = id;
    void navigate({to: '/invocations', search: (prev) => ({...prev, open: id}), replace: true});
    if (id && byKey) setTimeout(() => panel.current?.focus(), 0);
    if (!id) grid.current?.focus();
  }, [navigate, move]);

  const step = useCallback((by: number) => {
    const {items: list, active: from, open: opened} = cursor.current;
    if (!list.length) return;
    const at = list.findIndex((call) => call.id === from);
    const next = list[at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1)]!;
    if (opened) open(next.id);
    else move(next.id);
  }, [open, move]);
  const toggleLive = () => setSearch({live: live ? undefined : 'on'}, true);

  useHotkeys([
    ['j', () => step(1)], ['k', () => step(-1)], ['l', toggleLive],
    ['/', () => field.current?.focus()],
    ['Escape', () => cursor.current.open && open(undefined)],
  ]);

  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const at = items.findIndex((call) => call.id === search.open);
  const searchedUntil = query.data?.pages.at(-1)?.searched_until;
  const narrowed = Object.keys(filters).length > 0;
  const exportLink = (format: string, bodies: boolean) => {
    const {from, to} = resolveRange(range);
    return `/api/v1/invocations/export${stringifySearch({from: from.toISOString(), to: to.toISOString(), ...filters, format, ...(bodies ? {bodies: 'true'} : {})})}`;
  };

  return (
    <>
      <TopBar title="Invocations">
        <Switch size="sm" label="Live" checked={live} onChange={toggleLive} />
        <Menu position="bottom-end" shadow="md">
          <Menu.Target><Button size="xs" variant="default" leftSection={<IconDownload size={15} aria-hidden />}>Export</Button></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={exportLink('csv', false)} download>CSV, without bodies</Menu.Item>
            <Menu.Item component="a" href={exportLink('jsonl', false)} download>JSON lines, without bodies</Menu.Item>
            <Menu.Item component="a" href={exportLink('jsonl', true)} download>JSON lines, with bodies</Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <EnvironmentSelect value={search.environment} />
        <RangePicker range={range} />
      </TopBar>
      <div className="page-fill">
        <div className="toolbar">
          <SearchField value={search.q ?? ''} field={field} onSearch={(q) => setSearch({q: q || undefined}, true)} onLeave={() => grid.current?.focus()} />
          <FilterButton range={range} filters={filters} />
          <FilterChips filters={filters} />
          <span style={{marginLeft: 'auto', color: 'var(--mantine-color-dimmed)', fontSize: 'var(--mantine-font-size-sm)'}} role="status">
            {live && tail.state === 'on' ? 'Live. ' : live ? 'Connecting… ' : ''}
            {tail.skipped > 0 ? `${formatCount(tail.skipped)} left out, too many to show. ` : ''}
            {query.isSuccess ? `${formatCount(items.length)}${hasNextPage ? '+' : ''} shown` : ''}
          </span>
          <Tooltip label="Look again">
            <ActionIcon variant="default" size="md" aria-label="Look again" loading={query.isRefetching} onClick={() => void query.refetch()}><IconRefresh size={15} aria-hidden /></ActionIcon>
          </Tooltip>
        </div>
        {tail.state === 'broken' && <ErrorNotice error="The server ended the live tail." what="Not live any more" onRetry={() => setSearch({live: undefined}, true)} />}
        {query.isError && !query.data ? <ErrorNotice error={query.error} what="The invocations could not be loaded" onRetry={() => void query.refetch()} />
          : query.isPending ? <PageLoading />
          : items.length === 0 && !hasNextPage ? (
            narrowed || live ? (
              <EmptyState icon={<IconListSearch size={38} stroke={1.4} aria-hidden />} title={live ? 'Waiting for the next call' : 'No call matches'}>
                <p className="empty-text">Nothing {rangePhrase(range)}{narrowed ? ' with these filters' : ''}. {live ? 'New calls appear here as they end.' : 'Take a filter off or widen the time range.'}</p>
                {!live && <Button variant="default" size="xs" onClick={() => setSearch({range: '30d', from: undefined, to: undefined})}>Look at the last 30 days</Button>}
              </EmptyState>
            ) : <div className="page"><FirstCall /></div>
          ) : (
            <InvocationGrid ref={grid} items={items} active={active} openId={search.open} onActive={move} onStep={step} onOpen={open} onEnd={more}
                            loadingMore={isFetchingNextPage}
                            footer={hasNextPage && searchedUntil ? `Searched back to ${formatShortTime(searchedUntil)}` : undefined} hasMore={hasNextPage} />
          )}
        {search.open && (
          <aside className="panel" aria-label="Invocation" tabIndex={-1} ref={panel}>
            <div className="panel-head">
              <h2 style={{margin: 0, marginRight: 'auto'}} className="truncate">Invocation <span className="mono" style={{fontWeight: 400, color: 'var(--mantine-color-dimmed)'}}>{search.open.slice(-12)}</span></h2>
              <Tooltip label={<>Previous <Kbd size="xs">k</Kbd></>}><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Previous invocation" disabled={at <= 0} onClick={() => step(-1)}><IconChevronUp size={18} /></ActionIcon></Tooltip>
              <Tooltip label={<>Next <Kbd size="xs">j</Kbd></>}><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Next invocation" disabled={at < 0 || at >= items.length - 1} onClick={() => step(1)}><IconChevronDown size={18} /></ActionIcon></Tooltip>
              <Copy text={search.open} label="Copy the id" />
              <Tooltip label="Open as a page">
                <ActionIcon variant="subtle" color="gray" c="inherit" component={Link} to="/invocations/$id" params={{id: search.open} as never} search={{...search, open: undefined} as never} aria-label="Open as a page"><IconArrowsDiagonal size={17} /></ActionIcon>
              </Tooltip>
              <Tooltip label={<>Close <Kbd size="xs">Esc</Kbd></>}><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Close" onClick={() => open(undefined)}><IconX size={18} /></ActionIcon></Tooltip>
            </div>
            <div className="panel-body" tabIndex={0} role="region" aria-label="Invocation details"><InvocationView key={search.open} id={search.open} /></div>
          </aside>
        )}
      </div>
    </>
  );
}

function SearchField({value, field, onSearch, onLeave}: {
  value: string; field: React.RefObject<HTMLInputElement | null>; onSearch: (q: string) => void; onLeave: () => void;
}) {
  const [text, setText] = useState(value);
  const later = useDebouncedCallback(onSearch, 400);
  // Follows the address, except under the fingers of someone typing.
  useEffect(() => {
    if (document.activeElement !== field.current) setText(value);
  }, [value, field]);
  return (
    <TextInput ref={field} size="xs" w={280} type="search" aria-label="Search the invocations" placeholder="Search bodies, errors, ids…" value={text}
               leftSection={<IconSearch size={15} aria-hidden />} rightSection={text ? null : <Kbd size="xs" aria-hidden>/</Kbd>}
               onChange={(e) => {
                 setText(e.currentTarget.value);
                 later(e.currentTarget.value.trim());
               }}
               // At once when the field is left: a search that came later would cancel a way to another page.
               onBlur={later.flush}
               onKeyDown={(e) => {
                 if (e.key === 'Enter') later.flush();
                 if (e.key === 'Escape') onLeave();
               }} />
  );
}
