// SPDX-License-Identifier: Apache-2.0
// Inviting, giving roles, making new links and letting nobody in.
import {Alert, Button, Group, Modal, Stack, Text, TextInput} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {IconAlertTriangle} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, need} from '../api/client';
import type {Person, PersonWithSecret} from '../api/people-queries';
import type {Grant} from '../lib/roles';
import {Copy} from '../ui/bits';
import {Dialog} from '../ui/dialog';
import {RoleEditor} from './role-editor';

const kEmail = /^[^\s@,;:<>"\\()]+@[^\s@,;:<>"\\()]+$/;

function useRefresh() {
  const queryClient = useQueryClient();
  return () => {
    void queryClient.invalidateQueries({queryKey: ['people']});
    void queryClient.invalidateQueries({queryKey: ['audit']});
  };
}

export function useActivate() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (person: Person) => need(api.POST('/api/v1/principals/{id}/activate', {params: {path: {id: person.id}}})),
    onSuccess: (person) => {
      refresh();
      notifications.show({message: `${person.name} is active again.${person.kind === 'service' ? ' It needs a new token.' : ''}`});
    },
  });
}

export function AddPerson({kind, onClose, onMade}: {kind: Person['kind']; onClose: () => void; onMade: (made: PersonWithSecret) => void}) {
  const refresh = useRefresh();
  const users = kind === 'user';
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [grants, setGrants] = useState<Grant[]>([{role: 'viewer'}]);
  const make = useMutation({
    mutationFn: () => need(api.POST('/api/v1/principals', {body: {kind, name: name.trim(), grants, ...(users ? {email: email.trim()} : {})}})),
    onSuccess: (made) => {
      refresh();
      onMade(made);
    },
  });
  const wrong = email !== '' && !kEmail.test(email.trim());
  const ready = name.trim() !== '' && (!users || (email !== '' && !wrong));
  return (
    <Dialog title={users ? 'Invite somebody' : 'Create a service account'} size="lg" onClose={onClose} error={make.error} action={users ? 'Invite' : 'Create'} disabled={!ready} pending={make.isPending} onSubmit={() => make.mutate()}>
      <TextInput label="Name" description={users ? 'As colleagues know them' : 'What it is for, as “CI of the support team”'} required data-autofocus maxLength={100} value={name} onChange={(e) => setName(e.currentTarget.value)} />
      {users && <TextInput label="E-mail address" description="They sign in with it; nothing is sent there" required type="email" value={email} onChange={(e) => setEmail(e.currentTarget.value)} error={wrong ? 'Looks like anna@example.com' : undefined} />}
      <RoleEditor grants={grants} onChange={setGrants} />
    </Dialog>
  );
}

export function EditRoles({person, onClose}: {person: Person; onClose: () => void}) {
  const refresh = useRefresh();
  const [grants, setGrants] = useState<Grant[]>(person.grants);
  const save = useMutation({
    mutationFn: () => need(api.PUT('/api/v1/principals/{id}/roles', {params: {path: {id: person.id}}, body: {roles: grants}})),
    onSuccess: () => {
      refresh();
      onClose();
    },
  });
  return (
    <Dialog title={`Roles of ${person.name}`} size="lg" onClose={onClose} error={save.error} action="Save" disabled={JSON.stringify(grants) === JSON.stringify(person.grants)} pending={save.isPending} onSubmit={() => save.mutate()}>
      <Text size="sm">They hold from the next request on.</Text>
      <RoleEditor grants={grants} onChange={setGrants} />
    </Dialog>
  );
}

export function Renew({person, onClose, onMade}: {person: Person; onClose: () => void; onMade: (made: PersonWithSecret) => void}) {
  const refresh = useRefresh();
  const renew = useMutation({
    mutationFn: () => need(api.POST('/api/v1/principals/{id}/secret', {params: {path: {id: person.id}}})),
    onSuccess: (made) => {
      refresh();
      onMade(made);
    },
  });
  const user = person.kind === 'user';
  return (
    <Dialog title={user ? `A new link for ${person.name}` : `A new token for ${person.name}`} onClose={onClose} error={renew.error} action={user ? 'Make the link' : 'Make the token'} pending={renew.isPending} onSubmit={() => renew.mutate()}>
      <Text size="sm">{user ? 'Their password, their sessions and any earlier link end now; with the new link they set a password again.' : 'The token it has now ends at once.'}</Text>
    </Dialog>
  );
}

export function Deactivate({person, onClose}: {person: Person; onClose: () => void}) {
  const refresh = useRefresh();
  const stop = useMutation({
    mutationFn: () => need(api.POST('/api/v1/principals/{id}/deactivate', {params: {path: {id: person.id}}})),
    onSuccess: () => {
      refresh();
      onClose();
    },
  });
  return (
    <Dialog title={`Deactivate ${person.name}`} onClose={onClose} error={stop.error} action="Deactivate" danger pending={stop.isPending} onSubmit={() => stop.mutate()}>
      <Text size="sm">{person.kind === 'user' ? 'Their sessions end at once, and they can sign in no more.' : 'Its token ends at once.'} What they did stays on record. It can be taken back.</Text>
    </Dialog>
  );
}

export function SecretDialog({made: {principal, token, path}, onClose}: {made: PersonWithSecret; onClose: () => void}) {
  const secret = path ? window.location.origin + path : token;
  return (
    <Modal opened onClose={onClose} title={path ? `The link for ${principal.name}` : `The token of ${principal.name}`} size="lg" closeOnClickOutside={false} closeOnEscape={false} withCloseButton={false}>
      <Stack gap="sm">
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle aria-hidden />} styles={{message: {color: 'var(--mantine-color-text)'}}}>
          {path ? 'Send this link to them and to nobody else: whoever opens it first is in. It works once, and is shown only now.' : 'Store the token now. It is kept only as a hash: once this closes, nobody can show it again.'}
        </Alert>
        <div className="code-box" style={{display: 'flex', alignItems: 'center', gap: 8, padding: '8px 10px 8px 14px'}}>
          <code data-testid="secret" style={{flex: 1, overflowWrap: 'anywhere'}}>{secret}</code>
          <Copy iconOnly={false} text={secret} label={path ? 'Copy the link' : 'Copy the token'} />
        </div>
        <Group justify="flex-end"><Button onClick={onClose}>{path ? 'I have sent it' : 'I have stored it'}</Button></Group>
      </Stack>
    </Modal>
  );
}
