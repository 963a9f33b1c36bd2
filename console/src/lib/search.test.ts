// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {cleanInvocations, cleanOverview, cleanShell, cleanStatus, filtersOf, parseSearch, stringifySearch} from './search';

describe('the address bar', () => {
  it('keeps values plain, also those that look like numbers or JSON', () => {
    const search = {q: '123', model: 'openai/gpt-4o', status: 'error', from: '2025-06-01T10:00:00.000Z', key: '"a&b=c"'};
    const text = stringifySearch(search);
    expect(text).toContain('q=123');
    expect(text).toContain('model=openai/gpt-4o');
    expect(text).toContain('from=2025-06-01T10:00:00.000Z');
    expect(parseSearch(text)).toEqual(search);
  });
  it('leaves out what is empty', () => {
    expect(stringifySearch({a: undefined, b: '', c: null})).toBe('');
  });
  it('survives spaces, plus signs, percent signs and other scripts', () => {
    const search = {q: 'a+b 100% 日本 ü'};
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });
  it('drops what it does not know', () => {
    expect(cleanStatus('ok,nonsense,error,ok')).toBe('ok,error');
    expect(cleanStatus('nonsense')).toBeUndefined();
    expect(cleanShell({environment: 'prod', range: '7d', other: 'x'})).toEqual({environment: 'prod', range: '7d'});
    expect(cleanInvocations({live: 'yes', open: 'abc', q: '  '})).toEqual({open: 'abc'});
    expect(cleanOverview({by: 'model', q: 'ignored'})).toEqual({by: 'model'});
    expect(cleanOverview({by: 'use_case'})).toEqual({});
  });
  it('tells filters from the rest', () => {
    expect(filtersOf({environment: 'prod', range: '7d', by: 'model', status: 'ok'})).toEqual({environment: 'prod', status: 'ok'});
  });
});
