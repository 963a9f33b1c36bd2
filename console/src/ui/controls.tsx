// SPDX-License-Identifier: Apache-2.0
// Environment, time range and filters. All of them live in the address bar.
import {Button, Group, Popover, Select, Stack, TextInput, Divider} from '@mantine/core';
import {useDebouncedValue} from '@mantine/hooks';
import {IconChevronDown, IconClock, IconFilterPlus, IconX} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {useNavigate} from '@tanstack/react-router';
import {useState} from 'react';
import {keyQuery, overviewQuery, sessionQuery, someKeysQuery} from '../api/queries';
import {kDefaultPreset, kPresets, presetLabel, rangeLabel, resolveRange, toLocalInput, type Preset, type RangeSearch} from '../lib/range';
import {kDimensionLabels, kStatuses, type Dimension, type Filters} from '../lib/search';
import {kStatusLabels} from './bits';
import {UseCaseSelect} from './use-case-select';

// Changes some of the address's parameters and keeps the rest. An undefined takes one away.
export function useSetSearch() {
  const navigate = useNavigate();
  return (changes: Record<string, string | undefined>, replace = false) =>
    void navigate({to: '.', search: (prev) => ({...prev, ...changes}), replace});
}

export function EnvironmentSelect({value}: {value: string | undefined}) {
  const {data: session} = useQuery(sessionQuery);
  const setSearch = useSetSearch();
  const names = new Set([...(session?.environments ?? []).map((e) => e.name), ...(value ? [value] : [])]);
  return (
    <Select aria-label="Environment" size="xs" w={158} allowDeselect={false} checkIconPosition="right"
            data={[{value: '', label: 'All environments'}, ...names]} value={value ?? ''}
            onChange={(next) => setSearch({environment: next || undefined})} />
  );
}

