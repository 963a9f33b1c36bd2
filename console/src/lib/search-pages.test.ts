// SPDX-License-Identifier: Apache-2.0
import {describe, expect, it} from 'vitest';
import {cleanApprovals, cleanAsset, cleanCatalogue, cleanRegistry, cleanRelease, cleanUseCase} from './search-pages';

describe('addresses of the pages', () => {
  it('keep what makes sense', () => {
    expect(cleanRegistry({q: 'claims', state: 'in_review', tier: 'high', review: 'due'})).toEqual({q: 'claims', state: 'in_review', tier: 'high', review: 'due'});
    expect(cleanCatalogue({kind: 'prompt', owner: 'shared', deprecated: 'true'})).toEqual({kind: 'prompt', owner: 'shared', deprecated: 'true'});
    expect(cleanAsset({tab: 'history', before: '3', after: 'latest'})).toEqual({tab: 'history', before: '3', after: 'latest'});
    expect(cleanApprovals({open: 'x', all: 'yes'})).toEqual({open: 'x', all: 'yes'});
  });
  it('leave out what does not', () => {
    expect(cleanRegistry({state: 'nonsense', review: 'x', q: '  '})).toEqual({});
    expect(cleanCatalogue({kind: 'potato'})).toEqual({});
    expect(cleanApprovals({all: 'perhaps'})).toEqual({});
  });
  it('leave out what a page begins with', () => {
    expect(cleanUseCase({tab: 'summary'})).toEqual({});
    expect(cleanAsset({tab: 'content'})).toEqual({tab: 'content'});
    expect(cleanAsset({tab: 'nonsense', tag: 'x', open: 'id'})).toEqual({tag: 'x', open: 'id'});
    expect(cleanRelease({tab: 'notes'})).toEqual({});
    expect(cleanRelease({tab: 'evidence'})).toEqual({tab: 'evidence'});
  });
});
