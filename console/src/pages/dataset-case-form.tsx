// SPDX-License-Identifier: Apache-2.0
// Adding, changing and removing a case: each makes a new version of the dataset.
import {Autocomplete, SegmentedControl, TagsInput, Text, Textarea, TextInput} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, need} from '../api/client';
import type {Case} from '../api/datasets';
import {refreshAsset} from '../api/governance';
import type {AssetId} from '../lib/asset';
import {caseOf, draftOf, inALine, kEmptyDraft, type CaseDraft, type InputShape} from '../lib/dataset';
import {plural} from '../lib/format';
import {useSetSearch} from '../ui/controls';
import {Dialog} from '../ui/dialog';

interface Edits {
  add?: Record<string, unknown>[];
  replace?: Record<string, unknown>[];
  remove?: string[];
  message: string;
}

function useEdits(id: AssetId, parent: string | null, onDone: () => void) {
  const queryClient = useQueryClient();
  const setSearch = useSetSearch();
  return useMutation({
    mutationFn: (edits: Edits) => need(api.POST('/api/v1/datasets/{owner}/{name}/cases', {params: {path: {owner: id.owner, name: id.name}}, body: {...edits, parent}})),
    onSuccess: (stored) => {
      refreshAsset(queryClient, id);
      notifications.show({message: stored.dataset.action === 'unchanged' ? 'Nothing differs: no new version.' : `Version ${stored.dataset.version} with ${plural(stored.count, 'case')}.`});
      setSearch({version: undefined});
      onDone();
    },
  });
}

const kShapes: {value: InputShape; label: string}[] = [{value: 'text', label: 'A text'}, {value: 'messages', label: 'Messages'}, {value: 'variables', label: 'Variables'}];
const kExamples: Record<InputShape, string> = {
  text: 'Where is my order?',
  messages: '[{"role": "user", "content": "Where is my order?"}]',
  variables: '{"question": "Where is my order?"}',
};

export function CaseDialog({id, parent, before, splits, onClose}: {id: AssetId; parent: string | null; before: Case | null; splits: string[]; onClose: () => void}) {
  const [draft, setDraft] = useState<CaseDraft>(before ? draftOf(before as Record<string, unknown>) : kEmptyDraft);
  const [message, setMessage] = useState('');
  const [problem, setProblem] = useState('');
  const save = useEdits(id, parent, onClose);
  const set = (changes: Partial<CaseDraft>) => {
    setProblem('');
    setDraft((now) => ({...now, ...changes}));
  };
  const submit = () => {
    const made = caseOf(draft, before ? before as Record<string, unknown> : {});
    if (typeof made === 'string') setProblem(made);
    else save.mutate({...(before ? {replace: [made]} : {add: [made]}), message: message.trim() || (before ? `Change case ${before.id}` : 'Add a case')});
  };
  return (
    <Dialog title={before ? 'Change the case' : 'Add a case'} action={before ? 'Save' : 'Add'} size="lg" onClose={onClose} onSubmit={submit} pending={save.isPending} error={save.error} disabled={!draft.input.trim()}>
      <SegmentedControl size="xs" aria-label="What goes in is" value={draft.shape} data={kShapes} onChange={(shape) => set({shape: shape as InputShape})} />
      <Textarea label="What goes in" required autosize minRows={3} maxRows={14} placeholder={kExamples[draft.shape]} value={draft.input} onChange={(e) => set({input: e.currentTarget.value})} data-autofocus
                description={draft.shape === 'text' ? undefined : 'As JSON'} error={problem || undefined} styles={draft.shape === 'text' ? undefined : {input: {fontFamily: 'var(--mantine-font-family-monospace)'}}} />
      <Textarea label="What a good answer says" description="Leave it empty if there is no single good answer" autosize minRows={2} maxRows={12} value={draft.expected} onChange={(e) => set({expected: e.currentTarget.value})} />
      <Textarea label="What it may rest on" description="Passages that the answer may use" autosize minRows={1} maxRows={10} value={draft.context} onChange={(e) => set({context: e.currentTarget.value})} />
      <div className="two-fields">
        <TagsInput label="Tags" value={draft.tags} onChange={(tags) => set({tags})} />
        <Autocomplete label="Split" placeholder="test" data={splits} value={draft.split} onChange={(split) => set({split})} />
      </div>
      {!before && <TextInput label="Name" description="Made of the content if it is left empty" value={draft.id} onChange={(e) => set({id: e.currentTarget.value})} />}
      <TextInput label="Why?" placeholder={before ? `Change case ${before.id}` : 'Add a case'} maxLength={2000} value={message} onChange={(e) => setMessage(e.currentTarget.value)} />
    </Dialog>
  );
}

export function RemoveCaseDialog({id, parent, one, onClose, onRemoved}: {id: AssetId; parent: string | null; one: Case; onClose: () => void; onRemoved: () => void}) {
  const [message, setMessage] = useState('');
  const remove = useEdits(id, parent, () => {
    onClose();
    onRemoved();
  });
  return (
    <Dialog title="Remove the case?" action="Remove" danger onClose={onClose} onSubmit={() => remove.mutate({remove: [one.id], message: message.trim() || `Remove case ${one.id}`})} pending={remove.isPending} error={remove.error}>
      <Text size="sm">“{inALine(one.input).slice(0, 200)}” will not be in the next version. Older versions keep it.</Text>
      <TextInput label="Why?" placeholder={`Remove case ${one.id}`} maxLength={2000} value={message} onChange={(e) => setMessage(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
