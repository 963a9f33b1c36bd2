// SPDX-License-Identifier: Apache-2.0
// Making, rotating and revoking a key.
import {Alert, Autocomplete, Button, Group, Modal, NumberInput, Select, Stack, Tabs, TagsInput, Text, TextInput} from '@mantine/core';
import {useDebouncedValue} from '@mantine/hooks';
import {IconAlertTriangle, IconClock} from '@tabler/icons-react';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useState, type FormEvent} from 'react';
import {api, need} from '../api/client';
import {modelsQuery, sessionQuery, someUseCasesQuery} from '../api/queries';
import type {Key, KeyWithSecret} from '../api/types';
import {formatFullTime} from '../lib/format';
import {toLocalInput} from '../lib/range';
import {slugProblem} from '../lib/slug';
import {curlCommand, nodeProgram, pythonProgram} from '../lib/snippets';
import {CodeBlock, Copy} from '../ui/bits';
import {Dialog, Failure} from '../ui/dialog';

const kExpiries = [
  {value: '', label: 'Never'}, {value: '30', label: 'In 30 days'}, {value: '90', label: 'In 90 days'}, {value: '365', label: 'In a year'}, {value: 'at', label: 'At a given time'},
];

export function CreateKey({environment, onClose, onMade}: {environment: string | undefined; onClose: () => void; onMade: (made: KeyWithSecret) => void}) {
  const queryClient = useQueryClient();
  const {data: session} = useQuery(sessionQuery);
  const environments = session?.environments.map((e) => e.name) ?? [];
  const [name, setName] = useState('');
  const [useCase, setUseCase] = useState('');
  const [where, setWhere] = useState<string>(environment ?? environments[0] ?? '');
  const [models, setModels] = useState<string[]>([]);
  const [expiry, setExpiry] = useState('');
  const [expiresAt, setExpiresAt] = useState(() => toLocalInput(new Date(Date.now() + 7 * 86_400_000)));
  const [concurrent, setConcurrent] = useState<number | ''>('');
  const {data: offered} = useQuery(modelsQuery(where || undefined));
  const slug = useCase.trim();
  const [asked] = useDebouncedValue(slug, 200);
  const {data: useCases} = useQuery(someUseCasesQuery(asked));
  const slugs = useCases?.map((u) => u.slug) ?? [];
  const unknown = slug !== '' && useCases !== undefined && !slugs.includes(slug);
  const problem = unknown ? slugProblem(slug) : null;

  const make = useMutation({
    mutationFn: async () => {
      if (unknown) {
        // That it exists already is no harm: the list shows only some of very many.
        await api.POST('/api/v1/use-cases', {body: {slug, name: slug}});
        void queryClient.invalidateQueries({queryKey: ['use-cases']});
      }
      const expires_at = expiry === '' ? null : expiry === 'at' ? new Date(expiresAt).toISOString() : new Date(Date.now() + Number(expiry) * 86_400_000).toISOString();
      return need(api.POST('/api/v1/keys', {
        body: {name: name.trim(), use_case: slug, environment: where, allowed_models: models, expires_at, max_concurrent: concurrent === '' ? null : concurrent},
      }));
    },
    onSuccess: (made) => {
      void queryClient.invalidateQueries({queryKey: ['keys']});
      onMade(made);
    },
  });
  const ready = name.trim() !== '' && slug !== '' && !problem && where !== '' && (expiry !== 'at' || new Date(expiresAt).getTime() > Date.now());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) make.mutate();
  };
  return (
    <Modal opened onClose={onClose} title="Create a key" size="lg">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Name" description="Who or what holds it, as “support-bot backend”" required data-autofocus maxLength={100} value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <Group grow align="flex-start">
            <Autocomplete label="Use case" required data={slugs} value={useCase} onChange={setUseCase} error={problem}
                          description={unknown && !problem ? 'New: it will be registered' : 'Its calls are counted under this name'} />
            <Select label="Environment" description="Each has keys of its own" required allowDeselect={false} data={environments} value={where} onChange={(value) => setWhere(value ?? '')} />
          </Group>
          <TagsInput label="Allowed models" description="Names or patterns as openai/*; none allows all" data={[...new Set(offered?.map((m) => m.name))]} value={models} onChange={setModels}
                     placeholder={models.length ? undefined : 'All models'} clearButtonProps={{'aria-label': 'Allow all'}} clearable />
          <Group grow align="flex-start">
            <Select label="Expires" allowDeselect={false} data={kExpiries} value={expiry} onChange={(value) => setExpiry(value ?? '')} />
            {expiry === 'at' && <TextInput label="At" type="datetime-local" value={expiresAt} onChange={(e) => setExpiresAt(e.currentTarget.value)} />}
            <NumberInput label="Calls at once, at most" placeholder="The server’s default" min={1} max={100_000} allowDecimal={false} value={concurrent} onChange={(value) => setConcurrent(typeof value === 'number' ? value : '')} />
          </Group>
          <Failure error={make.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" disabled={!ready} loading={make.isPending}>Create</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export function SecretDialog({made: {key, secret, published}, rotated, onClose}: {made: KeyWithSecret; rotated: boolean; onClose: () => void}) {
  const {data: offered} = useQuery(modelsQuery(key.environment));
  const chat = offered?.filter((m) => m.operations.includes('chat')) ?? [];
  const model = chat.find((m) => !key.allowed_models.length || key.allowed_models.includes(m.name))?.name ??
                key.allowed_models.find((m) => !/[*?]/.test(m)) ?? chat[0]?.name ?? 'model';
  const origin = window.location.origin;
  const request = {model, messages: [{role: 'user', content: 'Hello, Slipway!'}]};
  const snippets: [string, string][] = [
    ['curl', curlCommand(origin, 'chat', JSON.stringify(request), secret)], ['Python', pythonProgram(origin, request, secret)], ['Node', nodeProgram(origin, request, secret)],
  ];
  return (
    <Modal opened onClose={onClose} title={rotated ? `New secret of ${key.name}` : `${key.name} is ready`} size="xl" closeOnClickOutside={false} closeOnEscape={false} withCloseButton={false}>
      <Stack gap="sm">
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle aria-hidden />} styles={{message: {color: 'var(--mantine-color-text)'}}}>
          Store the secret now. It is kept only as a hash: once this closes, nobody can show it again.
          {rotated && key.previous_secret_until && <> The old secret works until {formatFullTime(key.previous_secret_until)}.</>}
        </Alert>
        {!published && (
          <Alert color="blue" variant="light" icon={<IconClock aria-hidden />} styles={{message: {color: 'var(--mantine-color-text)'}}}>
            It is stored, but the server cannot read its store just now: the secret works as soon as it can. Nothing needs to be repeated.
          </Alert>
        )}
        <div className="code-box" style={{display: 'flex', alignItems: 'center', gap: 8, padding: '8px 10px 8px 14px'}}>
          <code data-testid="secret" style={{flex: 1, overflowWrap: 'anywhere'}}>{secret}</code>
          <Copy iconOnly={false} text={secret} label="Copy the secret" />
        </div>
        <Tabs defaultValue="curl" keepMounted={false}>
          <Tabs.List mb="xs">{snippets.map(([name]) => <Tabs.Tab key={name} value={name}>{name}</Tabs.Tab>)}</Tabs.List>
          {snippets.map(([name, code]) => <Tabs.Panel key={name} value={name}><CodeBlock code={code} label={`${name} example`} /></Tabs.Panel>)}
        </Tabs>
        <Group justify="flex-end"><Button onClick={onClose}>I have stored it</Button></Group>
      </Stack>
    </Modal>
  );
}

