// SPDX-License-Identifier: Apache-2.0
// "Who wants this, and may they?": the registry of use cases.
import '../app/governance.css';
import {Button, Menu, Select, TextInput} from '@mantine/core';
import {useDebouncedCallback} from '@mantine/hooks';
import {IconChecklist, IconChevronDown, IconClockExclamation, IconDownload, IconPlus, IconSearch} from '@tabler/icons-react';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useEffect, useState} from 'react';
import {questionnaireQuery, registryCountQuery, registryQuery, type UseCase} from '../api/governance';
import {plural} from '../lib/format';
import {kStateLabels, listOf} from '../lib/governance';
import {cleanShell, stringifySearch} from '../lib/search';
import {cleanRegistry, kUseCaseStates, type RegistrySearch} from '../lib/search-pages';
import {AnswerCard} from '../ui/answer';
import {TopBar} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {Ago, Mark, TierMark, UseCaseMark} from '../ui/marks';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {tierLabel} from './use-case-form';

const route = getRouteApi('/app/use-cases');

export function RegisterButton() {
  return <Button size="xs" renderRoot={(props) => <Link {...props} to="/use-cases/new" />} leftSection={<IconPlus size={15} aria-hidden />}>Register a use case</Button>;
}

export function UseCasesPage() {
  const search = cleanRegistry({...route.useSearch()});
  const query = useInfiniteQuery(registryQuery(search));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const total = query.data?.pages.at(-1)?.total ?? 0;
  const filtered = Object.keys(search).length > 0;
  return (
    <>
      <TopBar title="Use cases"><Export search={search} /><RegisterButton /></TopBar>
      <div className="page" aria-busy={query.isFetching}>
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The registry could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data && !total && !filtered && (
          <EmptyState icon={<IconChecklist size={40} stroke={1.4} aria-hidden />} title="No use case yet">
            <p className="empty-text">A use case says who wants a model to do what, for whom, with which data, and how well it must work. Its risk decides who reviews it;
              once it is approved it gets keys for production.</p>
            <RegisterButton />
          </EmptyState>
        )}
        {query.data && (total > 0 || filtered) && (
          <>
            <Answer />
            <Filters search={search} />
            <div className="card scroll-x" role="region" aria-label="Use cases" tabIndex={0}><Registry items={items} /></div>
            <div className="filters" style={{marginTop: 12}}>
              <span className="quiet" aria-live="polite">{items.length < total ? `${items.length} of ${plural(total, 'use case')}` : plural(total, 'use case')}</span>
              {query.hasNextPage && <Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
            </div>
          </>
        )}
      </div>
    </>
  );
}

