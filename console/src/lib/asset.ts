// SPDX-License-Identifier: Apache-2.0
// Assets as files of a project, as patches, and as something to begin with.
import type {AssetKind} from './search-pages';

export interface AssetId {
  owner: string;
  kind: AssetKind;
  name: string;
}

export const kKindPlurals: Record<AssetKind, string> = {
  prompt: 'prompts', model: 'models', guardrail: 'guardrails', tool: 'tools', flow: 'flows', agent: 'agents', knowledge: 'knowledge',
  dataset: 'datasets', evaluation: 'evaluations',
};

// Where `slipway pull` puts it in a project's folder.
export function assetFile({kind, name}: Pick<AssetId, 'kind' | 'name'>): string {
  return `${kKindPlurals[kind]}/${name}.yaml`;
}

export function assetName({owner, kind, name}: AssetId): string {
  return `${owner}/${kind}/${name}`;
}

// "owner/kind/name", with a version behind a colon or without; null if it is none.
export function parseAssetName(text: string): AssetId | null {
  const match = /^([a-z][a-z0-9-]*)\/([a-z]+)\/([a-z0-9][a-z0-9._-]{0,99})(?::.+)?$/.exec(text);
  const kind = match?.[2];
  return match && kind && kind in kKindPlurals ? {owner: match[1]!, kind: kind as AssetKind, name: match[3]!} : null;
}

export function nameProblem(name: string): string | null {
  if (/^[a-z0-9][a-z0-9._-]{0,99}$/.test(name)) return null;
  if (name.length > 100) return 'At most 100 characters';
  if (!/^[a-z0-9]/.test(name)) return 'Begins with a small letter or a digit';
  return 'Small letters, digits, dots, hyphens and underscores only';
}

const kStarters: Record<AssetKind, string> = {
  prompt: `description: What this prompt is for
model: main
variables:
  question:
    type: string
    required: true
    max_length: 4000
messages:
  - role: system
    content: You are a helpful assistant.
  - role: user
    content: "{{question}}"
`,
  model: `description: The model that answers
connection: openai
model: gpt-4o-mini
parameters:
  temperature: 0.2
  max_tokens: 800
`,
  guardrail: `description: What must not pass
rules: []
`,
  tool: `description: What the tool does, for the model
kind: function
parameters:
  type: object
  properties:
    id:
      type: string
  required: [id]
`,
  flow: 'description: What this flow does\nsteps: []\n',
  agent: 'description: What this agent does\nprompt: main\ntools: []\n',
  knowledge: 'description: What this knowledge base holds\nsources: []\n',
  dataset: 'description: What these cases check\ncases:\n  - input:\n      question: An example\n    expected: Its answer\n',
  evaluation: 'description: What this evaluation measures\ntarget:\n  prompt: main\ndataset: golden\nmetrics:\n  - metric: exact_match\n',
};

export function starterOf(kind: AssetKind): string {
  return kStarters[kind];
}

// A unified diff that `git apply` takes in the project's folder; empty if nothing changed.
export async function patchOf(id: AssetId, before: string | null, after: string): Promise<string> {
  if (before === after) return '';
  const {createTwoFilesPatch} = await import('diff');
  const file = assetFile(id);
  const patch = createTwoFilesPatch(before === null ? '/dev/null' : `a/${file}`, `b/${file}`, before ?? '', after, undefined, undefined, {context: 3});
  const head = `diff --git a/${file} b/${file}\n${before === null ? 'new file mode 100644\n' : ''}`;
  // Without the separating line and the empty time stamps, which Git does not write.
  return head + patch.replace(/^=+\n/, '').replace(/^(---|\+\+\+) (.*?)\t.*$/gm, '$1 $2');
}
