// SPDX-License-Identifier: Apache-2.0
// One of all use cases, however many there are: the server looks for what is typed.
import {Select, type SelectProps} from '@mantine/core';
import {useDebouncedValue} from '@mantine/hooks';
import {useInfiniteQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {registryQuery} from '../api/governance';

export function UseCaseSelect({value, first, ...rest}: Omit<SelectProps, 'data' | 'searchable' | 'searchValue' | 'onSearchChange' | 'filter'> & {first?: {value: string; label: string}}) {
  const [words, setWords] = useState('');
  const [settled] = useDebouncedValue(words.trim(), 250);
  // What stands in the field after a choice is no search.
  const looking = settled !== '' && settled !== value && settled !== first?.label;
  const found = useInfiniteQuery(registryQuery(looking ? {q: settled} : {})).data?.pages[0];
  const slugs = new Set([...(found?.items ?? []).map((u) => u.slug), ...(value && value !== first?.value ? [value] : [])]);
  return (
    <Select {...rest} value={value ?? null} searchable searchValue={words} onSearchChange={setWords} data={[...(first ? [first] : []), ...slugs]}
            filter={({options}) => options} maxDropdownHeight={280} nothingFoundMessage="No use case is called so" />
  );
}
