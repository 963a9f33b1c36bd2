// SPDX-License-Identifier: Apache-2.0
// Whether the log is as it was written.
import {Button} from '@mantine/core';
import {IconShieldCheck, IconShieldX} from '@tabler/icons-react';
import {useMutation, useQueryClient, type UseMutationResult} from '@tanstack/react-query';
import {api, need} from '../api/client';
import type {AuditVerification} from '../api/people-queries';
import {formatInteger, plural} from '../lib/format';
import {ErrorNotice} from '../ui/notices';

export function useVerify() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => need(api.POST('/api/v1/audit/verify', {})),
    onSuccess: () => void queryClient.invalidateQueries({queryKey: ['audit']}),
  });
}

export function VerifyResult({verify}: {verify: UseMutationResult<AuditVerification, Error, void>}) {
  if (verify.isError) return <ErrorNotice error={verify.error} what="The log could not be verified" onRetry={() => verify.mutate()} />;
  const {data} = verify;
  if (!data) return null;
  const Icon = data.ok ? IconShieldCheck : IconShieldX;
  return (
    <section className="card verdict" data-level={data.ok ? 'ok' : 'bad'} role="alert" aria-label="Result of the verification">
      <span className="verdict-icon"><Icon size={22} aria-hidden /></span>
      <div style={{flex: 1, minWidth: 0}}>
        <p>{data.ok ? <><strong>The log is whole.</strong> {plural(data.entries, 'entry', 'entries')} checked, nothing changed, missing or reordered.</>
          : <><strong>The log was changed.</strong> {plural(data.problems.length, 'problem')} in {formatInteger(data.entries)} entries:</>}</p>
        {!data.ok && <ul>{data.problems.map((problem, i) => <li key={i}>{problem.detail}</li>)}</ul>}
        <ul>
          <li>{data.anchors.checked > 0 ? `Compared with ${plural(data.anchors.checked, 'anchor')} of ${data.anchors.file}.` : `There is no anchor yet in ${data.anchors.file}: without one a cut-off end can’t be seen.`}</li>
          {data.head && <li style={{overflowWrap: 'anywhere'}}>Newest digest <span className="mono">{data.head}</span></li>}
        </ul>
      </div>
      <Button size="compact-xs" variant="subtle" onClick={() => verify.reset()}>Close</Button>
    </section>
  );
}
