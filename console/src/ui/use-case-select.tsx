// SPDX-License-Identifier: Apache-2.0
// A choice among use cases. There may be thousands: the server narrows them as one types.
import {Select, type SelectProps} from '@mantine/core';
import {useDebouncedValue} from '@mantine/hooks';
import {useQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {someUseCasesQuery} from '../api/queries';

interface Choice {
  value: string;
  label: string;
}

type Props = Omit<SelectProps, 'data' | 'value' | 'onChange' | 'searchable' | 'onSearchChange' | 'filter'> & {
  value: string | null;
  onChange: (value: string | null) => void;
  before?: Choice[];  // choices that are no use case
  retired?: boolean;  // those too
};

export function UseCaseSelect({value, onChange, before = [], retired = true, ...rest}: Props) {
  const [typed, setTyped] = useState('');
  // What is chosen stands in the field as well, and narrows nothing.
  const chosen = typed === value || before.some((one) => one.label === typed);
  const [q] = useDebouncedValue(chosen ? '' : typed.trim(), 200);
  const {data} = useQuery(someUseCasesQuery(q));
  const slugs = (data ?? []).filter((one) => retired || one.state !== 'retired').map((one) => one.slug);
  const named = new Set(before.map((one) => one.value));
  const choices = [...before, ...[...new Set([...slugs, ...(value ? [value] : [])])].filter((slug) => !named.has(slug)).map((slug) => ({value: slug, label: slug}))];
  return <Select {...rest} searchable data={choices} value={value} onChange={onChange} onSearchChange={setTyped} filter={({options}) => options} />;
}
