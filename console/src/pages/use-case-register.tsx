// SPDX-License-Identifier: Apache-2.0
// Registering a use case, in four steps that need no manual.
import '../app/governance.css';
import {Button, Group, Stepper, Text} from '@mantine/core';
import {useMediaQuery} from '@mantine/hooks';
import {notifications} from '@mantine/notifications';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {getRouteApi, Link, useNavigate} from '@tanstack/react-router';
import {useEffect, useRef, useState} from 'react';
import {api, errorMessage, need} from '../api/client';
import {questionnaireQuery, refreshUseCase} from '../api/governance';
import {sessionQuery} from '../api/queries';
import {plural} from '../lib/format';
import {formatThreshold, listOf, previewRisk} from '../lib/governance';
import {cleanShell} from '../lib/search';
import {bodyOf, draftProblems, keepDraft, keptDraft, type UseCaseDraft} from '../lib/use-case-draft';
import {TopBar} from '../ui/bits';
import {Failure} from '../ui/dialog';
import {Facts, Prose} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {AboutFields, DataField, GoalFields, RiskFields, RiskOutcome} from './use-case-form';

const route = getRouteApi('/app/use-cases/new');
const kSteps = [['About', 'What and for whom'], ['Risk', 'Data and consequences'], ['Goals', 'How well it must work'], ['Check', 'Register or submit']] as const;

export function RegisterPage() {
  const search = route.useSearch();
  const step = Number(search.step ?? '1') - 1;
  const navigate = useNavigate();
  const {data: session} = useQuery(sessionQuery);
  const {data: questionnaire, ...asked} = useQuery(questionnaireQuery);
  const [draft, setDraft] = useState<UseCaseDraft>(() => {
    const kept = keptDraft();
    return kept.owner ? kept : {...kept, owner: session?.principal.name ?? ''};
  });
  const [tried, setTried] = useState(step > 0);
  const problems = draftProblems(draft);
  const change = (next: UseCaseDraft) => {
    setDraft(next);
    keepDraft(next);
  };
  const narrow = useMediaQuery('(max-width: 760px)');
  const body = useRef<HTMLDivElement>(null);
  const go = (to: number) => {
    setTried(true);
    if (to > 0 && (problems.name || problems.slug)) return void navigate({to: '.', search: (prev) => ({...prev, step: undefined}), replace: true});
    if (to > 2 && Object.keys(problems).length) return;
    void navigate({to: '.', search: (prev) => ({...prev, step: to ? String(to + 1) : undefined})});
  };
  useEffect(() => {
    body.current?.scrollTo(0, 0);
    body.current?.querySelector<HTMLElement>('h2')?.focus();
  }, [step]);
  const shown = tried ? problems : {};
  return (
    <>
      <TopBar title="Register a use case"><Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/use-cases" search={cleanShell({...search})} />}>Cancel</Button></TopBar>
      <div className="page" ref={body}>
        <div className="form">
          <Stepper active={step} onStepClick={go} size="xs" mb="lg" aria-label="Steps">
            {kSteps.map(([label, description], i) => <Stepper.Step key={label} label={narrow ? undefined : label} description={narrow ? undefined : description} aria-label={narrow ? `${i + 1} ${label}` : undefined} />)}
          </Stepper>
          <div className="card part">
            <div className="part-head"><h2 tabIndex={-1} style={{outline: 'none'}}>{step + 1}. {kSteps[step]![0]}: {kSteps[step]![1].toLowerCase()}</h2></div>
            <div className="part-body">
              {step === 0 && <AboutFields draft={draft} onChange={change} problems={shown} />}
              {step === 1 && (
                asked.isError ? <ErrorNotice error={asked.error} what="The risk questions could not be loaded" onRetry={() => void asked.refetch()} /> : !questionnaire ? <PageLoading /> : (
                  <>
                    <DataField draft={draft} onChange={change} />
                    <div style={{marginTop: 22}}><RiskFields questionnaire={questionnaire} draft={draft} onChange={change} /></div>
                    <div style={{marginTop: 22}}><RiskOutcome questionnaire={questionnaire} answers={draft.answers} /></div>
                  </>
                )
              )}
              {step === 2 && <GoalFields draft={draft} onChange={change} problems={shown} />}
              {step === 3 && <Check draft={draft} />}
            </div>
          </div>
          {step < 3 ? (
            <Group justify="space-between">
              {step > 0 ? <Button variant="default" onClick={() => go(step - 1)}>Back</Button> : <span />}
              <Button onClick={() => go(step + 1)}>{step === 2 ? 'Check it' : 'Next'}</Button>
            </Group>
          ) : <Finish draft={draft} onBack={() => go(2)} />}
        </div>
      </div>
    </>
  );
}

