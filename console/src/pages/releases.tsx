// SPDX-License-Identifier: Apache-2.0
// "What runs where?": every use case against every environment.
import '../app/governance.css';
import {Button, TextInput} from '@mantine/core';
import {useDebouncedCallback} from '@mantine/hooks';
import {IconRocket, IconSearch} from '@tabler/icons-react';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useState} from 'react';
import {registryQuery, type UseCase} from '../api/governance';
import {sessionQuery} from '../api/queries';
import {plural} from '../lib/format';
import {listOf} from '../lib/governance';
import {AnswerCard} from '../ui/answer';
import {TopBar} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {UseCaseMark} from '../ui/marks';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {ReleaseLink} from './pipeline';
import {RegisterButton} from './use-cases';

const route = getRouteApi('/app/releases');

export function ReleasesPage() {
  const {q} = route.useSearch();
  const setSearch = useSetSearch();
  const query = useInfiniteQuery(registryQuery(q ? {q} : {}));
  const {data: session} = useQuery(sessionQuery);
  const environments = session?.environments.map((e) => e.name) ?? [];
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const total = query.data?.pages.at(-1)?.total ?? 0;
  const [text, setText] = useState(q ?? '');
  const find = useDebouncedCallback((value: string) => setSearch({q: value.trim() || undefined}, true), 250);
  return (
    <>
      <TopBar title="Releases" />
      <div className="page" aria-busy={query.isFetching}>
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The use cases could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data && !total && !q && (
          <EmptyState icon={<IconRocket size={40} stroke={1.4} aria-hidden />} title="Nothing to release yet">
            <p className="empty-text">A release belongs to a use case: it pins exact versions of its prompt, model, guardrails and the rest, collects evidence and approvals, and moves from {listOf(environments) || 'one environment to the next'}.</p>
            <RegisterButton />
          </EmptyState>
        )}
        {query.data && (total > 0 || q) && (
          <>
            <Answer items={items} environments={environments} complete={!query.hasNextPage} />
            <div className="filters">
              <TextInput size="xs" w={260} type="search" aria-label="Find a use case" placeholder="Find a use case…" value={text} leftSection={<IconSearch size={15} aria-hidden />}
                         onChange={(e) => {
                           setText(e.currentTarget.value);
                           find(e.currentTarget.value);
                         }} />
            </div>
            <div className="card scroll-x" role="region" aria-label="What runs where" tabIndex={0}><Matrix items={items} environments={environments} /></div>
            {query.hasNextPage && <Button mt="sm" size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
          </>
        )}
      </div>
    </>
  );
}

function Answer({items, environments, complete}: {items: UseCase[]; environments: string[]; complete: boolean}) {
  const counts = environments.map((name) => [name, items.filter((item) => item.environments?.[name]).length] as const);
  const running = items.filter((item) => Object.values(item.environments ?? {}).some(Boolean)).length;
  const last = environments.at(-1);
  const behind = last ? items.filter((item) => differs(item, last)).length : 0;
  return (
    <AnswerCard level={running ? 'ok' : 'quiet'} word={`${running}${complete ? '' : '+'} of ${plural(items.length, 'use case')} ${running === 1 ? 'runs' : 'run'}`}
                sentence={listOf(counts.map(([name, count]) => `${count} in ${name}`))}
                findings={behind ? [`${plural(behind, 'use case has', 'use cases have')} another release before ${last} than in it`] : []} />
  );
}

// Whether something newer waits in front of the last environment.
function differs(item: UseCase, last: string): boolean {
  const number = (release: string | undefined) => Number(/@(\d+)$/.exec(release ?? '')?.[1] ?? 0);
  const there = number(item.environments?.[last]);
  return there > 0 && Object.values(item.environments ?? {}).some((release) => number(release) > there);
}

function Matrix({items, environments}: {items: UseCase[]; environments: string[]}) {
  return (
    <table className="data-table">
      <thead><tr><th scope="col">Use case</th><th scope="col">State</th>{environments.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.slug}>
            <td style={{minWidth: 190}}><Link to="/releases/$slug" params={{slug: item.slug}}>{item.name}</Link><span className="sub mono">{item.slug}</span></td>
            <td><UseCaseMark state={item.state} /></td>
            {environments.map((name) => {
              const release = item.environments?.[name];
              const number = Number(/@(\d+)$/.exec(release ?? '')?.[1]);
              return <td key={name} className="numeric">{release && number ? <ReleaseLink slug={item.slug} number={number} /> : <span className="quiet">–</span>}</td>;
            })}
          </tr>
        ))}
        {!items.length && <tr><td colSpan={2 + environments.length} className="quiet">No use case matches.</td></tr>}
      </tbody>
    </table>
  );
}
