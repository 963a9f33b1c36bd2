// SPDX-License-Identifier: Apache-2.0
import type {QueryClient} from '@tanstack/react-query';
import {
  createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect,
} from '@tanstack/react-router';
import {ApiError} from '../api/client';
import {sessionQuery} from '../api/queries';
import {cleanInvocations, cleanOverview, cleanShell, parseSearch, stringifySearch} from '../lib/search';
import {cleanAudit} from '../lib/audit';
import {cleanPeople} from '../lib/people-search';
import {
  cleanApprovals, cleanAsset, cleanCatalogue, cleanPolicies, cleanRegister, cleanRegistry, cleanRelease, cleanReleases, cleanUseCase,
} from '../lib/search-pages';
import {cleanCompare, cleanEvaluations, cleanRun, cleanRuns} from '../lib/search-runs';
import {ErrorPage, NotFoundPage} from '../ui/notices';
import {Shell} from './shell';

const root = createRootRouteWithContext<{queryClient: QueryClient}>()({component: Outlet, notFoundComponent: NotFoundPage});

// Only a path of this server: a link must not lead elsewhere after signing in.
export function cleanNext(value: unknown): string | undefined {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) && !value.startsWith('/sign-in') ? value : undefined;
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): {next?: string} => {
    const next = cleanNext(search.next);
    return next ? {next} : {};
  },
  component: lazyRouteComponent(() => import('../pages/sign-in'), 'SignInPage'),
});

const welcome = createRoute({
  getParentRoute: () => root, path: '/welcome',
  component: lazyRouteComponent(() => import('../pages/welcome'), 'WelcomePage'),
});

const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  validateSearch: cleanShell,
  beforeLoad: async ({context, location}) => {
    try {
      return {session: await context.queryClient.ensureQueryData(sessionQuery)};
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        throw redirect({to: '/sign-in', search: location.href === '/' ? {} : {next: location.href}});
      }
      throw error;
    }
  },
  component: Shell,
  errorComponent: ErrorPage,
});

const overview = createRoute({
  getParentRoute: () => app,
  path: '/',
  validateSearch: cleanOverview,
  component: lazyRouteComponent(() => import('../pages/overview'), 'OverviewPage'),
});
const invocations = createRoute({
  getParentRoute: () => app,
  path: '/invocations',
  validateSearch: cleanInvocations,
  component: lazyRouteComponent(() => import('../pages/invocations'), 'InvocationsPage'),
});
const invocation = createRoute({
  getParentRoute: () => app,
  path: '/invocations/$id',
  validateSearch: cleanInvocations,
  component: lazyRouteComponent(() => import('../pages/invocation'), 'InvocationPage'),
});
const keys = createRoute({
  getParentRoute: () => app,
  path: '/keys',
  component: lazyRouteComponent(() => import('../pages/keys'), 'KeysPage'),
});
const playground = createRoute({
  getParentRoute: () => app,
  path: '/playground',
  component: lazyRouteComponent(() => import('../pages/playground'), 'PlaygroundPage'),
});
const useCases = createRoute({
  getParentRoute: () => app, path: '/use-cases', validateSearch: cleanRegistry,
  component: lazyRouteComponent(() => import('../pages/use-cases'), 'UseCasesPage'),
});
const registerUseCase = createRoute({
  getParentRoute: () => app, path: '/use-cases/new', validateSearch: cleanRegister,
  component: lazyRouteComponent(() => import('../pages/use-case-register'), 'RegisterPage'),
});
const useCase = createRoute({
  getParentRoute: () => app, path: '/use-cases/$slug', validateSearch: cleanUseCase,
  component: lazyRouteComponent(() => import('../pages/use-case'), 'UseCasePage'),
});
const editUseCase = createRoute({
  getParentRoute: () => app, path: '/use-cases/$slug/edit',
  component: lazyRouteComponent(() => import('../pages/use-case-edit'), 'EditUseCasePage'),
});
const catalogue = createRoute({
  getParentRoute: () => app, path: '/catalogue', validateSearch: cleanCatalogue,
  component: lazyRouteComponent(() => import('../pages/catalogue'), 'CataloguePage'),
});
const asset = createRoute({
  getParentRoute: () => app, path: '/catalogue/$owner/$kind/$name', validateSearch: cleanAsset,
  component: lazyRouteComponent(() => import('../pages/asset'), 'AssetPage'),
});
const releases = createRoute({
  getParentRoute: () => app, path: '/releases', validateSearch: cleanReleases,
  component: lazyRouteComponent(() => import('../pages/releases'), 'ReleasesPage'),
});
const useCaseReleases = createRoute({
  getParentRoute: () => app, path: '/releases/$slug',
  component: lazyRouteComponent(() => import('../pages/use-case-releases'), 'UseCaseReleasesPage'),
});
const release = createRoute({
  getParentRoute: () => app, path: '/releases/$slug/$number', validateSearch: cleanRelease,
  component: lazyRouteComponent(() => import('../pages/release'), 'ReleasePage'),
});
const gate = createRoute({
  getParentRoute: () => app, path: '/gates/$slug/$id',
  component: lazyRouteComponent(() => import('../pages/gate'), 'GatePage'),
});
const approvals = createRoute({
  getParentRoute: () => app, path: '/approvals', validateSearch: cleanApprovals,
  component: lazyRouteComponent(() => import('../pages/approvals'), 'ApprovalsPage'),
});
const policies = createRoute({
  getParentRoute: () => app, path: '/policies', validateSearch: cleanPolicies,
  component: lazyRouteComponent(() => import('../pages/policies'), 'PoliciesPage'),
});
const evaluations = createRoute({
  getParentRoute: () => app, path: '/evaluations', validateSearch: cleanEvaluations,
  component: lazyRouteComponent(() => import('../pages/evaluations'), 'EvaluationsPage'),
});
const runs = createRoute({
  getParentRoute: () => app, path: '/runs', validateSearch: cleanRuns,
  component: lazyRouteComponent(() => import('../pages/runs'), 'RunsPage'),
});
const compareRuns = createRoute({
  getParentRoute: () => app, path: '/runs/compare', validateSearch: cleanCompare,
  component: lazyRouteComponent(() => import('../pages/run-compare'), 'RunComparePage'),
});
const run = createRoute({
  getParentRoute: () => app, path: '/runs/$id', validateSearch: cleanRun,
  component: lazyRouteComponent(() => import('../pages/run'), 'RunPage'),
});

const people = createRoute({
  getParentRoute: () => app, path: '/people', validateSearch: cleanPeople,
  component: lazyRouteComponent(() => import('../pages/people'), 'PeoplePage'),
});
const audit = createRoute({
  getParentRoute: () => app, path: '/audit', validateSearch: cleanAudit,
  component: lazyRouteComponent(() => import('../pages/audit'), 'AuditPage'),
});

const pages = [
  overview, invocations, invocation, keys, playground,
  useCases, registerUseCase, useCase, editUseCase, catalogue, asset, evaluations, runs, compareRuns, run, releases, useCaseReleases, release, gate,
  approvals, policies, people, audit,
] as const;

export function makeRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([signIn, welcome, app.addChildren(pages)]),
    context: {queryClient},
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: ErrorPage,
    scrollRestoration: false,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
