// SPDX-License-Identifier: Apache-2.0
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './app/app.css';

import {localStorageColorSchemeManager, MantineProvider} from '@mantine/core';
import {Notifications} from '@mantine/notifications';
import {QueryClient, QueryClientProvider} from '@tanstack/react-query';
import {RouterProvider} from '@tanstack/react-router';
import {createRoot} from 'react-dom/client';
import {ApiError, setCsrfToken, whenSignedOut} from './api/client';
import {makeRouter} from './app/router';
import {cssVariables, theme} from './app/theme';

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Trying again helps against a server that is being restarted, not against a refusal.
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
      refetchOnWindowFocus: true,
    },
  },
});
const router = makeRouter(queryClient);

whenSignedOut(() => {
  setCsrfToken('');
  queryClient.clear();
  if (router.state.location.pathname !== '/sign-in') {
    void router.navigate({to: '/sign-in', search: {next: router.state.location.href}});
  }
});

createRoot(document.getElementById('root')!).render(
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto"
                     colorSchemeManager={localStorageColorSchemeManager({key: 'slipway-color-scheme'})}>
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" autoClose={4000} />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
);