// The file holds what the filters leave.
function Export({search}: {search: RegistrySearch}) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target><Button size="xs" variant="default" leftSection={<IconDownload size={15} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>Export</Button></Menu.Target>
      <Menu.Dropdown>
        {([['csv', 'CSV, for a spreadsheet'], ['md', 'Markdown, to read'], ['json', 'JSON, for programs']] as const).map(([format, label]) => (
          <Menu.Item key={format} component="a" href={`/api/v1/use-cases/export${stringifySearch({...search, format})}`} download={`use-cases.${format}`}>{label}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function useCounts() {
  const all = useQuery(registryCountQuery({})).data;
  const draft = useQuery(registryCountQuery({state: 'draft'})).data;
  const in_review = useQuery(registryCountQuery({state: 'in_review'})).data;
  const approved = useQuery(registryCountQuery({state: 'approved'})).data;
  const retired = useQuery(registryCountQuery({state: 'retired'})).data;
  const due = useQuery(registryCountQuery({review: 'due'})).data;
  return {all, draft, in_review, approved, retired, due};
}

function Answer() {
  const {all, draft, in_review, approved, retired, due} = useCounts();
  if (all === undefined || draft === undefined || in_review === undefined || approved === undefined || due === undefined) return null;
  const parts = [`${approved} approved`, ...(in_review ? [`${in_review} in review`] : []), ...(draft ? [plural(draft, 'draft')] : []), ...(retired ? [`${retired} retired`] : [])];
  return <AnswerCard level={due ? 'warn' : 'ok'} word={plural(all, 'use case')} sentence={listOf(parts)}
                     findings={due ? [`${plural(due, 'use case needs', 'use cases need')} a review that is missing or has expired`] : []} />;
}

function Filters({search}: {search: RegistrySearch}) {
  const counts = useCounts();
  const setSearch = useSetSearch();
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const [text, setText] = useState(search.q ?? '');
  useEffect(() => setText(search.q ?? ''), [search.q]);
  const find = useDebouncedCallback((q: string) => setSearch({q: q.trim() || undefined}, true), 250);
  const keep = ({state: _, review: __, ...rest}: RegistrySearch & {environment?: string}) => rest;
  const shell = cleanShell({...route.useSearch()});
  return (
    <>
      <nav className="counts" aria-label="By state">
        <Link className="count" aria-current={!search.state && !search.review} to="/use-cases" search={{...shell, ...keep(search)}}><strong className="numeric">{counts.all ?? '–'}</strong>All</Link>
        {kUseCaseStates.map((state) => (
          <Link key={state} className="count" aria-current={search.state === state} to="/use-cases" search={{...shell, ...keep(search), state}}>
            <strong className="numeric">{counts[state] ?? '–'}</strong>{kStateLabels[state]}
          </Link>
        ))}
        <Link className="count" aria-current={search.review === 'due'} to="/use-cases" search={{...shell, ...keep(search), review: 'due'}}><strong className="numeric">{counts.due ?? '–'}</strong>Review due</Link>
      </nav>
      <div className="filters">
        <TextInput size="xs" w={260} type="search" aria-label="Find a use case" placeholder="Name, owner or purpose…" value={text} leftSection={<IconSearch size={15} aria-hidden />}
                   onChange={(e) => {
                     setText(e.currentTarget.value);
                     find(e.currentTarget.value);
                   }} />
        <Select size="xs" w={150} aria-label="Risk tier" placeholder="Any risk tier" clearable clearButtonProps={{'aria-label': 'Any risk tier'}} value={search.tier ?? null}
                data={(questionnaire?.tiers ?? []).map((tier) => ({value: tier.name, label: tier.label}))} onChange={(tier) => setSearch({tier: tier ?? undefined})} />
        {search.owner && <Button size="compact-xs" variant="default" onClick={() => setSearch({owner: undefined})}>Owner: {search.owner} ×</Button>}
      </div>
    </>
  );
}

function Registry({items}: {items: UseCase[]}) {
  const {data: questionnaire} = useQuery(questionnaireQuery);
  return (
    <table className="data-table">
      <thead><tr>{['Use case', 'Owner', 'State', 'Risk', 'Reviews', 'Runs', 'Changed'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.slug}>
            <td style={{minWidth: 190}}>
              <Link to="/use-cases/$slug" params={{slug: item.slug}}>{item.name}</Link>
              <span className="sub mono">{item.slug}</span>
            </td>
            <td><Link to="/use-cases" search={{owner: item.owner}} style={{fontWeight: 400}} title={`Use cases of ${item.owner}`}>{item.owner}</Link></td>
            <td><UseCaseMark state={item.state} /></td>
            <td><TierMark tier={item.tier && tierLabel(questionnaire, item.tier)} /></td>
            <td>{item.reviews_open > 0 && item.state !== 'draft' ? <Mark icon={IconClockExclamation} tone="warn">{plural(item.reviews_open, 'open review')}</Mark>
              : item.approved_until ? <>due again <Ago at={item.approved_until} /></> : '–'}</td>
            <td><Runs environments={item.environments} /></td>
            <td style={{whiteSpace: 'nowrap'}}><Ago at={item.updated_at} /></td>
          </tr>
        ))}
        {!items.length && <tr><td colSpan={7} className="quiet">No use case matches.</td></tr>}
      </tbody>
    </table>
  );
}

export function Runs({environments}: {environments: Record<string, string> | undefined}) {
  const running = Object.entries(environments ?? {}).filter(([, release]) => release);
  if (!running.length) return <span className="quiet">nowhere</span>;
  return <>{running.map(([environment, release]) => <span key={environment} className="here"><span className="quiet">{environment}</span> {release.slice(release.indexOf('@'))}</span>)}</>;
}
