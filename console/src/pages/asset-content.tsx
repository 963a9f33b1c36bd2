// SPDX-License-Identifier: Apache-2.0
// A version of an asset, as people read it: a prompt as its messages, anything as its YAML, and what it refers to.
import {Select} from '@mantine/core';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {lazy, Suspense} from 'react';
import {assetVersionQuery, assetVersionsQuery, type AssetDetail, type AssetReference} from '../api/governance';
import {parseAssetName, type AssetId} from '../lib/asset';
import {parseTurn} from '../lib/chat';
import {formatAgo} from '../lib/format';
import {variablesOf} from '../lib/variables';
import {Copy} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {TurnCard} from '../ui/conversation';
import {Facts, Nothing, Panel, Tag} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';

const YamlEditor = lazy(() => import('../ui/yaml-editor'));
const route = getRouteApi('/app/catalogue/$owner/$kind/$name');

export function AssetContent({id, asset}: {id: AssetId; asset: AssetDetail}) {
  const {version} = route.useSearch();
  const setSearch = useSetSearch();
  const wanted = version ?? 'latest';
  const query = useQuery(assetVersionQuery(id, wanted));
  const versions = useInfiniteQuery(assetVersionsQuery(id)).data?.pages.flatMap((page) => page.items) ?? [];
  const shown = query.data;
  const choices = versions.map((v) => ({value: String(v.version), label: `Version ${v.version}${v.labels.length ? ` (${v.labels.join(', ')})` : ''} · ${formatAgo(v.created_at)}`}));
  const current = shown ? String(shown.version) : String(asset.latest.version);
  return (
    <>
      <div className="filters">
        <Select size="xs" w={300} aria-label="Version" allowDeselect={false} value={current} data={choices.some((c) => c.value === current) ? choices : [{value: current, label: `Version ${current}`}, ...choices]}
                onChange={(value) => setSearch({version: value === String(asset.latest.version) ? undefined : value ?? undefined})} />
        {shown && shown.version !== asset.latest.version && <Tag tone="warn">not the latest</Tag>}
        {shown && <span className="quiet">{shown.author}{shown.message && `: “${shown.message}”`}</span>}
      </div>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="The version could not be loaded" onRetry={() => void query.refetch()} />}
      {shown && (
        <div className="columns">
          <div>
            {id.kind === 'prompt' && <Panel title="What the model is told"><Messages content={shown.content} /></Panel>}
            <Panel title="As a file" flush tools={<Copy text={shown.yaml ?? ''} label="Copy the YAML" />}>
              <div className="yaml-view"><Suspense fallback={<PageLoading />}><YamlEditor value={shown.yaml ?? JSON.stringify(shown.content, null, 2)} label={`YAML of version ${shown.version}`} /></Suspense></div>
            </Panel>
          </div>
          <div>
            <Panel title="Refers to"><References references={shown.references} /></Panel>
            {id.kind === 'prompt' && <Panel title="Variables"><Variables content={shown.content} /></Panel>}
            <Panel title="Facts">
              <Facts items={[['Name', <span key="n" className="mono">{id.owner}/{id.kind}/{id.name}</span>], ['Digest', <span key="d" className="mono">{shown.digest.replace(/^sha256:/, '').slice(0, 16)}… <Copy text={shown.digest} label="Copy the digest" /></span>]]} />
            </Panel>
          </div>
        </div>
      )}
    </>
  );
}

function References({references}: {references: AssetReference[]}) {
  if (!references.length) return <Nothing>Nothing; it stands alone.</Nothing>;
  return (
    <ul className="plain-list">
      {references.map((reference) => {
        const target = parseAssetName(reference.target);
        return (
          <li key={`${reference.path} ${reference.target}`}>
            <div className="quiet mono">{reference.path}</div>
            {target ? <Link className="text-link" to="/catalogue/$owner/$kind/$name" params={target}>{reference.target}</Link> : reference.target}
            {!reference.exists && <> <Tag tone="bad">not there</Tag></>}{reference.deprecated && <> <Tag tone="warn">deprecated</Tag></>}
          </li>
        );
      })}
    </ul>
  );
}

function Messages({content}: {content: Record<string, unknown>}) {
  const messages = Array.isArray(content.messages) ? content.messages as Record<string, unknown>[] : [];
  const examples = Array.isArray(content.examples) ? content.examples as Record<string, unknown>[] : [];
  if (!messages.length) return <Nothing>It has no messages.</Nothing>;
  return (
    <div>
      {messages.map((message, i) => message.placeholder ? <p key={i} className="quiet" style={{margin: '10px 0'}}>… the caller’s own messages go here …</p> : <TurnCard key={i} turn={parseTurn(message)} />)}
      {examples.length > 0 && <h3 style={{margin: '14px 0 8px'}}>Examples it is shown</h3>}
      {examples.map((example, i) => (
        <div key={i} style={{marginBottom: 10}}><TurnCard turn={parseTurn({role: 'user', content: example.user})} /><TurnCard turn={parseTurn({role: 'assistant', content: example.assistant})} /></div>
      ))}
    </div>
  );
}

function Variables({content}: {content: Record<string, unknown>}) {
  const variables = variablesOf(content);
  if (!variables.length) return <Nothing>It takes none.</Nothing>;
  return (
    <ul className="plain-list">
      {variables.map((variable) => (
        <li key={variable.name}><code>{variable.name}</code> <span className="quiet">{variable.type}{variable.required ? ', required' : ''}{variable.initial && `, default ${variable.initial}`}{variable.values.length > 0 && `: ${variable.values.join(', ')}`}</span>
          {variable.description && <div>{variable.description}</div>}</li>
      ))}
    </ul>
  );
}
