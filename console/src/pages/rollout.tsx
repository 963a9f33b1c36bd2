// SPDX-License-Identifier: Apache-2.0
// A rollout that is under way: how far it is, how the two releases compare, and what can be done.
import {Button, Group, Textarea} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, need} from '../api/client';
import {refreshReleases, type Deployment, type Rollout} from '../api/governance';
import {formatCount, formatDuration, formatPercent, formatUsd} from '../lib/format';
import {figureName, rolloutPhrase} from '../lib/governance';
import {Dialog, Failure} from '../ui/dialog';
import {Ago, Nothing, Panel, Tag} from '../ui/marks';
import {ReleaseLink} from './pipeline';

type Action = 'switch' | 'step' | 'finish' | 'abort' | 'pause' | 'resume';
const kDone: Record<Action, string> = {
  switch: 'The calls are switched over.', step: 'It went one step on.', finish: 'It takes all calls now.', abort: 'It is taken back.', pause: 'It is paused.', resume: 'It goes on.',
};

export function RolloutPanel({slug, deployment}: {slug: string; deployment: Deployment}) {
  const queryClient = useQueryClient();
  const [aborting, setAborting] = useState(false);
  const {environment, active, candidate} = deployment;
  const rollout = deployment.rollout!;
  const act = useMutation({
    mutationFn: ({action, reason}: {action: Action; reason?: string}) => need(api.POST('/api/v1/use-cases/{slug}/deployments/{environment}/actions', {
      params: {path: {slug, environment}}, body: {action, ...(reason ? {reason} : {})},
    })),
    onSuccess: (_, {action}) => {
      refreshReleases(queryClient, slug);
      setAborting(false);
      notifications.show({message: `${environment}: ${kDone[action].charAt(0).toLowerCase()}${kDone[action].slice(1)}`});
    },
  });
  const button = (action: Action, label: string, main = false) => (
    <Button size="xs" variant={main ? 'filled' : 'default'} loading={act.isPending && act.variables.action === action} onClick={() => act.mutate({action})}>{label}</Button>
  );
  const canary = rollout.mode === 'canary';
  return (
    <Panel title={`${rolloutPhrase(rollout)} in ${environment}`} tools={(
      <Group gap={6}>
        {rollout.state === 'paused' ? button('resume', 'Go on', true) : canary && button('pause', 'Pause')}
        {canary && button('step', 'Next step')}
        {canary ? button('finish', 'To all now') : <>{button('switch', 'Switch', true)}{button('finish', 'Finish')}</>}
        <Button size="xs" variant="default" c="var(--mantine-color-error)" onClick={() => setAborting(true)}>Take it back…</Button>
      </Group>
    )}>
      <p style={{margin: 0}} aria-live="polite">
        {candidate !== null && <>Release <ReleaseLink slug={slug} number={candidate} /> takes <strong>{rollout.percent} %</strong> of the calls{active !== null && <>, release <ReleaseLink slug={slug} number={active} /> the rest</>}. </>}
        {rollout.verdict}
      </p>
      {canary && <Steps rollout={rollout} />}
      <Figures rollout={rollout} active={active} candidate={candidate} />
      <p className="quiet" style={{margin: '8px 0 0'}}>Begun <Ago at={rollout.started_at} /> by {rollout.started_by}; {rollout.automatic ? 'goes on, and back, by itself' : 'goes on by hand only'}
        {rollout.next_step_at && rollout.state === 'running' && <>; next step <Ago at={rollout.next_step_at} /></>}.</p>
      {!aborting && <Failure error={act.error} />}
      {aborting && <Abort environment={environment} pending={act.isPending} error={act.error} onClose={() => setAborting(false)} onAbort={(reason) => act.mutate({action: 'abort', reason})} />}
    </Panel>
  );
}

function Abort({environment, pending, error, onClose, onAbort}: {environment: string; pending: boolean; error: unknown; onClose: () => void; onAbort: (reason: string) => void}) {
  const [reason, setReason] = useState('');
  return (
    <Dialog title={`Take it back in ${environment}`} onClose={onClose} onSubmit={() => onAbort(reason.trim())} action="Take it back" danger pending={pending} error={error}>
      <p style={{margin: 0}}>All calls go to the release that runs, within a second.</p>
      <Textarea label="Why?" autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}

function Steps({rollout}: {rollout: Rollout}) {
  if (!rollout.steps.length) return null;
  return (
    <ol className="steps" aria-label="Steps">
      {rollout.steps.map((step, i) => {
        const state = i < rollout.step ? 'done' : i === rollout.step ? 'now' : undefined;
        return <li key={i} data-state={state} aria-current={state === 'now' ? 'step' : undefined}>{step.percent} %{step.minutes > 0 && <span className="only-wide"> for {formatDuration(step.minutes * 60_000).replace(' 00 s', '').replace(' 00 min', '')}</span>}
          {state === 'done' && <span className="visually-hidden"> done</span>}</li>;
      })}
    </ol>
  );
}

function figure(metric: string, value: number | null): string {
  if (metric === 'error_rate') return formatPercent(value);
  if (metric === 'latency') return formatDuration(value === null ? null : value * 1000);
  if (metric === 'cost') return formatUsd(value);
  return value === null ? '–' : String(Math.round(value * 1000) / 1000);
}

const kStates = {undecided: ['not decided yet', 'quiet'], fine: ['holds', 'good'], worse: ['worse', 'bad']} as const;

function Figures({rollout, active, candidate}: {rollout: Rollout; active: number | null; candidate: number | null}) {
  if (!rollout.figures.length) return <Nothing>No figures yet: they come with the first calls.</Nothing>;
  return (
    <div className="scroll-x" role="region" aria-label="Figures of both releases" tabIndex={0}>
      <table className="data-table numeric">
        <thead><tr><th scope="col">Figure</th><th scope="col" className="right">Runs: {active === null ? '–' : `@${active}`}</th><th scope="col" className="right">New: {candidate === null ? '–' : `@${candidate}`}</th><th scope="col" className="right">p</th><th scope="col">Says</th></tr></thead>
        <tbody>
          {rollout.figures.map((f) => (
            <tr key={f.metric}>
              <td>{figureName(f.metric)}</td>
              <td className="right">{figure(f.metric, f.active)}<span className="sub">{f.calls_active !== undefined && `${formatCount(f.calls_active)} calls`}</span></td>
              <td className="right">{figure(f.metric, f.candidate)}<span className="sub">{f.calls_candidate !== undefined && `${formatCount(f.calls_candidate)} calls`}</span></td>
              <td className="right">{f.p_value === null ? '–' : f.p_value < 0.001 ? '< 0.001' : f.p_value.toFixed(3)}</td>
              <td><Tag tone={kStates[f.state][1]}>{kStates[f.state][0]}</Tag></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
