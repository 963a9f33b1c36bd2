// SPDX-License-Identifier: Apache-2.0
// Code to paste into a terminal or a program.

// For POSIX shells: single quotes keep everything but themselves.
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

export function endpointOf(operation: string): string {
  switch (operation) {
    case 'embeddings': return '/v1/embeddings';
    case 'list_models': return '/v1/models';
    default: return '/v1/chat/completions';
  }
}

// The secret of a recorded call is never known, so the command takes it from the environment.
export function curlCommand(origin: string, operation: string, body: string | null, secret?: string): string {
  const path = endpointOf(operation);
  const authorization = secret ? shellQuote(`Authorization: Bearer ${secret}`) : '"Authorization: Bearer $SLIPWAY_API_KEY"';
  const lines = [`curl ${shellQuote(origin + path)}`, `  -H ${authorization}`];
  if (operation !== 'list_models') {
    const streams = body !== null && /"stream"\s*:\s*true/.test(body);
    if (streams) lines[0] = lines[0]!.replace('curl', 'curl -N');
    lines.push(`  -H ${shellQuote('Content-Type: application/json')}`, `  -d ${shellQuote(pretty(body ?? '{}'))}`);
  }
  return lines.join(' \\\n');
}

// JSON as a Python literal: the three words differ.
export function pythonLiteral(value: unknown, indent = 0): string {
  const pad = '    '.repeat(indent + 1);
  const end = '    '.repeat(indent);
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) {
    if (!value.length) return '[]';
    return `[\n${value.map((item) => pad + pythonLiteral(item, indent + 1)).join(',\n')},\n${end}]`;
  }
  const entries = Object.entries(value);
  if (!entries.length) return '{}';
  return `{\n${entries.map(([k, v]) => `${pad}${JSON.stringify(k)}: ${pythonLiteral(v, indent + 1)}`).join(',\n')},\n${end}}`;
}

export function pythonProgram(origin: string, request: Record<string, unknown>, secret?: string): string {
  const parameters = Object.entries(request).map(([k, v]) => `    ${k}=${pythonLiteral(v, 1)},`);
  const stream = request.stream === true;
  return [
    ...(secret ? [] : ['import os', '']),
    'from openai import OpenAI', '',
    `client = OpenAI(base_url=${JSON.stringify(`${origin}/v1`)}, api_key=${secret ? JSON.stringify(secret) : 'os.environ["SLIPWAY_API_KEY"]'})`,
    `${stream ? 'stream' : 'answer'} = client.chat.completions.create(`, ...parameters, ')',
    ...(stream ? ['for chunk in stream:', '    if chunk.choices:', '        print(chunk.choices[0].delta.content or "", end="", flush=True)']
               : ['print(answer.choices[0].message.content)']),
  ].join('\n');
}

export function nodeProgram(origin: string, request: Record<string, unknown>, secret?: string): string {
  const stream = request.stream === true;
  return [
    "import OpenAI from 'openai';", '',
    'const client = new OpenAI({',
    `  baseURL: ${JSON.stringify(`${origin}/v1`)},`,
    `  apiKey: ${secret ? JSON.stringify(secret) : 'process.env.SLIPWAY_API_KEY'},`,
    '});',
    `const ${stream ? 'stream' : 'answer'} = await client.chat.completions.create(${JSON.stringify(request, null, 2)});`,
    ...(stream ? ['for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? \'\');']
               : ['console.log(answer.choices[0].message.content);']),
  ].join('\n');
}
