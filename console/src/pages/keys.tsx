// SPDX-License-Identifier: Apache-2.0
// Who may call: API keys, each for one use case in one environment.
import {ActionIcon, Badge, Button, Menu, Switch, TextInput} from '@mantine/core';
import {IconBan, IconDots, IconKey, IconListDetails, IconPlus, IconRefresh, IconSearch} from '@tabler/icons-react';
import {useInfiniteQuery} from '@tanstack/react-query';
import {createColumnHelper, createSortedRowModel, rowSortingFeature, tableFeatures, useTable} from '@tanstack/react-table';
import {Link, useSearch} from '@tanstack/react-router';
import {useDebouncedValue} from '@mantine/hooks';
import {useState} from 'react';
import {keyPagesQuery} from '../api/queries';
import type {Key, KeyWithSecret} from '../api/types';
import {formatAgo, formatFullTime, plural} from '../lib/format';
import {cleanShell} from '../lib/search';
import {TopBar} from '../ui/bits';
import {EnvironmentSelect} from '../ui/controls';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {CreateKey, RevokeKey, RotateKey, SecretDialog} from './key-dialogs';

const features = tableFeatures({rowSortingFeature, sortedRowModel: createSortedRowModel()});
const helper = createColumnHelper<typeof features, Key>();
const byText = (read: (k: Key) => string) => (a: {original: Key}, b: {original: Key}) => read(a.original).localeCompare(read(b.original));
const columns = helper.columns([
  helper.accessor('name', {header: 'Name', sortFn: byText((k) => k.name)}),
  helper.accessor('use_case', {header: 'Use case', sortFn: byText((k) => k.use_case)}),
  helper.accessor('environment', {header: 'Environment', sortFn: byText((k) => k.environment)}),
  helper.accessor((k) => k.allowed_models.join(', '), {id: 'models', header: 'Models', sortFn: byText((k) => k.allowed_models.join())}),
  helper.accessor((k) => k.last_used_at ?? '', {id: 'used', header: 'Last used', sortFn: byText((k) => k.last_used_at ?? '')}),
  helper.accessor((k) => k.expires_at ?? '', {id: 'expires', header: 'Expires', sortFn: byText((k) => k.expires_at ?? '9')}),
  helper.accessor('state', {header: 'State', sortFn: byText((k) => k.state)}),
]);

export function KeysPage() {
  const search = cleanShell(useSearch({strict: false}));
  const [all, setAll] = useState(false);
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 200);
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<{made: KeyWithSecret; rotated: boolean} | null>(null);
  const [rotating, setRotating] = useState<Key | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const query = useInfiniteQuery(keyPagesQuery({environment: search.environment, ...(q ? {q} : {}), ...(all ? {} : {state: 'active'})}));
  const shown = query.data?.pages.flatMap((page) => page.items) ?? [];
  const {active = 0, inactive = 0} = query.data?.pages.at(-1) ?? {};
  const none = query.data && active + inactive === 0 && !q;
  const total = all ? active + inactive : active;
  const create = <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setCreating(true)}>Create a key</Button>;
  return (
    <>
      <TopBar title="Keys"><EnvironmentSelect value={search.environment} />{create}</TopBar>
      <div className="page" aria-busy={query.isFetching}>
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The keys could not be loaded" onRetry={() => void query.refetch()} />}
        {none && (
          <EmptyState icon={<IconKey size={40} stroke={1.4} aria-hidden />} title={search.environment ? `No key for ${search.environment} yet` : 'No key yet'}>
            <p className="empty-text">A program shows a key with each call. The key says which use case it works for, in which environment, and which models it may
              use; its calls are counted and priced under that name. The secret is shown once, when the key is made.</p>
            {create}
          </EmptyState>
        )}
        {query.data && !none && (
          <>
            <div style={{display: 'flex', alignItems: 'center', gap: 14, marginBottom: 12, flexWrap: 'wrap'}}>
              <TextInput size="xs" w={240} type="search" aria-label="Find a key" placeholder="Find a key…" value={text} onChange={(e) => setText(e.currentTarget.value)} leftSection={<IconSearch size={15} aria-hidden />} />
              {(inactive > 0 || all) && <Switch size="sm" label={`Show ${inactive} revoked or expired`} checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />}
            </div>
            <div className="card scroll-x" role="region" aria-label="Keys" tabIndex={0}>
              <KeyTable keys={shown} onRotate={setRotating} onRevoke={setRevoking} />
            </div>
            <div className="filters" style={{marginTop: 12}}>
              <span className="quiet" aria-live="polite">{shown.length < total ? `${shown.length} of ${plural(total, 'key')}, newest first` : plural(total, 'key')}</span>
              {query.hasNextPage && <Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
            </div>
          </>
        )}
      </div>
      {creating && <CreateKey environment={search.environment} onClose={() => setCreating(false)} onMade={(made) => {
        setCreating(false);
        setSecret({made, rotated: false});
      }} />}
      {rotating && <RotateKey target={rotating} onClose={() => setRotating(null)} onMade={(made) => {
        setRotating(null);
        setSecret({made, rotated: true});
      }} />}
      {revoking && <RevokeKey target={revoking} onClose={() => setRevoking(null)} />}
      {secret && <SecretDialog {...secret} onClose={() => setSecret(null)} />}
    </>
  );
}

