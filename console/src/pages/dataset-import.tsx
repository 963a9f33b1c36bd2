// SPDX-License-Identifier: Apache-2.0
// A file of cases, of any size, on its way into a dataset.
import {FileInput, Group, Progress, Radio, TagsInput, Text, TextInput} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {IconFile} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useEffect, useRef, useState} from 'react';
import {importFile, type UploadProgress} from '../api/datasets';
import {refreshAsset} from '../api/governance';
import type {AssetId} from '../lib/asset';
import {formatInteger, plural} from '../lib/format';
import {useSetSearch} from '../ui/controls';
import {Dialog} from '../ui/dialog';

export function ImportDialog({id, parent, count, onClose}: {id: AssetId; parent: string | null; count: number; onClose: () => void}) {
  const queryClient = useQueryClient();
  const setSearch = useSetSearch();
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<'append' | 'replace'>(count > 0 ? 'append' : 'replace');
  const [split, setSplit] = useState('');
  const [tags, setTags] = useState<string[]>([]);
  const [message, setMessage] = useState('');
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);  // leaving calls it off
  const run = useMutation({
    mutationFn: (chosen: File) => {
      abort.current = new AbortController();
      return importFile(id.owner, chosen, {
        name: id.name, mode, parent, message: message.trim() || `Import ${chosen.name}`,
        ...(split.trim() ? {split: split.trim()} : {}), ...(tags.length ? {tags} : {}),
      }, abort.current.signal, setProgress);
    },
    onSuccess: ({result}) => {
      refreshAsset(queryClient, id);
      const unchanged = result?.dataset?.action === 'unchanged';
      notifications.show({message: result ? `${plural(result.read, 'case')} read${result.repeated ? `, ${formatInteger(result.repeated)} of them there already` : ''}. ${unchanged ? 'Nothing differs: no new version.' : `Version ${result.dataset?.version ?? ''} has ${plural(result.count, 'case')}.`}` : 'Imported.'});
      setSearch({version: undefined, open: undefined, tab: undefined});
      onClose();
    },
    onSettled: () => setProgress(null),
  });
  const share = progress && progress.total > 0 ? Math.round(100 * progress.sent / progress.total) : 0;
  const phase = progress?.phase === 'reading' ? `Reading, ${plural(progress.cases, 'case')} so far` : `Sending, ${share} %`;
  return (
    <Dialog title="Import a file of cases" action="Import" size="lg" onClose={onClose} onSubmit={() => file && run.mutate(file)} disabled={!file} pending={run.isPending} error={run.error}>
      <Text size="sm">JSON lines, CSV or TSV, OpenAI’s and Bedrock’s formats, promptfoo’s tests: which one is found out. If anything in it is wrong, it is told by line and nothing is stored.</Text>
      <FileInput label="File" required placeholder="Choose a file…" leftSection={<IconFile size={16} aria-hidden />} value={file} onChange={(next) => {
        run.reset();
        setFile(next);
      }} clearable clearButtonProps={{'aria-label': 'Choose none'}} disabled={run.isPending} />
      {count > 0 && (
        <Radio.Group label="Its cases" value={mode} onChange={(value) => setMode(value as 'append' | 'replace')}>
          <Group mt={6} gap="lg">
            <Radio value="append" label={`go behind the ${plural(count, 'case')} there are`} disabled={run.isPending} />
            <Radio value="replace" label="take their place" disabled={run.isPending} />
          </Group>
        </Radio.Group>
      )}
      <div className="two-fields">
        <TextInput label="Split" description="Of cases that have none" placeholder="test" value={split} onChange={(e) => setSplit(e.currentTarget.value)} disabled={run.isPending} />
        <TagsInput label="Tags" description="For all of them" value={tags} onChange={setTags} disabled={run.isPending} />
      </div>
      <TextInput label="Why?" placeholder={file ? `Import ${file.name}` : 'Import a file'} maxLength={2000} value={message} onChange={(e) => setMessage(e.currentTarget.value)} disabled={run.isPending} />
      {run.isPending && (
        <div role="status">
          <Text size="sm" mb={4}>{progress ? phase : 'Beginning…'}</Text>
          <Progress value={progress?.phase === 'reading' ? 100 : share} animated={progress?.phase === 'reading'} aria-label="How much has been sent" />
        </div>
      )}
    </Dialog>
  );
}