function Check({draft}: {draft: UseCaseDraft}) {
  const {data: questionnaire} = useQuery(questionnaireQuery);
  return (
    <>
      {questionnaire && <RiskOutcome questionnaire={questionnaire} answers={draft.answers} />}
      <Facts items={[
        ['Name', draft.name || '–'], ['Short name', <span key="s" className="mono">{draft.slug}</span>], ['Owner', draft.owner || 'you'], ['Data', draft.dataClasses.join(', ') || 'none named'],
        ['Goals', draft.kpis.map((k) => `${k.name} ${k.direction === 'at_least' ? '≥' : '≤'} ${k.target}${k.unit ? ` ${k.unit}` : ''}`).join('; ') || 'none'],
        ['Quality', draft.thresholds.map((t) => formatThreshold({...t, value: Number(t.value)})).join('; ') || 'none'],
      ]} />
      {([['What it is for', draft.purpose], ['Whom it affects', draft.usersAffected], ['Against the risks', draft.mitigations], ['What it cannot do', draft.knownLimits]] as const).map(([title, text]) => (
        <div key={title}><h3>{title}</h3><Prose text={text} none="Nothing yet." /></div>
      ))}
    </>
  );
}

function Finish({draft, onBack}: {draft: UseCaseDraft; onBack: () => void}) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const risk = questionnaire ? previewRisk(questionnaire, draft.answers) : null;
  const missing = [...(draft.purpose.trim() ? [] : ['its purpose']), ...(draft.usersAffected.trim() ? [] : ['whom it affects']), ...(risk?.unanswered ? [plural(risk.unanswered, 'answer')] : [])];
  const name = draft.name.trim();
  const register = useMutation({
    mutationFn: async (submit: boolean) => {
      await need(api.POST('/api/v1/use-cases', {body: bodyOf(draft)}));
      if (!submit) return {message: `${name} is kept as a draft.`};
      // Registered it is, whatever becomes of the submission.
      return need(api.POST('/api/v1/use-cases/{slug}/submit', {params: {path: {slug: draft.slug}}}))
          .then(() => ({message: `${name} waits for ${listOf(risk?.tier?.required_reviews ?? []) || 'review'} now.`}),
                (error: unknown) => ({color: 'red', message: `${name} is registered, but not submitted: ${errorMessage(error)}`}));
    },
    onSuccess: (outcome) => {
      keepDraft(null);
      refreshUseCase(queryClient, draft.slug);
      notifications.show(outcome);
      void navigate({to: '/use-cases/$slug', params: {slug: draft.slug}});
    },
  });
  return (
    <>
      <Failure error={register.error} />
      {missing.length > 0 && <Text size="sm" c="dimmed" mb="xs">To submit it, {listOf(missing)} {missing.length > 1 || !/^its|^1 |^whom/.test(missing[0]!) ? 'are' : 'is'} still missing. A draft can wait.</Text>}
      <Group justify="space-between" mt="xs">
        <Button variant="default" onClick={onBack}>Back</Button>
        <Group gap="xs">
          <Button variant="default" loading={register.isPending && register.variables === false} onClick={() => register.mutate(false)}>Keep as a draft</Button>
          <Button loading={register.isPending && register.variables === true} disabled={!questionnaire || missing.length > 0 || risk?.tier?.forbidden} onClick={() => register.mutate(true)}>Register and submit for review</Button>
        </Group>
      </Group>
    </>
  );
}
