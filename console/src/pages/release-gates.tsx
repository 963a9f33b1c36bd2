// SPDX-License-Identifier: Apache-2.0
// The gates of a release: what was decided, and the way to ask again.
import {Button, Group, Select} from '@mantine/core';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {Link, useNavigate} from '@tanstack/react-router';
import {useState} from 'react';
import {api, need} from '../api/client';
import {gatesQuery, refreshGates} from '../api/gates';
import type {Release} from '../api/governance';
import {progressOf, shortName} from '../lib/gate';
import {Failure} from '../ui/dialog';
import {Ago, EvidenceMark, Nothing, Panel} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';

export function ReleaseGates({release, environments}: {release: Release; environments: string[]}) {
  const query = useQuery(gatesQuery(release.use_case, release.number));
  return (
    <Panel title="Gates" flush tools={environments.length > 0 && <StartGate release={release} environments={environments} />}>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="The gates could not be loaded" onRetry={() => void query.refetch()} />}
      {query.data?.length === 0 && <div className="part-body"><Nothing>No gate yet. It runs what an environment’s policy requires, compares with what is active there, and attaches the verdicts here: as <code>slipway gate {release.use_case} --env …</code> does.</Nothing></div>}
      {query.data && query.data.length > 0 && (
        <ul className="plain-list part-body">{query.data.map((gate) => (
          <li key={gate.id}>
            <div className="change-head">
              <Link className="text-link" to="/gates/$slug/$id" params={{slug: gate.use_case, id: gate.id}}>For {gate.environment}</Link>
              {gate.verdict ? <EvidenceMark result={gate.verdict} /> : <span className="quiet">under way: {gate.checks.map((check) => `${shortName(check.evaluation, gate.use_case)} ${progressOf(check.run)}`).join('; ')}</span>}
              <span className="quiet" style={{fontWeight: 400}}><Ago at={gate.created_at} /> by {gate.author}</span>
            </div>
            {gate.reason && <p className="prose" style={{margin: '4px 0 0'}}>{gate.reason}</p>}
          </li>))}</ul>
      )}
    </Panel>
  );
}

function StartGate({release, environments}: {release: Release; environments: string[]}) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [environment, setEnvironment] = useState(environments[environments.length - 1]!);
  const start = useMutation({
    mutationFn: () => need(api.POST('/api/v1/use-cases/{slug}/gates', {params: {path: {slug: release.use_case}}, body: {environment, release: release.number}})),
    onSuccess: (gate) => {
      refreshGates(queryClient, release.use_case);
      void navigate({to: '/gates/$slug/$id', params: {slug: gate.use_case, id: gate.id}});
    },
  });
  return (
    <div>
      <Group gap="xs">
        <Select size="xs" w={130} aria-label="Environment of the gate" data={environments} value={environment} allowDeselect={false} onChange={(value) => value && setEnvironment(value)} />
        <Button size="compact-sm" loading={start.isPending} onClick={() => start.mutate()}>Run the gate</Button>
      </Group>
      <Failure error={start.error} />
    </div>
  );
}
