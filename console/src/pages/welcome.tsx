// SPDX-License-Identifier: Apache-2.0
// Where an invitation leads: the person it is for sets a password, or signs in with the identity provider.
import {Alert, Button, Divider, PasswordInput, Stack, Text} from '@mantine/core';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useRouter} from '@tanstack/react-router';
import {useEffect, useRef, useState, type FormEvent} from 'react';
import {api, errorMessage, need, setCsrfToken} from '../api/client';
import {signInMethodsQuery} from '../api/people-queries';
import {sessionQuery} from '../api/queries';
import {Logo} from '../app/logo';
import {PageLoading} from '../ui/notices';

const kShortest = 12;

export function WelcomePage() {
  const router = useRouter();
  const queryClient = useQueryClient();
  const {data: methods} = useQuery(signInMethodsQuery);
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [token, setToken] = useState<string | null>(null);
  const read = useRef(false);

  // The token stands behind the #, where no log sees it, and leaves the address at once. It is used only when
  // somebody acts: a program that opens links to look at them must not use it up.
  useEffect(() => {
    document.title = 'Welcome · Slipway';
    if (read.current) return;
    read.current = true;
    setToken(new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '');
    window.history.replaceState(window.history.state, '', window.location.pathname);
  }, []);

  const enter = useMutation({
    mutationFn: () => need(api.POST('/api/v1/session', {body: {token: token ?? ''}})),
    onSuccess: (session) => {
      setCsrfToken(session.csrf_token);
      queryClient.setQueryData(sessionQuery.queryKey, session);
    },
  });
  const save = useMutation({
    mutationFn: async () => {
      if (!enter.isSuccess) await enter.mutateAsync();
      await api.PUT('/api/v1/me/password', {body: {new_password: password}});
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({queryKey: sessionQuery.queryKey});
      router.history.replace('/');
    },
  });
  const long = [...password].length >= kShortest;
  const ready = long && again === password;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) save.mutate();
  };
  if (token === null || save.isSuccess) return <PageLoading />;
  return (
    <main className="door">
      <div className="card door-card">
        <div style={{display: 'flex', alignItems: 'center', gap: 12, marginBottom: 18}}>
          <Logo size={38} />
          <div><h1 style={{margin: 0}}>Welcome to Slipway</h1><Text size="sm" c="dimmed">Choose a password to come back with</Text></div>
        </div>
        {token === '' && <Alert color="red" variant="light" role="alert" mb="md" styles={{message: {color: 'var(--mantine-color-error)'}}}>This address is not whole: open the link you were sent once more, all of it.</Alert>}
        {save.isError && <Alert color="red" variant="light" role="alert" mb="md" styles={{message: {color: 'var(--mantine-color-error)'}}}>{errorMessage(save.error)}</Alert>}
        <form onSubmit={submit}>
          <Stack gap="sm">
            <PasswordInput label="Password" description={`At least ${kShortest} characters; a sentence is best.`} autoComplete="new-password" required autoFocus value={password} onChange={(e) => setPassword(e.currentTarget.value)}
                           error={password !== '' && !long ? `${kShortest - [...password].length} more to go` : undefined} />
            <PasswordInput label="The same once more" autoComplete="new-password" required value={again} onChange={(e) => setAgain(e.currentTarget.value)} error={again !== '' && again !== password ? 'The two differ' : undefined} />
            <Button type="submit" fullWidth loading={save.isPending} disabled={!ready || token === ''}>Set the password and go on</Button>
          </Stack>
        </form>
        {methods?.oidc && (
          <>
            <Divider my="lg" label="or" />
            <Button component="a" href="/api/v1/oidc/start" variant="default" fullWidth>Sign in with {methods.oidc.name}</Button>
          </>
        )}
      </div>
    </main>
  );
}
