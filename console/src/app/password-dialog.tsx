// SPDX-License-Identifier: Apache-2.0
import {Alert, Button, Group, Modal, PasswordInput, Stack} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState, type FormEvent} from 'react';
import {api, errorMessage} from '../api/client';
import {sessionQuery} from '../api/queries';

const kShortest = 12;

export default function PasswordDialog({needsCurrent, onClose}: {needsCurrent: boolean; onClose: () => void}) {
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const [again, setAgain] = useState('');
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: () => api.PUT('/api/v1/me/password', {
      body: {new_password: wanted, ...(needsCurrent ? {current_password: current} : {})},
    }),
    onSuccess: () => {
      void queryClient.invalidateQueries({queryKey: sessionQuery.queryKey});
      notifications.show({message: 'Your password is set.'});
      onClose();
    },
  });
  const tooShort = wanted !== '' && [...wanted].length < kShortest;
  const differs = again !== '' && again !== wanted;
  const ready = [...wanted].length >= kShortest && again === wanted && (!needsCurrent || current !== '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) save.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={needsCurrent ? 'Change password' : 'Set a password'}>
      <form onSubmit={submit}>
        <Stack>
          {needsCurrent && <PasswordInput label="Current password" autoComplete="current-password" required value={current}
                                          onChange={(e) => setCurrent(e.currentTarget.value)} />}
          <PasswordInput label="New password" description={`At least ${kShortest} characters; a sentence is best.`} autoComplete="new-password"
                         required data-autofocus value={wanted} onChange={(e) => setWanted(e.currentTarget.value)}
                         error={tooShort ? `${kShortest - [...wanted].length} more to go` : undefined} />
          <PasswordInput label="The same once more" autoComplete="new-password" required value={again}
                         onChange={(e) => setAgain(e.currentTarget.value)} error={differs ? 'The two differ' : undefined} />
          {save.isError && <Alert color="red" role="alert">{errorMessage(save.error)}</Alert>}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" disabled={!ready} loading={save.isPending}>Save</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
