// SPDX-License-Identifier: Apache-2.0
// Small parts used on several pages.
import {ActionIcon, Button, Tooltip} from '@mantine/core';
import {
  IconAlertTriangle, IconBan, IconBolt, IconCheck, IconCircleCheck, IconCloudOff, IconCopy, IconHourglass, IconPlugOff, IconUserX,
} from '@tabler/icons-react';
import {useEffect, useState, type ReactNode} from 'react';
import type {Status} from '../lib/search';
import {copyText} from './clipboard';

export const kStatusLabels: Record<Status, string> = {
  ok: 'OK', client_error: 'Client error', limited: 'Limited', upstream_error: 'Provider error', interrupted: 'Client left',
  blocked: 'Blocked', internal_error: 'Internal error',
};
export const kStatusMeaning: Record<Status, string> = {
  ok: 'The call was answered.',
  client_error: 'The request was refused as wrong: malformed, an unknown model, or no valid key.',
  limited: 'A limit or budget was reached.',
  upstream_error: 'The provider failed, could not be reached, or cut its answer short.',
  interrupted: 'The client left before the answer was complete. What was spent until then is counted.',
  blocked: 'A guardrail said no.',
  internal_error: 'Slipway itself failed.',
};
const kStatusIcons = {
  ok: IconCircleCheck, client_error: IconUserX, limited: IconHourglass, upstream_error: IconCloudOff, interrupted: IconPlugOff,
  blocked: IconBan, internal_error: IconBolt,
};

export function StatusMark({status, code}: {status: Status; code?: number | null}) {
  const Icon = kStatusIcons[status] ?? IconAlertTriangle;
  return (
    <span className="status" style={{color: `var(--status-${status})`}}>
      <Icon size={15} stroke={2} aria-hidden />{kStatusLabels[status] ?? status}{code ? <span className="numeric">{code}</span> : null}
    </span>
  );
}

export function Copy({text, label, iconOnly = true}: {text: string | (() => string); label: string; iconOnly?: boolean}) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 1600);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => setState(await copyText(typeof text === 'function' ? text() : text) ? 'copied' : 'failed');
  const shown = {idle: label, copied: 'Copied', failed: 'The browser does not allow copying'}[state];
  const icon = state === 'copied' ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />;
  return iconOnly ? (
    <Tooltip label={shown}>
      <ActionIcon variant="subtle" color="gray" size="sm" onClick={() => void copy()} aria-label={shown} c="var(--mantine-color-dimmed)">{icon}</ActionIcon>
    </Tooltip>
  ) : <Button size="xs" variant="default" leftSection={icon} onClick={() => void copy()} aria-live="polite">{shown}</Button>;
}

// The bar on top of a page: its name and its tools.
export function TopBar({title, children}: {title: string; children?: ReactNode}) {
  useEffect(() => {
    document.title = `${title} · Slipway`;
  }, [title]);
  return <div className="topbar"><h1>{title}</h1>{children}</div>;
}

export function CodeBlock({code, label}: {code: string; label: string}) {
  return (
    <div className="code-box" role="group" aria-label={label}>
      <div style={{float: 'right', padding: 6}}><Copy text={code} label={`Copy ${label}`} /></div>
      <pre className="code" tabIndex={0}>{code}</pre>
    </div>
  );
}
