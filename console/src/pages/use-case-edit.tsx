// SPDX-License-Identifier: Apache-2.0
// Changing a use case: all of its fields, with a word on what a change does to the reviews.
import '../app/governance.css';
import {Alert, Button, Group} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {getRouteApi, Link, useNavigate} from '@tanstack/react-router';
import {useState} from 'react';
import {api, ApiError, need} from '../api/client';
import {questionnaireQuery, refreshUseCase, useCaseQuery, type UseCaseDetail} from '../api/governance';
import {bodyOf, draftOf, draftProblems} from '../lib/use-case-draft';
import {TopBar} from '../ui/bits';
import {Failure} from '../ui/dialog';
import {Panel} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {AboutFields, DataField, GoalFields, RiskFields, RiskOutcome} from './use-case-form';

const route = getRouteApi('/app/use-cases/$slug/edit');

export function EditUseCasePage() {
  const {slug} = route.useParams();
  const query = useQuery({...useCaseQuery(slug), refetchOnWindowFocus: false});
  return (
    <>
      <TopBar title={`Change ${query.data?.name ?? slug}`}>
        <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/use-cases/$slug" params={{slug}} />}>Cancel</Button>
      </TopBar>
      <div className="page">
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The use case could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data && <Form key={query.data.version} useCase={query.data} onReload={() => void query.refetch()} />}
      </div>
    </>
  );
}

function Form({useCase, onReload}: {useCase: UseCaseDetail; onReload: () => void}) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const [draft, setDraft] = useState(() => draftOf(useCase));
  const problems = draftProblems(draft);
  const save = useMutation({
    mutationFn: () => {
      const {slug: _, ...body} = bodyOf(draft);
      return need(api.PUT('/api/v1/use-cases/{slug}', {params: {path: {slug: useCase.slug}}, body: {...body, version: useCase.version}}));
    },
    onSuccess: (fresh) => {
      refreshUseCase(queryClient, useCase.slug, fresh);
      notifications.show({message: `${fresh.name} is saved.`});
      void navigate({to: '/use-cases/$slug', params: {slug: useCase.slug}});
    },
  });
  const conflict = save.error instanceof ApiError && save.error.status === 409;
  const reviewed = useCase.reviews.some((r) => r.state === 'approved' || r.state === 'approved_with_conditions');
  const before = draftOf(useCase);
  const ends = reviewed && JSON.stringify([before.purpose, before.usersAffected, before.dataClasses, before.answers]) !== JSON.stringify([draft.purpose, draft.usersAffected, draft.dataClasses, draft.answers]);
  return (
    <div className="form">
      <Panel title="About"><AboutFields draft={draft} onChange={setDraft} problems={problems} fixedSlug /></Panel>
      <Panel title="Data and risk">
        <DataField draft={draft} onChange={setDraft} />
        {questionnaire && <><RiskFields questionnaire={questionnaire} draft={draft} onChange={setDraft} /><RiskOutcome questionnaire={questionnaire} answers={draft.answers} /></>}
      </Panel>
      <Panel title="Goals and limits"><GoalFields draft={draft} onChange={setDraft} problems={problems} /></Panel>
      {ends && <Alert color="yellow" variant="light" role="status" mb="sm" styles={{message: {color: 'var(--mantine-color-text)'}}}>Its reviews were given for the text before. Saving this ends them; submit it for review again afterwards.</Alert>}
      <Failure error={save.error} />
      <Group justify="flex-end" mt="sm">
        {conflict && <Button variant="default" onClick={onReload}>Drop mine and load theirs</Button>}
        <Button loading={save.isPending} disabled={Object.keys(problems).length > 0} onClick={() => save.mutate()}>Save</Button>
      </Group>
    </div>
  );
}
