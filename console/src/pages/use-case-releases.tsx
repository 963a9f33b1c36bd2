// SPDX-License-Identifier: Apache-2.0
// The releases of one use case: what is where, what moves, what could go next.
import '../app/governance.css';
import {Button, Select} from '@mantine/core';
import {IconPackage} from '@tabler/icons-react';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useState} from 'react';
import {deploymentHistoryQuery, deploymentsQuery, isMoving, releasesQuery, useCaseQuery} from '../api/governance';
import {formatFullTime} from '../lib/format';
import {capital, describeDeployments} from '../lib/governance';
import {AnswerCard} from '../ui/answer';
import {TopBar} from '../ui/bits';
import {Ago, Nothing, Panel, Tag} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {CutRelease} from './cut-release';
import {Pipeline, ReleaseLink} from './pipeline';
import {PromoteDialog} from './promote-dialog';
import {ReleaseTable} from './release-table';
import {RollBackDialog} from './rollback-dialog';
import {RolloutPanel} from './rollout';

const route = getRouteApi('/app/releases/$slug');

export function UseCaseReleasesPage() {
  const {slug} = route.useParams();
  const useCase = useQuery(useCaseQuery(slug));
  const releases = useInfiniteQuery(releasesQuery(slug));
  const deployments = useQuery(deploymentsQuery(slug));
  const [cutting, setCutting] = useState(false);
  const [promoting, setPromoting] = useState<string | null>(null);
  const [rolling, setRolling] = useState<string | null>(null);
  const items = releases.data?.pages.flatMap((page) => page.items) ?? [];
  const newest = items[0];
  const rows = deployments.data ?? [];
  const cut = <Button size="xs" leftSection={<IconPackage size={15} aria-hidden />} onClick={() => setCutting(true)}>Cut a release</Button>;
  return (
    <>
      <TopBar title={`Releases of ${useCase.data?.name ?? slug}`}>
        <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/use-cases/$slug" params={{slug}} />}>Use case</Button>
        {useCase.data?.state !== 'retired' && cut}
      </TopBar>
      <div className="page">
        {(releases.isPending || deployments.isPending) && !releases.isError && !deployments.isError && <PageLoading />}
        {deployments.isError && <ErrorNotice error={deployments.error} what="What runs where could not be loaded" onRetry={() => void deployments.refetch()} />}
        {releases.isError && <ErrorNotice error={releases.error} what="The releases could not be loaded" onRetry={() => void releases.refetch()} />}
        {releases.data && deployments.data && (
          <>
            <AnswerCard {...describeDeployments(rows, newest)} />
            <Pipeline slug={slug} deployments={rows} newest={newest?.number} onPromote={setPromoting} onRollBack={setRolling} />
            {rows.filter(isMoving).map((deployment) => <RolloutPanel key={deployment.environment} slug={slug} deployment={deployment} />)}
            <Panel title="Releases" flush>
              <ReleaseTable slug={slug} items={items} />
              {releases.hasNextPage && <div className="part-body"><Button size="xs" variant="default" loading={releases.isFetchingNextPage} onClick={() => void releases.fetchNextPage()}>Show more</Button></div>}
            </Panel>
            {items.length > 0 && <History slug={slug} environments={rows.map((d) => d.environment)} />}
          </>
        )}
      </div>
      {cutting && <CutRelease slug={slug} onClose={() => setCutting(false)} />}
      {promoting && <PromoteDialog slug={slug} environment={promoting} releases={items} deployments={rows} onClose={() => setPromoting(null)} />}
      {rolling && <RollBackDialog slug={slug} deployment={rows.find((d) => d.environment === rolling)!} releases={items} onClose={() => setRolling(null)} />}
    </>
  );
}

function History({slug, environments}: {slug: string; environments: string[]}) {
  const [environment, setEnvironment] = useState(environments.at(-1) ?? '');
  const query = useQuery({...deploymentHistoryQuery(slug, environment), enabled: environment !== ''});
  return (
    <Panel title="What happened" flush tools={<Select size="xs" w={150} aria-label="Environment of the history" allowDeselect={false} data={environments} value={environment} onChange={(value) => setEnvironment(value ?? '')} />}>
      {query.isError && <ErrorNotice error={query.error} what="The history could not be loaded" onRetry={() => void query.refetch()} />}
      {query.data && !query.data.length && <div className="part-body"><Nothing>Nothing has happened in {environment} yet.</Nothing></div>}
      {query.data && query.data.length > 0 && (
        <div className="scroll-x" role="region" aria-label={`History of ${environment}`} tabIndex={0}>
          <table className="data-table">
            <thead><tr>{['When', 'What', 'Release', 'Who', 'Why'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
            <tbody>
              {query.data.map((event) => (
                <tr key={event.id}>
                  <td style={{whiteSpace: 'nowrap'}} title={formatFullTime(event.at)}><Ago at={event.at} /></td>
                  <td>{capital(event.action)} {event.emergency && <Tag tone="bad">emergency</Tag>}</td>
                  <td className="numeric" style={{whiteSpace: 'nowrap'}}>{event.from_release !== null && event.from_release !== event.release && <><ReleaseLink slug={slug} number={event.from_release} /> → </>}{event.release !== null ? <ReleaseLink slug={slug} number={event.release} /> : '–'}</td>
                  <td>{event.by}</td>
                  <td style={{minWidth: 180}}>{event.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
