// SPDX-License-Identifier: Apache-2.0
// The typed client of the control API. Failures are thrown as ApiError, so that queries see them.
import createClient, {type Middleware} from 'openapi-fetch';
import type {paths} from './schema';
import type {Problem} from './types';

export class ApiError extends Error {
  constructor(readonly status: number, readonly problem: Problem | null, message: string) {
    super(message);
  }
}

let csrfToken = '';
export function setCsrfToken(token: string) {
  csrfToken = token;
}
export function csrfHeaders(): Record<string, string> {
  return csrfToken ? {'X-CSRF-Token': csrfToken} : {};
}

// Called when the server no longer knows the session.
let onSignedOut = () => {};
export function whenSignedOut(callback: () => void) {
  onSignedOut = callback;
}

export async function toError(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  let problem: Problem | null = null;
  let message = '';
  try {
    const json = JSON.parse(text);
    if (json?.error?.message) message = String(json.error.message);
    else if (typeof json?.detail === 'string') {
      problem = json as Problem;
      message = problem.detail || problem.title;
    }
  } catch {
    message = '';
  }
  return new ApiError(response.status, problem, message || `The server answered ${response.status} ${response.statusText}`.trim());
}

const middleware: Middleware = {
  onRequest({request}) {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      for (const [name, value] of Object.entries(csrfHeaders())) request.headers.set(name, value);
    }
    return request;
  },
  async onResponse({request, response}) {
    if (response.ok) return;
    if (response.status === 401 && !new URL(request.url).pathname.endsWith('/session')) onSignedOut();
    throw await toError(response);
  },
  onError({error}) {
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    return new ApiError(0, null, 'The server cannot be reached. Is it still running?');
  },
};

export const api = createClient<paths>({baseUrl: typeof window === 'undefined' ? '' : window.location.origin});
api.use(middleware);

// For answers that always carry a body.
export async function need<T>(call: Promise<{data?: T}>): Promise<T> {
  const {data} = await call;
  if (data === undefined) throw new ApiError(0, null, 'The server sent an empty answer');
  return data;
}

export function errorMessage(error: unknown): string {
  if (error instanceof ApiError && error.problem?.errors?.length) {
    return `${error.message} (${error.problem.errors.map((e) => `${e.field}: ${e.detail}`).join('; ')})`;
  }
  return error instanceof Error ? error.message : String(error);
}