function StateBadge({state}: {state: Key['state']}) {
  const color = {active: 'var(--status-ok)', expired: 'var(--status-client_error)', revoked: 'var(--status-interrupted)'}[state];
  return <Badge variant="outline" size="sm" style={{color, borderColor: color, textTransform: 'none', minWidth: 'max-content'}}>{state}</Badge>;
}

function KeyTable({keys, onRotate, onRevoke}: {keys: Key[]; onRotate: (key: Key) => void; onRevoke: (key: Key) => void}) {
  const table = useTable({features, columns, data: keys, getRowId: (key) => key.id});
  return (
    <table className="data-table key-table">
      <thead>
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id}>
            {group.headers.map((header) => {
              const sorted = header.column.getIsSorted();
              return (
                <th key={header.id} scope="col" aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}>
                  <button type="button" onClick={header.column.getToggleSortingHandler()}>{String(header.column.columnDef.header)}{sorted ? <span aria-hidden>{sorted === 'asc' ? '↑' : '↓'}</span> : null}</button>
                </th>
              );
            })}
            <th scope="col"><span className="visually-hidden">Actions</span></th>
          </tr>
        ))}
      </thead>
      <tbody>
        {table.getRowModel().rows.map(({original: key}) => (
          <tr key={key.id}>
            <td className="key-name"><strong>{key.name}</strong><div className="mono" style={{color: 'var(--mantine-color-dimmed)'}}>{key.prefix}…</div></td>
            <td>{key.use_case}<div className="only-narrow" style={{color: 'var(--mantine-color-dimmed)'}}> {key.environment}</div></td>
            <td>{key.environment}</td>
            <td style={{maxWidth: 260, overflowWrap: 'anywhere'}}>{key.allowed_models.length ? <span className="mono">{key.allowed_models.join(', ')}</span> : 'all'}
              {key.max_concurrent !== null && <div style={{color: 'var(--mantine-color-dimmed)'}}>at most {key.max_concurrent} at once</div>}</td>
            <td title={key.last_used_at ? formatFullTime(key.last_used_at) : undefined}>{formatAgo(key.last_used_at)}</td>
            <td title={key.expires_at ? formatFullTime(key.expires_at) : undefined}>{key.expires_at ? formatAgo(key.expires_at) : 'never'}</td>
            <td><StateBadge state={key.state} />{key.previous_secret_until && Date.parse(key.previous_secret_until) > Date.now() && key.state === 'active' &&
              <div style={{color: 'var(--mantine-color-dimmed)', marginTop: 2}}>old secret until {formatFullTime(key.previous_secret_until)}</div>}</td>
            <td className="right">
              <Menu position="bottom-end" shadow="md" width={200}>
                <Menu.Target><ActionIcon variant="subtle" c="var(--mantine-color-text)" aria-label={`Actions for ${key.name}`}><IconDots size={17} aria-hidden /></ActionIcon></Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item leftSection={<IconListDetails size={15} />} renderRoot={(props) => <Link {...props} to="/invocations" search={{key: key.id, range: '7d'}} />}>Its calls</Menu.Item>
                  {key.state === 'active' && <Menu.Item leftSection={<IconRefresh size={15} />} onClick={() => onRotate(key)}>Rotate…</Menu.Item>}
                  {key.state !== 'revoked' && <Menu.Item leftSection={<IconBan size={15} />} c="var(--mantine-color-error)" onClick={() => onRevoke(key)}>Revoke…</Menu.Item>}
                </Menu.Dropdown>
              </Menu>
            </td>
          </tr>
        ))}
        {!keys.length && <tr><td colSpan={8} style={{color: 'var(--mantine-color-dimmed)'}}>No key matches.</td></tr>}
      </tbody>
    </table>
  );
}
