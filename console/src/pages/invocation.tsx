// SPDX-License-Identifier: Apache-2.0
// One invocation at an address of its own, to be sent to a colleague.
import {Button, Group} from '@mantine/core';
import {useHotkeys} from '@mantine/hooks';
import {IconArrowLeft, IconChevronDown, IconChevronUp} from '@tabler/icons-react';
import {useQueryClient, type InfiniteData} from '@tanstack/react-query';
import {getRouteApi, Link, useNavigate} from '@tanstack/react-router';
import {invocationsQuery} from '../api/queries';
import type {InvocationPage as Page} from '../api/types';
import {cleanRange} from '../lib/range';
import {filtersOf} from '../lib/search';
import {TopBar} from '../ui/bits';
import {InvocationView} from '../ui/invocation-view';

const route = getRouteApi('/app/invocations/$id');

export function InvocationPage() {
  const {id} = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate();
  // Neighbours are known when one came from the list.
  const list = useQueryClient().getQueryData<InfiniteData<Page>>(invocationsQuery(cleanRange({...search}), filtersOf(search)).queryKey);
  const items = list?.pages.flatMap((page) => page.items) ?? [];
  const at = items.findIndex((call) => call.id === id);
  const go = (by: number) => {
    const next = at < 0 ? undefined : items[at + by];
    if (next) void navigate({to: '/invocations/$id', params: {id: next.id}, search, replace: true});
  };
  const back = () => void navigate({to: '/invocations', search: {...search, open: undefined}});
  useHotkeys([['j', () => go(1)], ['k', () => go(-1)], ['Escape', back]]);
  return (
    <>
      <TopBar title="Invocation">
        <Group gap="xs">
          {at >= 0 && <>
            <Button size="xs" variant="default" disabled={at === 0} onClick={() => go(-1)} leftSection={<IconChevronUp size={15} aria-hidden />}>Previous</Button>
            <Button size="xs" variant="default" disabled={at === items.length - 1} onClick={() => go(1)} leftSection={<IconChevronDown size={15} aria-hidden />}>Next</Button>
          </>}
          <Button size="xs" variant="default" component={Link} to="/invocations" search={{...search, open: undefined} as never} leftSection={<IconArrowLeft size={15} aria-hidden />}>All invocations</Button>
        </Group>
      </TopBar>
      <div className="page"><div style={{maxWidth: 960, margin: '0 auto'}}><InvocationView key={id} id={id} /></div></div>
    </>
  );
}
