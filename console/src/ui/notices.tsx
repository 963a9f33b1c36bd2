// SPDX-License-Identifier: Apache-2.0
// What a page shows when it has nothing, not yet anything, or could not get it.
import {Alert, Button, Center, Loader, Text} from '@mantine/core';
import {IconAlertTriangle, IconRefresh} from '@tabler/icons-react';
import {Link, useRouter, type ErrorComponentProps} from '@tanstack/react-router';
import {useQueryClient} from '@tanstack/react-query';
import type {ReactNode} from 'react';
import {errorMessage} from '../api/client';

export function PageLoading() {
  return <Center h={240}><Loader size="sm" role="status" aria-label="Loading" /></Center>;
}

export function ErrorNotice({error, onRetry, what}: {error: unknown; onRetry?: () => void; what: string}) {
  return (
    <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle aria-hidden />} title={what} my="sm"
           styles={{title: {color: 'var(--mantine-color-error)'}, message: {color: 'var(--mantine-color-text)'}}}>
      <Text size="sm" mb={onRetry ? 'xs' : 0}>{errorMessage(error)}</Text>
      {onRetry && <Button size="xs" variant="default" leftSection={<IconRefresh size={14} />} onClick={onRetry}>Try again</Button>}
    </Alert>
  );
}

export function ErrorPage({error}: ErrorComponentProps) {
  const router = useRouter();
  const queryClient = useQueryClient();
  return (
    <div className="door">
      <div className="card door-card" role="main">
        <h1>This page did not open</h1>
        <ErrorNotice error={error} what="What happened" onRetry={() => {
          queryClient.removeQueries({predicate: (query) => query.state.status === 'error'});
          void router.invalidate();
        }} />
      </div>
    </div>
  );
}

export function NotFoundPage() {
  return (
    <div className="door">
      <div className="card door-card" role="main">
        <h1>There is no such page</h1>
        <Text c="dimmed" my="sm">The address may be cut off or out of date.</Text>
        <Button component={Link} to="/">To the overview</Button>
      </div>
    </div>
  );
}

export function EmptyState({icon, title, children}: {icon: ReactNode; title: string; children: ReactNode}) {
  return <div className="empty">{icon}<h2>{title}</h2>{children}</div>;
}
