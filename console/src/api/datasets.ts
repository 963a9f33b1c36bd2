// SPDX-License-Identifier: Apache-2.0
// What the pages of datasets ask, and how a file of any size gets to the server: in pieces.
import {infiniteQueryOptions, keepPreviousData, queryOptions} from '@tanstack/react-query';
import type {AssetId} from '../lib/asset';
import {stringifySearch} from '../lib/search';
import {api, ApiError, csrfHeaders, need, toError} from './client';
import type {components} from './schema';

type Schemas = components['schemas'];
export type Case = Schemas['Case'];
export type CaseDiff = Schemas['CaseDiff'];
export type Dataset = Schemas['Dataset'];
export type DatasetUpload = Schemas['DatasetUpload'];
export type InvocationSample = Schemas['InvocationSample'];
export type InvocationSampleResult = Schemas['InvocationSampleResult'];

export interface CaseFilter {
  version?: string;
  tag?: string;
  split?: string;
  q?: string;
}

const kPage = 50;
const keyOf = (id: AssetId) => ['asset', id.owner, id.kind, id.name, 'dataset'];
const pathOf = ({owner, name}: AssetId) => ({owner, name});

export function datasetQuery(id: AssetId, version: string | undefined) {
  return queryOptions({
    queryKey: [...keyOf(id), version ?? ''],
    queryFn: ({signal}) => need(api.GET('/api/v1/datasets/{owner}/{name}', {signal, params: {path: pathOf(id), query: {version}}})),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
}

export function casesQuery(id: AssetId, filter: CaseFilter) {
  return infiniteQueryOptions({
    queryKey: [...keyOf(id), 'cases', filter],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/datasets/{owner}/{name}/cases', {
      signal, params: {path: pathOf(id), query: {...filter, limit: kPage, ...(pageParam ? {cursor: pageParam} : {})}},
    })),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
}

export function caseQuery(id: AssetId, version: string | undefined, which: string) {
  return queryOptions({
    queryKey: [...keyOf(id), 'case', version ?? '', which],
    queryFn: ({signal}) => need(api.GET('/api/v1/datasets/{owner}/{name}/cases/{id}', {signal, params: {path: {...pathOf(id), id: which}, query: {version}}})),
    staleTime: 5_000,
  });
}

export function caseDiffQuery(id: AssetId, from: string, to: string) {
  return infiniteQueryOptions({
    queryKey: [...keyOf(id), 'diff', from, to],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/datasets/{owner}/{name}/diff', {
      signal, params: {path: pathOf(id), query: {from, to, limit: kPage, ...(pageParam ? {cursor: pageParam} : {})}},
    })),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 5_000,
  });
}

export function exportLink({owner, name}: AssetId, filter: CaseFilter, format: 'jsonl' | 'csv'): string {
  return `/api/v1/datasets/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/export${stringifySearch({...filter, format})}`;
}

// ---- uploads

export interface UploadProgress {
  phase: 'sending' | 'reading';
  sent: number;
  total: number;
  cases: number;
}
export interface ImportWish {
  name: string;
  mode: 'replace' | 'append';
  split?: string;
  tags?: string[];
  message?: string;
  parent?: string | null;
}

const kPieceBytes = 1 << 20;
const kPollMs = 300;

async function put(url: string, body: Blob, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, {method: 'PUT', body, signal, headers: {...csrfHeaders(), 'Content-Type': 'application/octet-stream'}});
  if (!response.ok) throw await toError(response);
}

// Sends the file and has it imported. Everything wrong with it is one error that names the lines; then nothing is stored.
export async function importFile(owner: string, file: File, wish: ImportWish, signal: AbortSignal, onProgress: (progress: UploadProgress) => void): Promise<DatasetUpload> {
  const {id} = await need(api.POST('/api/v1/dataset-uploads/{owner}', {signal, params: {path: {owner}}, body: {file_name: file.name}}));
  const path = {owner, id};
  try {
    for (let sent = 0; sent < file.size; sent += kPieceBytes) {
      onProgress({phase: 'sending', sent, total: file.size, cases: 0});
      const url = `/api/v1/dataset-uploads/${encodeURIComponent(owner)}/${encodeURIComponent(id)}?offset=${sent}`;
      const piece = file.slice(sent, sent + kPieceBytes);
      // A piece that was cut off is sent again: the server knows what it has.
      await put(url, piece, signal).catch((error: unknown) => {
        if (error instanceof ApiError || signal.aborted) throw error;
        return put(url, piece, signal);
      });
    }
    await need(api.POST('/api/v1/dataset-uploads/{owner}/{id}/import', {signal, params: {path}, body: wish}));
    for (;;) {
      const upload = await need(api.GET('/api/v1/dataset-uploads/{owner}/{id}', {signal, params: {path}}));
      if (upload.state === 'done') return upload;
      if (upload.state === 'failed') throw new ApiError(422, null, problemsOf(upload));
      onProgress({phase: 'reading', sent: file.size, total: file.size, cases: upload.cases});
      await new Promise((resolve) => setTimeout(resolve, kPollMs));
      signal.throwIfAborted();
    }
  } catch (error) {
    // Not left behind for a day; whether that works is of no matter to what went wrong.
    void api.DELETE('/api/v1/dataset-uploads/{owner}/{id}', {params: {path}}).catch(() => undefined);
    throw error;
  }
}

function problemsOf({problems, problem_count}: DatasetUpload): string {
  const lines = problems.map(({where, message, hint}) => `${where ? `${where}: ` : ''}${message}${hint ? ` (${hint})` : ''}`);
  const more = (problem_count ?? lines.length) - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n') || 'The file could not be read';
}
