// SPDX-License-Identifier: Apache-2.0
// Labels, deprecation and its undoing.
import {Button, NumberInput, Text, Textarea, TextInput} from '@mantine/core';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, need} from '../api/client';
import {refreshAsset, type AssetDetail} from '../api/governance';
import {assetName, parseAssetName, type AssetId} from '../lib/asset';
import {Dialog} from '../ui/dialog';
import {Nothing, Tag} from '../ui/marks';

export function LabelDialog({id, asset, onClose}: {id: AssetId; asset: AssetDetail; onClose: () => void}) {
  const queryClient = useQueryClient();
  const [label, setLabel] = useState('');
  const [version, setVersion] = useState<number | ''>(asset.latest.version);
  const set = useMutation({
    mutationFn: (body: {label: string; version: number | null}) => need(api.POST('/api/v1/assets/{owner}/{kind}/{name}/labels', {params: {path: id}, body})),
    onSuccess: (_, body) => {
      refreshAsset(queryClient, id);
      if (body.version !== null) onClose();
    },
  });
  const bad = label !== '' && !/^[a-z][a-z0-9-]{0,31}$/.test(label);
  const names = Object.entries(asset.labels);
  return (
    <Dialog title={`Labels of ${id.name}`} onClose={onClose} action="Set the label" disabled={!label || bad || version === ''} pending={set.isPending} error={set.error}
            onSubmit={() => set.mutate({label, version: Number(version)})}>
      <Text size="sm">A label is a name that can be moved from version to version, as “stable”. Releases pin versions, never labels.</Text>
      {names.length ? (
        <ul className="plain-list">{names.map(([name, at]) => (
          <li key={name} style={{display: 'flex', gap: 8, alignItems: 'center'}}><Tag tone="info">{name}</Tag> version {at}
            <Button size="compact-xs" variant="default" ml="auto" onClick={() => set.mutate({label: name, version: null})} aria-label={`Take the label ${name} away`}>Take away</Button></li>))}</ul>
      ) : <Nothing>It has no labels.</Nothing>}
      <div className="row">
        <TextInput style={{flex: 1}} label="Label" value={label} error={bad ? 'Small letters, digits and hyphens; at most 32' : undefined} onChange={(e) => setLabel(e.currentTarget.value)} placeholder="stable" data-autofocus />
        <NumberInput w={110} label="Version" min={1} max={asset.latest.version} allowDecimal={false} value={version} onChange={(value) => setVersion(typeof value === 'number' ? value : '')} />
      </div>
    </Dialog>
  );
}

export function DeprecateDialog({id, onClose}: {id: AssetId; onClose: () => void}) {
  const queryClient = useQueryClient();
  const [reason, setReason] = useState('');
  const [replacement, setReplacement] = useState('');
  const bad = replacement !== '' && !parseAssetName(replacement);
  const deprecate = useMutation({
    mutationFn: () => need(api.POST('/api/v1/assets/{owner}/{kind}/{name}/deprecate', {params: {path: id}, body: {reason: reason.trim(), replaced_by: replacement || null}})),
    onSuccess: () => {
      refreshAsset(queryClient, id);
      onClose();
    },
  });
  return (
    <Dialog title={`Deprecate ${id.name}`} onClose={onClose} onSubmit={() => deprecate.mutate()} action="Deprecate" danger disabled={!reason.trim() || bad} pending={deprecate.isPending} error={deprecate.error}>
      <Text size="sm">No new release may use it. What runs goes on, every version stays readable, and it can be restored.</Text>
      <Textarea label="Why?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
      <TextInput label="What to use instead" placeholder={assetName({...id, name: `${id.name}-2`})} value={replacement} error={bad ? 'Write it as owner/kind/name' : undefined} onChange={(e) => setReplacement(e.currentTarget.value.trim())} />
    </Dialog>
  );
}

export function RestoreDialog({id, onClose}: {id: AssetId; onClose: () => void}) {
  const queryClient = useQueryClient();
  const restore = useMutation({
    mutationFn: () => need(api.POST('/api/v1/assets/{owner}/{kind}/{name}/restore', {params: {path: id}})),
    onSuccess: () => {
      refreshAsset(queryClient, id);
      onClose();
    },
  });
  return (
    <Dialog title={`Restore ${id.name}`} onClose={onClose} onSubmit={() => restore.mutate()} action="Restore" pending={restore.isPending} error={restore.error}>
      <Text size="sm">New releases may use it again.</Text>
    </Dialog>
  );
}