export function RangePicker({range}: {range: RangeSearch}) {
  const [opened, setOpened] = useState(false);
  const setSearch = useSetSearch();
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const show = (open: boolean) => {
    if (open) {
      const resolved = resolveRange(range);
      setFrom(toLocalInput(resolved.from));
      setTo(toLocalInput(resolved.to));
    }
    setOpened(open);
  };
  const choose = (preset: Preset) => {
    setSearch({range: preset === kDefaultPreset ? undefined : preset, from: undefined, to: undefined});
    setOpened(false);
  };
  const valid = from !== '' && to !== '' && new Date(from) < new Date(to);
  const apply = () => {
    setSearch({range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString()});
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={show} position="bottom-end" shadow="md" trapFocus width={290}>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<IconClock size={15} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}
                onClick={() => show(!opened)} aria-label={`Time range: ${rangeLabel(range)}`}>{rangeLabel(range)}</Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Time range">
        <div style={{display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 6}}>
          {kPresets.map((preset) => (
            <Button key={preset} size="xs" variant={!range.from && (range.range ?? kDefaultPreset) === preset ? 'filled' : 'default'}
                    onClick={() => choose(preset)}>{presetLabel(preset)}</Button>
          ))}
        </div>
        <Divider my="sm" label="or" />
        <form onSubmit={(event) => {
          event.preventDefault();
          if (valid) apply();
        }}>
          <Stack gap="xs">
            <TextInput size="xs" type="datetime-local" label="From" value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
            <TextInput size="xs" type="datetime-local" label="To" value={to} onChange={(e) => setTo(e.currentTarget.value)}
                       error={from && to && !valid ? 'The end must come after the start' : undefined} />
            <Button size="xs" type="submit" disabled={!valid}>Show this range</Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

const kFilterDimensions: Exclude<Dimension, 'environment'>[] = ['use_case', 'model', 'key', 'provider', 'status'];

export function statusFilterLabel(status: string): string {
  return status.split(',').map((s) => s === 'error' ? 'Any error' : kStatusLabels[s as keyof typeof kStatusLabels] ?? s).join(' or ');
}

// The filters in force, each with a way to take it off.
export function FilterChips({filters}: {filters: Filters}) {
  const setSearch = useSetSearch();
  const {data: key} = useQuery({...keyQuery(filters.key ?? ''), enabled: !!filters.key});
  const active = kFilterDimensions.filter((dimension) => filters[dimension] !== undefined);
  if (!active.length) return null;
  const labelOf = (dimension: Dimension, value: string) =>
    dimension === 'status' ? statusFilterLabel(value) : dimension === 'key' ? key?.name ?? value : value;
  return (
    <>
      {active.map((dimension) => {
        const label = `${kDimensionLabels[dimension]}: ${labelOf(dimension, filters[dimension]!)}`;
        return (
          <span key={dimension} className="chip">
            <span className="truncate">{label}</span>
            <button type="button" aria-label={`Remove the filter ${label}`} onClick={() => setSearch({[dimension]: undefined})}><IconX size={14} aria-hidden /></button>
          </span>
        );
      })}
      {active.length > 1 && (
        <Button size="compact-xs" variant="subtle" onClick={() => setSearch(Object.fromEntries(kFilterDimensions.map((d) => [d, undefined])))}>Clear all</Button>
      )}
    </>
  );
}

export function FilterButton({range, filters}: {range: RangeSearch; filters: Filters}) {
  const [opened, setOpened] = useState(false);
  const setSearch = useSetSearch();
  const scope: Filters = filters.environment ? {environment: filters.environment} : {};
  const [typedKey, setTypedKey] = useState('');
  const {data: chosenKey} = useQuery({...keyQuery(filters.key ?? ''), enabled: opened && !!filters.key});
  const [keyWord] = useDebouncedValue(typedKey === chosenKey?.name ? '' : typedKey.trim(), 200);
  const {data: keys} = useQuery({...someKeysQuery(keyWord), enabled: opened});
  const models = useQuery({...overviewQuery(range, scope, 'model'), enabled: opened, refetchInterval: false}).data?.groups;
  const providers = useQuery({...overviewQuery(range, scope, 'provider'), enabled: opened, refetchInterval: false}).data?.groups;
  const seen = (groups: {key: string; label: string}[] | undefined, current: string | undefined) =>
    [...new Set([...(groups ?? []).map((g) => g.key).filter(Boolean), ...(current ? [current] : [])])];
  const shownKeys = [...(keys ?? []), ...(chosenKey && !keys?.some((k) => k.id === chosenKey.id) ? [chosenKey] : [])];
  const choices: Record<Exclude<(typeof kFilterDimensions)[number], 'use_case'>, {value: string; label: string}[] | string[]> = {
    model: seen(models, filters.model),
    key: shownKeys.map((k) => ({value: k.id, label: k.state === 'active' ? k.name : `${k.name} (${k.state})`})),
    provider: seen(providers, filters.provider),
    status: [{value: 'error', label: 'Any error'}, ...kStatuses.map((s) => ({value: s as string, label: kStatusLabels[s]}))],
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" shadow="md" trapFocus width={270}>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<IconFilterPlus size={15} aria-hidden />} onClick={() => setOpened(!opened)}>Filter</Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Filters">
        <Stack gap="xs">
          {kFilterDimensions.map((dimension) => dimension === 'use_case' ? (
            <UseCaseSelect key={dimension} size="xs" label={kDimensionLabels[dimension]} placeholder="Any" clearable comboboxProps={{withinPortal: false}}
                           value={filters[dimension] ?? null} nothingFoundMessage="No such use case" clearButtonProps={{'aria-label': 'Any use case'}}
                           onChange={(value) => setSearch({[dimension]: value ?? undefined})} />
          ) : (
            <Select key={dimension} size="xs" label={kDimensionLabels[dimension]} placeholder="Any" searchable clearable data={choices[dimension]}
                    comboboxProps={{withinPortal: false}} value={filters[dimension] ?? null} nothingFoundMessage="Nothing in this range"
                    clearButtonProps={{'aria-label': `Any ${kDimensionLabels[dimension].toLowerCase()}`}}
                    {...(dimension === 'key' ? {onSearchChange: setTypedKey} : {})}
                    onChange={(value) => setSearch({[dimension]: value ?? undefined})} />
          ))}
          <Group justify="flex-end"><Button size="xs" onClick={() => setOpened(false)}>Done</Button></Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
