// SPDX-License-Identifier: Apache-2.0
// "What is it made of?": every versioned asset, by owner and kind.
import '../app/governance.css';
import {Button, Select, Stack, Switch, Text, TextInput} from '@mantine/core';
import {useDebouncedCallback} from '@mantine/hooks';
import {IconBooks, IconPlus, IconSearch} from '@tabler/icons-react';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi, useNavigate} from '@tanstack/react-router';
import {useEffect, useState} from 'react';
import {catalogueQuery} from '../api/governance';
import {someUseCasesQuery} from '../api/queries';
import {kKindPlurals, nameProblem} from '../lib/asset';
import {plural} from '../lib/format';
import {capital} from '../lib/governance';
import {cleanCatalogue, kAssetKinds, type AssetKind, type CatalogueSearch} from '../lib/search-pages';
import {AnswerCard} from '../ui/answer';
import {CodeBlock, TopBar} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {Dialog} from '../ui/dialog';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {UseCaseSelect} from '../ui/use-case-select';
import {AssetTable} from './asset-table';

const route = getRouteApi('/app/catalogue');

export function CataloguePage() {
  const search = cleanCatalogue({...route.useSearch()});
  const query = useInfiniteQuery(catalogueQuery(search));
  const [making, setMaking] = useState(false);
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const total = query.data?.pages.at(-1)?.total ?? 0;
  const filtered = Object.keys(search).length > 0;
  const make = <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setMaking(true)}>New asset</Button>;
  return (
    <>
      <TopBar title="Catalogue">{make}</TopBar>
      <div className="page" aria-busy={query.isFetching}>
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The catalogue could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data && !total && !filtered && (
          <EmptyState icon={<IconBooks size={40} stroke={1.4} aria-hidden />} title="The catalogue is empty">
            <p className="empty-text">Prompts, models, guardrails, tools and the rest are kept here as versions that never change. Write one here, or keep them as YAML files in Git and push the folder:</p>
            <CodeBlock label="commands" code={'slipway init my-use-case\nslipway plan\nslipway push -m "First versions"'} />
            <div style={{marginTop: 16}}>{make}</div>
          </EmptyState>
        )}
        {query.data && (total > 0 || filtered) && (
          <>
            <AnswerCard level="quiet" word={sentence(search, total)} sentence={filtered ? 'in all their versions' : 'each with every version it ever had'} />
            <Filters search={search} />
            <div className="card"><AssetTable items={items} grouped={!search.owner} /></div>
            <div className="filters" style={{marginTop: 12}}>
              {items.length < total && <span className="quiet">{items.length} of {total}</span>}
              {query.hasNextPage && <Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
            </div>
          </>
        )}
      </div>
      {making && <NewAsset search={search} onClose={() => setMaking(false)} />}
    </>
  );
}

function sentence({owner, kind, q, deprecated, label}: CatalogueSearch, total: number): string {
  const what = kind ? `${total} ${total === 1 ? kind : kKindPlurals[kind]}` : plural(total, 'asset');
  return [what, owner ? (owner === 'shared' ? 'shared by all' : `of ${owner}`) : '', label ? `with the label ${label}` : '', deprecated === 'true' ? 'that are deprecated' : '', q ? `with “${q}”` : ''].filter(Boolean).join(' ');
}

const kShared = [{value: 'shared', label: 'shared'}];

function Filters({search}: {search: CatalogueSearch}) {
  const setSearch = useSetSearch();
  const [text, setText] = useState(search.q ?? '');
  useEffect(() => setText(search.q ?? ''), [search.q]);
  const find = useDebouncedCallback((q: string) => setSearch({q: q.trim() || undefined}, true), 250);
  return (
    <div className="filters">
      <TextInput size="xs" w={260} type="search" aria-label="Find an asset" placeholder="Name, description or content…" value={text} leftSection={<IconSearch size={15} aria-hidden />}
                 onChange={(e) => {
                   setText(e.currentTarget.value);
                   find(e.currentTarget.value);
                 }} />
      <UseCaseSelect size="xs" w={190} aria-label="Owner" placeholder="Any owner" clearable clearButtonProps={{'aria-label': 'Any owner'}} before={kShared} retired={false} value={search.owner ?? null} onChange={(owner) => setSearch({owner: owner ?? undefined})} />
      <Select size="xs" w={150} aria-label="Kind" placeholder="Any kind" clearable clearButtonProps={{'aria-label': 'Any kind'}} data={kAssetKinds.map((kind) => ({value: kind, label: capital(kKindPlurals[kind])}))} value={search.kind ?? null}
              onChange={(kind) => setSearch({kind: kind ?? undefined})} />
      {search.label && <Button size="compact-xs" variant="default" onClick={() => setSearch({label: undefined})}>Label: {search.label} ×</Button>}
      <Switch size="sm" label="Deprecated only" checked={search.deprecated === 'true'} onChange={(e) => setSearch({deprecated: e.currentTarget.checked ? 'true' : undefined})} />
    </div>
  );
}

const kMeaning: Record<AssetKind, string> = {
  prompt: 'What a model is told, with variables', model: 'Which model answers, and how', guardrail: 'What must not pass', tool: 'What a model may call', flow: 'Steps one after another',
  agent: 'A model that chooses its steps', knowledge: 'What can be looked up', dataset: 'Cases to test with', evaluation: 'How well it works',
};

function NewAsset({search, onClose}: {search: CatalogueSearch; onClose: () => void}) {
  const navigate = useNavigate();
  const {data: useCases} = useQuery(someUseCasesQuery(''));
  const [chosen, setOwner] = useState(search.owner);
  const owner = chosen ?? useCases?.find((one) => one.state !== 'retired')?.slug ?? 'shared';
  const [kind, setKind] = useState<AssetKind>(search.kind ?? 'prompt');
  const [name, setName] = useState('');
  const problem = name ? nameProblem(name) : null;
  return (
    <Dialog title="New asset" onClose={onClose} action="Write it" disabled={!name || !!problem} pending={false} error={null}
            onSubmit={() => void navigate({to: '/catalogue/$owner/$kind/$name', params: {owner, kind, name}, search: kind === 'dataset' ? {} : {tab: 'edit'}})}>
      <Stack gap="sm">
        <UseCaseSelect label="Owner" description="A use case, or shared for all of them" allowDeselect={false} before={kShared} retired={false} value={owner} onChange={(value) => setOwner(value ?? 'shared')} />
        <Select label="Kind" allowDeselect={false} data={kAssetKinds.map((k) => ({value: k, label: `${capital(k)}: ${kMeaning[k].toLowerCase()}`}))} value={kind} onChange={(value) => setKind(value as AssetKind)} />
        <TextInput label="Name" required value={name} error={problem} onChange={(e) => setName(e.currentTarget.value)} placeholder="answer" data-autofocus />
        <Text size="sm" c="dimmed">Nothing is stored before you save the first version.</Text>
      </Stack>
    </Dialog>
  );
}
