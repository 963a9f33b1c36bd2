// SPDX-License-Identifier: Apache-2.0
// One use case: what it is, whether it may, what runs, what it costs and how well it works.
import '../app/governance.css';
import {Button, Menu, ActionIcon, Textarea, Text} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {IconArchive, IconDots, IconKey, IconListDetails, IconPencil, IconSend2} from '@tabler/icons-react';
import {useInfiniteQuery, useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useState} from 'react';
import {api, need} from '../api/client';
import {catalogueQuery, deploymentsQuery, questionnaireQuery, refreshUseCase, releasesQuery, useCaseQuery, type UseCaseDetail} from '../api/governance';
import {capital, describeUseCase, formatThreshold, listOf, missingForReview} from '../lib/governance';
import {AnswerCard} from '../ui/answer';
import {TopBar} from '../ui/bits';
import {Dialog, Failure} from '../ui/dialog';
import {Ago, Facts, Nothing, Panel, Prose, TierMark, UseCaseMark} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {PageTabs} from '../ui/tabs';
import {AssetTable} from './asset-table';
import {Pipeline} from './pipeline';
import {ReleaseTable} from './release-table';
import {UseCaseFigures} from './use-case-figures';
import {tierLabel} from './use-case-form';
import {UseCaseGlance} from './use-case-glance';
import {RiskTab} from './use-case-risk';

const route = getRouteApi('/app/use-cases/$slug');

export function UseCasePage() {
  const {slug} = route.useParams();
  const {tab = 'summary'} = route.useSearch();
  const query = useQuery(useCaseQuery(slug));
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const [retiring, setRetiring] = useState(false);
  const useCase = query.data;
  return (
    <>
      <TopBar title={useCase?.name ?? slug}>
        {useCase && <span className="only-wide"><UseCaseMark state={useCase.state} /></span>}
        {useCase && useCase.state !== 'retired' && (
          <Button size="xs" variant="default" leftSection={<IconPencil size={15} aria-hidden />} renderRoot={(props) => <Link {...props} to="/use-cases/$slug/edit" params={{slug}} />}>Change</Button>
        )}
        {useCase && (
          <Menu position="bottom-end" shadow="md" width={210}>
            <Menu.Target><ActionIcon variant="default" size={30} aria-label="More"><IconDots size={17} aria-hidden /></ActionIcon></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconListDetails size={15} />} renderRoot={(props) => <Link {...props} to="/invocations" search={{use_case: slug, range: '7d'}} />}>Its calls</Menu.Item>
              <Menu.Item leftSection={<IconKey size={15} />} renderRoot={(props) => <Link {...props} to="/keys" />}>Keys</Menu.Item>
              {useCase.state !== 'retired' && <Menu.Item leftSection={<IconArchive size={15} />} c="var(--mantine-color-error)" onClick={() => setRetiring(true)}>Retire…</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        )}
      </TopBar>
      <div className="page">
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The use case could not be loaded" onRetry={() => void query.refetch()} />}
        {useCase && (
          <>
            <AnswerCard {...describeUseCase(useCase, questionnaire)}><NextStep useCase={useCase} /></AnswerCard>
            <PageTabs value={tab} first="summary" label="About this use case" tabs={[
              ['summary', 'Summary'], ['risk', useCase.reviews_open && useCase.state !== 'draft' ? `Risk and reviews (${useCase.reviews_open} open)` : 'Risk and reviews'], ['releases', 'Releases'],
              ['figures', 'Cost and quality'], ['assets', 'Assets'],
            ]}>
              {tab === 'summary' && <Summary useCase={useCase} />}
              {tab === 'risk' && <RiskTab useCase={useCase} />}
              {tab === 'releases' && <Releases slug={slug} />}
              {tab === 'figures' && <UseCaseFigures useCase={useCase} />}
              {tab === 'assets' && <Assets slug={slug} />}
            </PageTabs>
          </>
        )}
      </div>
      {retiring && useCase && <Retire useCase={useCase} onClose={() => setRetiring(false)} />}
    </>
  );
}

export function useSubmit(slug: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => need(api.POST('/api/v1/use-cases/{slug}/submit', {params: {path: {slug}}})),
    onSuccess: (fresh) => {
      refreshUseCase(queryClient, slug, fresh);
      notifications.show({message: fresh.required_reviews.length ? `It waits for ${listOf(fresh.required_reviews)} now.` : 'It is submitted.'});
    },
  });
}

function NextStep({useCase}: {useCase: UseCaseDetail}) {
  const submit = useSubmit(useCase.slug);
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const again = useCase.state === 'approved' && useCase.reviews.some((r) => r.state === 'expired' || r.state === 'outdated');
  const rejected = useCase.state === 'in_review' && useCase.reviews.some((r) => r.state === 'rejected');
  if (useCase.state === 'draft' && missingForReview(useCase, questionnaire).length) {
    return <Button size="xs" renderRoot={(props) => <Link {...props} to="/use-cases/$slug/edit" params={{slug: useCase.slug}} />}>Fill in what is missing</Button>;
  }
  if (useCase.state === 'draft' || again || rejected) {
    return (
      <div>
        <Button size="xs" leftSection={<IconSend2 size={15} aria-hidden />} loading={submit.isPending} onClick={() => submit.mutate()}>{useCase.state === 'draft' ? 'Submit for review' : 'Submit again'}</Button>
        <Failure error={submit.error} />
      </div>
    );
  }
  if (useCase.state === 'in_review') return <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/use-cases/$slug" params={{slug: useCase.slug}} search={{tab: 'risk'}} />}>See the reviews</Button>;
  return null;
}

