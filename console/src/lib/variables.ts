// SPDX-License-Identifier: Apache-2.0
// The variables of a prompt as a form, and back as typed values.

export interface Variable {
  name: string;
  type: string;
  required: boolean;
  description: string;
  values: string[];
  initial: string;  // its default, as it stands in the form
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asText(value: unknown): string {
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

export function variablesOf(content: Json | null | undefined): Variable[] {
  if (!isObject(content?.variables)) return [];
  return Object.entries(content.variables).map(([name, value]) => {
    const spec = isObject(value) ? value : {};
    return {
      name, type: typeof spec.type === 'string' ? spec.type : 'string', required: spec.required === true, description: asText(spec.description),
      values: Array.isArray(spec.values) ? spec.values.map(asText) : [], initial: asText(spec.default),
    };
  });
}

// What the form's texts mean. Empty fields are left out, so that defaults hold; the server checks the rest.
export function typedVariables(variables: readonly Variable[], texts: Record<string, string>): {values: Json; problems: Record<string, string>} {
  const values: Json = {};
  const problems: Record<string, string> = {};
  for (const {name, type, required, initial} of variables) {
    const text = texts[name] ?? initial;
    if (text === '') {
      if (required) problems[name] = 'This is needed';
      continue;
    }
    switch (type) {
      case 'number':
      case 'integer': {
        const number = Number(text);
        if (!Number.isFinite(number) || (type === 'integer' && !Number.isInteger(number))) problems[name] = type === 'integer' ? 'A whole number is wanted' : 'A number is wanted';
        else values[name] = number;
        break;
      }
      case 'boolean':
        values[name] = text === 'true';
        break;
      case 'list':
      case 'object':
        try {
          const json: unknown = JSON.parse(text);
          if (type === 'list' ? Array.isArray(json) : isObject(json)) values[name] = json;
          else problems[name] = type === 'list' ? 'A JSON list is wanted: [ … ]' : 'A JSON object is wanted: { … }';
        } catch (error) {
          problems[name] = error instanceof Error ? error.message : 'Not JSON';
        }
        break;
      default:
        values[name] = text;
    }
  }
  return {values, problems};
}
