// SPDX-License-Identifier: Apache-2.0
// Tabs that are addresses: each can be linked to, opened beside, and gone back from.
import {Tabs} from '@mantine/core';
import type {ReactNode} from 'react';
import {useSetSearch} from './controls';

export function PageTabs({value, first, tabs, label, children}: {value: string; first: string; tabs: (readonly [string, ReactNode])[]; label: string; children: ReactNode}) {
  const setSearch = useSetSearch();
  return (
    <Tabs value={value} onChange={(tab) => setSearch({tab: tab === first || !tab ? undefined : tab})} keepMounted={false}>
      <Tabs.List aria-label={label} mb="md" className="page-tabs">{tabs.map(([name, text]) => <Tabs.Tab key={name} value={name}>{text}</Tabs.Tab>)}</Tabs.List>
      {/* One panel: what it holds follows the address. */}
      <Tabs.Panel value={value}>{children}</Tabs.Panel>
    </Tabs>
  );
}
