// SPDX-License-Identifier: Apache-2.0
// A choice among assets of a kind, by their full names. The server narrows them as one types.
import {Select, type SelectProps} from '@mantine/core';
import {useDebouncedValue} from '@mantine/hooks';
import {useQueries} from '@tanstack/react-query';
import {useState} from 'react';
import {someAssetsQuery} from '../api/runs';
import {assetName} from '../lib/asset';

type Props = Omit<SelectProps, 'data' | 'value' | 'onChange' | 'searchable' | 'onSearchChange' | 'filter'> & {
  kind: 'evaluation' | 'prompt' | 'model';
  owners?: string[];  // only theirs; all by default
  value: string | null;
  onChange: (value: string | null) => void;
};

export function AssetSelect({kind, owners, value, onChange, ...rest}: Props) {
  const [typed, setTyped] = useState('');
  // What is chosen stands in the field as well, and narrows nothing.
  const [q] = useDebouncedValue(typed === value ? '' : typed.trim(), 200);
  const found = useQueries({queries: (owners ?? [undefined]).map((owner) => someAssetsQuery(kind, owner, q))});
  const names = found.flatMap(({data}) => data ?? []).filter(({deprecated}) => !deprecated).map(assetName);
  const choices = [...new Set([...(value ? [value] : []), ...names])];
  return <Select {...rest} searchable data={choices} value={value} onChange={onChange} onSearchChange={setTyped} filter={({options}) => options} />;
}
