// SPDX-License-Identifier: Apache-2.0
import {expect, it} from 'vitest';
import {typedVariables, variablesOf} from './variables';

const variables = variablesOf({variables: {
  question: {type: 'string', required: true, description: 'What they ask'}, count: {type: 'integer', default: 3}, formal: {type: 'boolean'}, tags: {type: 'list'}, tone: {type: 'string', values: ['warm', 'dry']},
}});

it('reads the form off the prompt', () => {
  expect(variables.map((v) => [v.name, v.type, v.required, v.initial])).toEqual([
    ['question', 'string', true, ''], ['count', 'integer', false, '3'], ['formal', 'boolean', false, ''], ['tags', 'list', false, ''], ['tone', 'string', false, '']]);
  expect(variables[4]!.values).toEqual(['warm', 'dry']);
  expect(variablesOf({})).toEqual([]);
  expect(variablesOf(null)).toEqual([]);
});

it('gives typed values, and leaves empty fields to their defaults', () => {
  expect(typedVariables(variables, {question: 'Why?', formal: 'true', tags: '["a"]', count: ''})).toEqual({values: {question: 'Why?', formal: true, tags: ['a']}, problems: {}});
  expect(typedVariables(variables, {question: 'Why?'}).values.count).toBe(3);
});

it('says what is wrong', () => {
  const {problems} = typedVariables(variables, {count: '1.5', tags: '{}'});
  expect(Object.keys(problems)).toEqual(['question', 'count', 'tags']);
  expect(typedVariables(variables, {question: 'x', tags: '[1,'}).problems.tags).toMatch(/JSON|Unexpected|Expected/);
});
