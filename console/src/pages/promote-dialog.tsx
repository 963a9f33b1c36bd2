// SPDX-License-Identifier: Apache-2.0
// Putting a release into an environment: how, whether it may, and what changes there, before anything does.
import {Alert, Checkbox, NumberInput, SegmentedControl, Select, Switch, Tabs, Text, Textarea, TextInput} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {keepPreviousData, useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {lazy, Suspense, useState} from 'react';
import {api, need} from '../api/client';
import {effectivePolicyQuery, refreshReleases, type CanaryPlan, type Deployment, type Promotion, type Release} from '../api/governance';
import {formatAgo, plural} from '../lib/format';
import {kModeLabels} from '../lib/governance';
import {formatSteps, kCanaryPresets, parseSteps} from '../lib/rollout';
import {Checks} from '../ui/checks';
import {Dialog} from '../ui/dialog';
import {Nothing} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';

const MarkdownView = lazy(() => import('../ui/markdown').then((m) => ({default: m.MarkdownView})));
type Mode = NonNullable<Promotion['mode']>;
const kModes: Mode[] = ['all', 'blue_green', 'canary'];
const kModeMeaning: Record<Mode, string> = {
  all: 'All calls go to it at once. Calls in flight finish on what they began with.',
  blue_green: 'It is made ready beside what runs. You switch when you like, and back in a second.',
  canary: 'A share of the end users gets it first, and keeps it. The share grows while its figures hold; if they do not, it is taken back.',
};

export function PromoteDialog({slug, environment, releases, deployments, release, onClose}: {
  slug: string; environment: string; releases: Release[]; deployments: Deployment[]; release?: number; onClose: () => void;
}) {
  const queryClient = useQueryClient();
  const here = deployments.find((d) => d.environment === environment);
  const before = deployments[deployments.findIndex((d) => d.environment === environment) - 1];
  // What runs one environment earlier is the likely candidate, else the newest.
  const [number, setNumber] = useState(release ?? (before?.active && before.active !== here?.active ? before.active : releases[0]?.number) ?? 0);
  const {data: policy} = useQuery(effectivePolicyQuery(slug, environment));
  const allowedModes = policy?.content.strategies?.length ? kModes.filter((m) => policy.content.strategies!.includes(m)) : kModes;
  const [chosen, setMode] = useState<Mode>('all');
  const mode = allowedModes.includes(chosen) ? chosen : allowedModes[0]!;
  const canary = useCanary();
  const [emergency, setEmergency] = useState(false);
  const [reason, setReason] = useState('');
  const body: Promotion = {environment, release: number, mode, ...(mode === 'canary' && canary.plan ? {canary: canary.plan} : {})};
  const preview = useQuery({
    queryKey: ['releases', slug, 'promotion', environment, number, mode],
    queryFn: ({signal}) => need(api.POST('/api/v1/use-cases/{slug}/promotions', {signal, params: {path: {slug}}, body: {environment, release: number, mode, preview: true}})),
    placeholderData: keepPreviousData, staleTime: 0, enabled: number > 0,
  });
  const promote = useMutation({
    mutationFn: () => need(api.POST('/api/v1/use-cases/{slug}/promotions', {params: {path: {slug}}, body: {...body, ...(emergency ? {emergency: {reason: reason.trim()}} : {})}})),
    onSuccess: () => {
      refreshReleases(queryClient, slug);
      notifications.show({message: mode === 'all' ? `${slug}@${number} runs in ${environment}.` : mode === 'canary' ? `The canary of ${slug}@${number} has begun in ${environment}.` : `${slug}@${number} stands by in ${environment}.`});
      onClose();
    },
  });
  const allowed = preview.data?.allowed ?? false;
  const ready = number > 0 && !preview.isPending && (mode !== 'canary' || canary.plan !== null) && (allowed || (emergency && reason.trim().length >= 10));
  return (
    <Dialog title={`Promote to ${environment}`} size="xl" onClose={onClose} onSubmit={() => promote.mutate()} pending={promote.isPending} error={promote.error} disabled={!ready}
            danger={emergency} action={emergency ? 'Promote in spite of the checks' : mode === 'canary' ? 'Begin the canary' : mode === 'blue_green' ? 'Make it ready' : 'Promote'}>
      <Select label="Release" allowDeselect={false} value={String(number)} onChange={(value) => setNumber(Number(value))}
              data={releases.map((r) => ({value: String(r.number), label: `${r.id} · ${formatAgo(r.created_at)}${r.message ? ` · ${r.message.slice(0, 60)}` : ''}${r.number === here?.active ? ' · runs here' : ''}`}))} />
      <div>
        <Text size="sm" fw={500} mb={4}>How</Text>
        <SegmentedControl size="sm" aria-label="How" value={mode} onChange={(value) => setMode(value as Mode)} data={allowedModes.map((m) => ({value: m, label: kModeLabels[m]}))} />
        <p className="quiet" style={{margin: '6px 0 0'}}>{kModeMeaning[mode]}</p>
      </div>
      {mode === 'canary' && <CanaryFields canary={canary} />}
      <Tabs defaultValue="checks" keepMounted={false}>
        <Tabs.List mb="sm"><Tabs.Tab value="checks">May it go there?</Tabs.Tab><Tabs.Tab value="changes">What changes there</Tabs.Tab></Tabs.List>
        <Tabs.Panel value="checks">
          {preview.isPending && <PageLoading />}
          {preview.isError && <ErrorNotice error={preview.error} what="The checks could not be made" onRetry={() => void preview.refetch()} />}
          {preview.data && (
            <>
              <p style={{margin: '0 0 6px'}} role="status"><strong>{allowed ? 'Yes.' : 'No.'}</strong> {allowed ? 'Everything that the policy asks for is met.' : `${plural(preview.data.checks.filter((c) => !c.ok).length, 'check is', 'checks are')} not met.`}</p>
              <Checks checks={preview.data.checks} />
            </>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="changes">
          <div className="code-box" style={{padding: '12px 16px', maxHeight: 320}} tabIndex={0} role="region" aria-label="What changes">
            {preview.data?.notes_md ? <Suspense fallback={<PageLoading />}><MarkdownView text={preview.data.notes_md} /></Suspense> : <Nothing>Nothing changes.</Nothing>}
          </div>
        </Tabs.Panel>
      </Tabs>
      {preview.data && !allowed && policy?.content.emergency?.allowed && (
        <Alert color="red" variant="light" styles={{message: {color: 'var(--mantine-color-text)'}}}>
          <Checkbox label="This is an emergency: promote in spite of the checks" checked={emergency} onChange={(e) => setEmergency(e.currentTarget.checked)} />
          {emergency && <Textarea mt="sm" label="Why can it not wait?" description="At least ten characters. It is announced, and stays in the audit log for good." required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />}
        </Alert>
      )}
    </Dialog>
  );
}

const kGuards = [
  ['error_rate', 'Errors rise by', 0.01, 0.005, 'of the calls'], ['latency', 'It is slower by a factor of', 1.25, 0.05, ''], ['cost', 'It is dearer by a factor of', 1.25, 0.05, ''],
  ['feedback', 'Feedback falls by', 0.05, 0.01, 'of the mean score'],
] as const;
// The chance that a release that is as good as the other is ever taken back.
const kFalseAlarm = 0.05;
type Guard = (typeof kGuards)[number][0];

function useCanary() {
  const [preset, setPreset] = useState('normal');
  const [text, setText] = useState('');
  const [automatic, setAutomatic] = useState(true);
  // Null turns a guard off.
  const [guards, setGuards] = useState<Record<Guard, number | null>>({error_rate: 0.01, latency: 1.25, cost: 1.25, feedback: 0.05});
  const [minCalls, setMinCalls] = useState(50);
  const parsed = preset === 'own' ? parseSteps(text) : kCanaryPresets[preset]!.steps;
  const plan: CanaryPlan | null = typeof parsed === 'string' ? null : {steps: parsed, automatic, guards: {...guards, alpha: kFalseAlarm, min_calls: minCalls}};
  return {preset, setPreset, text, setText, automatic, setAutomatic, guards, setGuards, minCalls, setMinCalls, problem: typeof parsed === 'string' ? parsed : null, plan};
}

function CanaryFields({canary}: {canary: ReturnType<typeof useCanary>}) {
  const {preset, setPreset, text, setText, problem, automatic, setAutomatic, guards, setGuards, minCalls, setMinCalls} = canary;
  const choose = (value: string | null) => {
    if (value === 'own') setText(formatSteps(kCanaryPresets[preset]?.steps ?? kCanaryPresets.normal!.steps));
    setPreset(value ?? 'normal');
  };
  return (
    <fieldset className="question" style={{display: 'flex', flexDirection: 'column', gap: 10}}>
      <Select label="Pace" allowDeselect={false} value={preset} onChange={choose} data={[...Object.entries(kCanaryPresets).map(([value, {label}]) => ({value, label})), {value: 'own', label: 'My own steps'}]}
              description={preset === 'own' ? undefined : formatSteps(kCanaryPresets[preset]!.steps)} />
      {preset === 'own' && <TextInput label="Steps" description="A share and how long it is held" value={text} error={problem} onChange={(e) => setText(e.currentTarget.value)} />}
      <Switch size="sm" label="Go on by itself while the figures hold" checked={automatic} onChange={(e) => setAutomatic(e.currentTarget.checked)} />
      {automatic && (
        <div className="row" style={{alignItems: 'center'}}>
          <Text size="sm">but not before a step has answered</Text>
          <NumberInput size="xs" w={90} aria-label="Calls that a step needs" allowDecimal={false} min={1} max={1_000_000} value={minCalls} onChange={(next) => typeof next === 'number' && next >= 1 && setMinCalls(next)} />
          <span className="quiet">calls</span>
        </div>
      )}
      <div>
        <Text size="sm" fw={500}>Take it back by itself if</Text>
        {kGuards.map(([guard, label, value, step, unit]) => (
          <div key={guard} className="row" style={{alignItems: 'center', marginTop: 6}}>
            <Checkbox size="sm" w={220} label={label} checked={guards[guard] !== null} onChange={(e) => setGuards({...guards, [guard]: e.currentTarget.checked ? value : null})} />
            <NumberInput size="xs" w={90} aria-label={`${label}: how much`} disabled={guards[guard] === null} value={guards[guard] ?? value} min={value > 1 ? 1 : 0} step={step} decimalScale={3}
                         onChange={(next) => typeof next === 'number' && setGuards({...guards, [guard]: next})} />
            <span className="quiet">{unit}</span>
          </div>
        ))}
      </div>
    </fieldset>
  );
}
