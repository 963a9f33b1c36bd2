// SPDX-License-Identifier: Apache-2.0
import {Alert, Button, Divider, PasswordInput, Stack, Text, TextInput} from '@mantine/core';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {getRouteApi, useRouter} from '@tanstack/react-router';
import {useEffect, useRef, useState, type FormEvent} from 'react';
import {api, errorMessage, need, setCsrfToken} from '../api/client';
import {signInMethodsQuery} from '../api/people-queries';
import {sessionQuery} from '../api/queries';
import {Logo} from '../app/logo';
import {PageLoading} from '../ui/notices';

interface Credentials {
  username?: string;
  password?: string;
  token?: string;
}

const route = getRouteApi('/sign-in');

// What an attempt with the identity provider came to; the server leaves it for this page only.
function takeNotice(): string {
  const found = /(?:^|; )slipway_notice=([^;]*)/.exec(document.cookie);
  if (!found) return '';
  document.cookie = 'slipway_notice=; Path=/sign-in; Max-Age=0';
  try {
    return decodeURIComponent(found[1]!);
  } catch {
    return '';
  }
}

export function SignInPage() {
  const {next} = route.useSearch();
  const router = useRouter();
  const queryClient = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [token, setToken] = useState('');
  const tried = useRef(false);
  const {data: methods} = useQuery(signInMethodsQuery);
  const [notice] = useState(takeNotice);

  const signIn = useMutation({
    mutationFn: (credentials: Credentials) => need(api.POST('/api/v1/session', {body: credentials})),
    onSuccess: (session) => {
      setCsrfToken(session.csrf_token);
      queryClient.setQueryData(sessionQuery.queryKey, session);
      router.history.replace(next ?? '/');
    },
  });

  // A link from the server's first start carries its one-time token behind the #, where no log sees it.
  useEffect(() => {
    document.title = 'Sign in · Slipway';
    const given = new URLSearchParams(window.location.hash.slice(1)).get('token');
    if (!given || tried.current) return;
    tried.current = true;
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
    signIn.mutate({token: given});
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const byPassword = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({username: name.trim(), password});
  };
  const byToken = (event: FormEvent) => {
    event.preventDefault();
    // The whole link may be pasted as well.
    signIn.mutate({token: token.trim().replace(/^.*#token=/, '')});
  };

  if (signIn.isSuccess) return <PageLoading />;
  return (
    <main className="door">
      <div className="card door-card">
        <div style={{display: 'flex', alignItems: 'center', gap: 12, marginBottom: 18}}>
          <Logo size={38} />
          <div><h1 style={{margin: 0}}>Sign in to Slipway</h1><Text size="sm" c="dimmed">Generative AI in production, in view</Text></div>
        </div>
        {signIn.isError && <Alert color="red" variant="light" role="alert" mb="md" styles={{message: {color: 'var(--mantine-color-error)'}}}>{errorMessage(signIn.error)}</Alert>}
        {notice && !signIn.isError && <Alert color="red" variant="light" role="alert" mb="md" styles={{message: {color: 'var(--mantine-color-error)'}}}>{notice}</Alert>}
        {methods?.oidc && <Button component="a" href={`/api/v1/oidc/start${next ? `?next=${encodeURIComponent(next)}` : ''}`} fullWidth variant={methods.password ? 'default' : 'filled'}>Sign in with {methods.oidc.name}</Button>}
        {methods?.oidc && methods.password && <Divider my="lg" label="or with a password" />}
        {methods?.password !== false && <form onSubmit={byPassword}>
          <Stack gap="sm">
            <TextInput label="Name or e-mail" autoComplete="username" required autoFocus value={name} onChange={(e) => setName(e.currentTarget.value)} />
            <PasswordInput label="Password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
            <Button type="submit" fullWidth loading={signIn.isPending} disabled={!name.trim() || !password}>Sign in</Button>
          </Stack>
        </form>}
        <Divider my="lg" label="or for the first time" />
        <form onSubmit={byToken}>
          <Stack gap="sm">
            <TextInput label="One-time token" description="Slipway prints it, and a link with it, at its first start." autoComplete="off" spellCheck={false}
                       value={token} onChange={(e) => setToken(e.currentTarget.value)} />
            <Button type="submit" variant="default" fullWidth loading={signIn.isPending} disabled={!token.trim()}>Use the token</Button>
          </Stack>
        </form>
      </div>
    </main>
  );
}
