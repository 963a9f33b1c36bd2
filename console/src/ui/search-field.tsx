// SPDX-License-Identifier: Apache-2.0
// A field for words that the server looks for: as one types, a moment later; at once by Enter or when it is left.
import {TextInput} from '@mantine/core';
import {useDebouncedCallback} from '@mantine/hooks';
import {IconSearch} from '@tabler/icons-react';
import {useEffect, useRef, useState, type Ref} from 'react';

export function SearchField({value, label, placeholder = `${label}…`, width = 220, onSearch, fieldRef}: {
  value: string; label: string; placeholder?: string; width?: number; onSearch: (words: string) => void; fieldRef?: Ref<HTMLInputElement>;
}) {
  const [text, setText] = useState(value);
  const later = useDebouncedCallback(onSearch, 350);
  const own = useRef<HTMLInputElement | null>(null);
  // Follows the address, except under the fingers of someone typing.
  useEffect(() => {
    if (document.activeElement !== own.current) setText(value);
  }, [value]);
  return (
    <TextInput size="xs" w={width} type="search" aria-label={label} placeholder={placeholder} value={text} leftSection={<IconSearch size={15} aria-hidden />}
               ref={(element) => {
                 own.current = element;
                 if (typeof fieldRef === 'function') fieldRef(element);
                 else if (fieldRef) fieldRef.current = element;
               }}
               onChange={(e) => {
                 setText(e.currentTarget.value);
                 later(e.currentTarget.value.trim());
               }}
               // A search that came later would cancel a way to another page.
               onBlur={later.flush} onKeyDown={(e) => e.key === 'Enter' && later.flush()} />
  );
}