const kGraces = [
  {value: '0', label: 'Not at all: it stops within a second'}, {value: '3600', label: 'One hour more'}, {value: '86400', label: 'One day more'}, {value: '604800', label: 'One week more'},
];

export function RotateKey({target, onClose, onMade}: {target: Key; onClose: () => void; onMade: (made: KeyWithSecret) => void}) {
  const queryClient = useQueryClient();
  const [grace, setGrace] = useState('86400');
  const rotate = useMutation({
    mutationFn: () => need(api.POST('/api/v1/keys/{id}/rotate', {params: {path: {id: target.id}}, body: {grace_seconds: Number(grace)}})),
    onSuccess: (made) => {
      void queryClient.invalidateQueries({queryKey: ['keys']});
      onMade(made);
    },
  });
  return (
    <Dialog title={`Rotate ${target.name}`} onClose={onClose} error={rotate.error} action="Rotate" pending={rotate.isPending} onSubmit={() => rotate.mutate()}>
      <Text size="sm">The key gets a new secret and keeps its name, its use case and its history.</Text>
      <Select label="The old secret works" data={kGraces} allowDeselect={false} value={grace} onChange={(value) => setGrace(value ?? '86400')} data-autofocus />
    </Dialog>
  );
}

export function RevokeKey({target, onClose}: {target: Key; onClose: () => void}) {
  const queryClient = useQueryClient();
  const [typed, setTyped] = useState('');
  const revoke = useMutation({
    mutationFn: () => api.DELETE('/api/v1/keys/{id}', {params: {path: {id: target.id}}}),
    onSuccess: () => {
      void queryClient.invalidateQueries({queryKey: ['keys']});
      onClose();
    },
  });
  return (
    <Dialog title={`Revoke ${target.name}`} onClose={onClose} error={revoke.error} action="Revoke" danger disabled={typed !== target.name} pending={revoke.isPending} onSubmit={() => revoke.mutate()}>
      <Text size="sm">Calls with this key are refused from the next second on. It cannot be taken back; its history stays.</Text>
      <TextInput label={<>Type <strong>{target.name}</strong> to go on</>} aria-label={`Type ${target.name} to go on`} autoComplete="off" value={typed} onChange={(e) => setTyped(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