function Summary({useCase}: {useCase: UseCaseDetail}) {
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const {data: deployments} = useQuery(deploymentsQuery(useCase.slug));
  return (
    <>
      {deployments && <Pipeline slug={useCase.slug} deployments={deployments} />}
      <UseCaseGlance useCase={useCase} />
      <div className="columns">
        <div>
          <Panel title="What it is for"><Prose text={useCase.purpose ?? ''} none="Nobody has said yet." /></Panel>
          <Panel title="Whom it affects"><Prose text={useCase.users_affected} none="Nobody has said yet." /></Panel>
          <Panel title="What is done against the risks"><Prose text={useCase.mitigations} none="Nothing is written down." /></Panel>
          <Panel title="What it cannot do"><Prose text={useCase.known_limits} none="No limits are written down." /></Panel>
        </div>
        <div>
          <Panel title="Facts">
            <Facts items={[
              ['Owner', <Link key="o" className="text-link" to="/use-cases" search={{owner: useCase.owner}}>{useCase.owner}</Link>], ['Short name', <span key="s" className="mono">{useCase.slug}</span>],
              ['Risk', useCase.tier ? <TierMark key="t" tier={tierLabel(questionnaire, useCase.tier)} /> : 'not rated'], ['Data', useCase.data_classes.join(', ') || 'none named'],
              ['Calls begin with', useCase.entry ? <span key="e" className="mono">{useCase.entry}</span> : 'its only prompt or flow, or “main”'], ['Registered', <Ago key="r" at={useCase.created_at} />],
              ...Object.entries(useCase.cost_tags ?? {}).map(([name, value]): [string, string] => [name, value]),
            ]} />
          </Panel>
          <Panel title="Business goals">
            {useCase.kpis.length ? <ul className="plain-list">{useCase.kpis.map((kpi) => <li key={kpi.name}><strong>{kpi.name}</strong> {kpi.direction === 'at_most' ? 'at most' : 'at least'} <span className="numeric">{kpi.target}{kpi.unit ? ` ${kpi.unit}` : ''}</span>
              {kpi.description && <div className="quiet">{kpi.description}</div>}</li>)}</ul> : <Nothing>None are agreed.</Nothing>}
          </Panel>
          <Panel title="Quality agreed up front">
            {useCase.thresholds.length ? <ul className="plain-list">{useCase.thresholds.map((t) => <li key={`${t.metric}${t.op}`} className="mono">{formatThreshold(t)}{t.description && <div className="quiet">{t.description}</div>}</li>)}</ul>
              : <Nothing>No thresholds are agreed.</Nothing>}
          </Panel>
          {useCase.links.length > 0 && <Panel title="Links"><ul className="plain-list">{useCase.links.map((link) => (
            <li key={link.url}>{/^https?:\/\//.test(link.url) ? <a className="text-link" href={link.url} target="_blank" rel="noreferrer noopener">{link.title}</a> : link.title}</li>))}</ul></Panel>}
        </div>
      </div>
    </>
  );
}

function Releases({slug}: {slug: string}) {
  const {data: deployments} = useQuery(deploymentsQuery(slug));
  const query = useInfiniteQuery(releasesQuery(slug));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {deployments && <Pipeline slug={slug} deployments={deployments} />}
      <Panel title="Releases" flush tools={<Link className="text-link" to="/releases/$slug" params={{slug}}>Cut, promote, roll back</Link>}>
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The releases could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data && <ReleaseTable slug={slug} items={items} />}
      </Panel>
    </>
  );
}

function Assets({slug}: {slug: string}) {
  const query = useInfiniteQuery(catalogueQuery({owner: slug}));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel title="Assets of this use case" flush tools={<Link className="text-link" to="/catalogue" search={{owner: slug}}>Open in the catalogue</Link>}>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="The assets could not be loaded" onRetry={() => void query.refetch()} />}
      {query.data && (items.length ? <AssetTable items={items} grouped={false} /> : (
        <div className="part-body"><Nothing>It has no assets yet. Make the first in the catalogue, or push a folder: <code>slipway push</code>.</Nothing></div>
      ))}
      {query.hasNextPage && <div className="part-body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
    </Panel>
  );
}

function Retire({useCase, onClose}: {useCase: UseCaseDetail; onClose: () => void}) {
  const queryClient = useQueryClient();
  const [reason, setReason] = useState('');
  const retire = useMutation({
    mutationFn: () => need(api.POST('/api/v1/use-cases/{slug}/retire', {params: {path: {slug: useCase.slug}}, body: {reason: reason.trim()}})),
    onSuccess: (fresh) => {
      refreshUseCase(queryClient, useCase.slug, fresh);
      void queryClient.invalidateQueries({queryKey: ['keys']});
      onClose();
    },
  });
  return (
    <Dialog title={`Retire ${useCase.name}`} onClose={onClose} onSubmit={() => retire.mutate()} action="Retire" danger disabled={!reason.trim()} pending={retire.isPending} error={retire.error}>
      <Text size="sm">Its keys stop working within a second, in every environment. {capital('its history, releases and records stay.')}</Text>
      <Textarea label="Why?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
