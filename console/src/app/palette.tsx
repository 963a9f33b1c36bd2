// SPDX-License-Identifier: Apache-2.0
// Ctrl+K: go anywhere, narrow down, find a call.
import {useMantineColorScheme} from '@mantine/core';
import {Spotlight, type SpotlightActionData} from '@mantine/spotlight';
import {IconClock, IconKeyboard, IconListSearch, IconMoon, IconSearch, IconServer2, IconSun, IconExternalLink} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {useNavigate, useSearch} from '@tanstack/react-router';
import {useState} from 'react';
import {sessionQuery} from '../api/queries';
import {kPresets, presetLabel} from '../lib/range';
import {cleanShell} from '../lib/search';
import {kPages} from './shell';

// The list scrolls, so it must be reachable by keyboard. The part below takes it, its type does not say so.
const kReachable: object = {viewportProps: {tabIndex: 0}};
const kId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function Palette({onHelp}: {onHelp: () => void}) {
  const navigate = useNavigate();
  const search = cleanShell(useSearch({strict: false}));
  const {data: session} = useQuery(sessionQuery);
  const {setColorScheme} = useMantineColorScheme();
  const [query, setQuery] = useState('');
  const wanted = query.trim();
  const icon = {size: 18, stroke: 1.7, 'aria-hidden': true} as const;

  const found: SpotlightActionData[] = [];
  if (kId.test(wanted)) {
    found.push({id: 'open', label: `Open invocation ${wanted}`, leftSection: <IconExternalLink {...icon} />,
                onClick: () => void navigate({to: '/invocations/$id', params: {id: wanted.toLowerCase()}, search})},
               {id: 'open-run', label: `Open run ${wanted}`, leftSection: <IconExternalLink {...icon} />,
                onClick: () => void navigate({to: '/runs/$id', params: {id: wanted.toLowerCase()}})});
  }
  if (wanted) {
    found.push({id: 'search', label: `Search invocations for “${wanted}”`, leftSection: <IconListSearch {...icon} />,
                onClick: () => void navigate({to: '/invocations', search: {...search, q: wanted}})},
               {id: 'use-cases', label: `Search use cases for “${wanted}”`, leftSection: <IconListSearch {...icon} />,
                onClick: () => void navigate({to: '/use-cases', search: {...search, q: wanted}})},
               {id: 'assets', label: `Search the catalogue for “${wanted}”`, leftSection: <IconListSearch {...icon} />,
                onClick: () => void navigate({to: '/catalogue', search: {...search, q: wanted}})},
               {id: 'evaluations', label: `Search evaluations for “${wanted}”`, leftSection: <IconListSearch {...icon} />,
                onClick: () => void navigate({to: '/evaluations', search: {...search, q: wanted}})});
  }
  const groups: {group: string; actions: SpotlightActionData[]}[] = [
    {group: 'Go to', actions: [
      ...kPages.map(({to, label, hint, icon: Icon}): SpotlightActionData => (
        {id: to, label, description: hint, leftSection: <Icon {...icon} />, onClick: () => void navigate({to, search})})),
      {id: 'errors', label: 'Failed calls', description: 'Invocations that did not end well', keywords: 'errors problems why',
       leftSection: <IconListSearch {...icon} />, onClick: () => void navigate({to: '/invocations', search: {...search, status: 'error'}})},
      {id: 'running', label: 'Runs under way', description: 'Evaluations that run now', keywords: 'evaluation live progress',
       leftSection: <IconListSearch {...icon} />, onClick: () => void navigate({to: '/runs', search: {...search, state: 'running'}})},
    ]},
    {group: 'Environment', actions: [
      {id: 'env:', label: 'All environments', leftSection: <IconServer2 {...icon} />,
       onClick: () => void navigate({to: '.', search: (prev) => ({...prev, environment: undefined})})},
      ...(session?.environments ?? []).map(({name}): SpotlightActionData => (
        {id: `env:${name}`, label: `Environment ${name}`, leftSection: <IconServer2 {...icon} />,
         onClick: () => void navigate({to: '.', search: (prev) => ({...prev, environment: name})})})),
    ]},
    {group: 'Time', actions: kPresets.map((preset): SpotlightActionData => (
      {id: `range:${preset}`, label: presetLabel(preset), leftSection: <IconClock {...icon} />,
       onClick: () => void navigate({to: '.', search: (prev) => ({...prev, range: preset, from: undefined, to: undefined})})}))},
    {group: 'Console', actions: [
      {id: 'light', label: 'Light colours', leftSection: <IconSun {...icon} />, onClick: () => setColorScheme('light')},
      {id: 'dark', label: 'Dark colours', leftSection: <IconMoon {...icon} />, onClick: () => setColorScheme('dark')},
      {id: 'help', label: 'Keyboard shortcuts', leftSection: <IconKeyboard {...icon} />, onClick: onHelp},
    ]},
  ];
  const matches = (action: SpotlightActionData) =>
    `${action.label} ${action.description ?? ''} ${String(action.keywords ?? '')}`.toLowerCase().includes(wanted.toLowerCase());
  const shown = [
    ...groups.map((g) => ({...g, actions: wanted ? g.actions.filter(matches) : g.actions})),
    {group: 'Search', actions: found},
  ].filter((g) => g.actions.length);

  return (
    <Spotlight.Root query={query} onQueryChange={setQuery} shortcut={null} scrollable maxHeight={420} transitionProps={{duration: 0}}
                    attributes={{content: {'aria-label': 'Command palette'}}}
                    classNames={{actionDescription: 'palette-hint'}}>
      <Spotlight.Search placeholder="Go to, narrow down, or search…" aria-label="Command" leftSection={<IconSearch {...icon} />} />
      <Spotlight.ActionsList {...kReachable}>
        {shown.map(({group, actions}) => (
          <Spotlight.ActionsGroup key={group} label={group}>
            {actions.map(({id, ...action}) => <Spotlight.Action key={id} {...action} />)}
          </Spotlight.ActionsGroup>
        ))}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
