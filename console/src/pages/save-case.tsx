// SPDX-License-Identifier: Apache-2.0
// What was tried, kept as a case of a dataset: what went in, and what a good answer says.
import {Autocomplete, Button, TagsInput, Text, Textarea, TextInput} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {IconDatabasePlus} from '@tabler/icons-react';
import {useInfiniteQuery, useMutation, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, need} from '../api/client';
import {catalogueQuery, refreshAsset} from '../api/governance';
import {Dialog} from '../ui/dialog';

export interface Tried {
  owner: string;
  input: Record<string, unknown> | {role: string; content: string}[];
  answer: string;
  provenance: Record<string, string>;
}

const kName = /^[a-z0-9][a-z0-9._-]{0,99}$/;

export function SaveCase({tried}: {tried: Tried}) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="compact-xs" variant="default" leftSection={<IconDatabasePlus size={14} aria-hidden />} onClick={() => setOpen(true)}>Save as a case</Button>
      {open && <SaveCaseDialog tried={tried} onClose={() => setOpen(false)} />}
    </>
  );
}

function SaveCaseDialog({tried, onClose}: {tried: Tried; onClose: () => void}) {
  const queryClient = useQueryClient();
  const {owner} = tried;
  const datasets = useInfiniteQuery(catalogueQuery({owner, kind: 'dataset'})).data?.pages.flatMap((page) => page.items).map((item) => item.name) ?? [];
  const [name, setName] = useState('');
  const [expected, setExpected] = useState(tried.answer);
  const [tags, setTags] = useState<string[]>([]);
  const [message, setMessage] = useState('');
  const bad = name !== '' && !kName.test(name);
  const save = useMutation({
    mutationFn: () => need(api.POST('/api/v1/datasets/{owner}/{name}/cases', {
      params: {path: {owner, name}},
      body: {
        add: [{input: tried.input, ...(expected.trim() ? {expected} : {}), ...(tags.length ? {tags} : {}), provenance: tried.provenance}],
        message: message.trim() || 'A case from a try',
      },
    })),
    onSuccess: (stored) => {
      refreshAsset(queryClient, {owner, kind: 'dataset', name});
      notifications.show({message: stored.dataset.action === 'unchanged' ? `${name} has this case already.` : `${name} has ${stored.count} ${stored.count === 1 ? 'case' : 'cases'} now.`});
      onClose();
    },
  });
  return (
    <Dialog title="Save as a case" action="Save the case" onClose={onClose} onSubmit={() => save.mutate()} disabled={!name || bad} pending={save.isPending} error={save.error}>
      <Text size="sm">What went in is kept as it was. A new name makes a new dataset of {owner}.</Text>
      <Autocomplete label="Dataset" required data={datasets} value={name} onChange={setName} placeholder="golden" data-autofocus
                    error={bad ? 'Small letters, digits, dots, hyphens and underscores; at most 100' : undefined} />
      <Textarea label="A good answer" description="What it said, to be corrected; leave it empty if there is no single good answer" autosize minRows={3} maxRows={12} value={expected} onChange={(e) => setExpected(e.currentTarget.value)} />
      <TagsInput label="Tags" value={tags} onChange={setTags} />
      <TextInput label="Why this case?" placeholder="A case from a try" maxLength={2000} value={message} onChange={(e) => setMessage(e.currentTarget.value)} />
    </Dialog>
  );
}
