// SPDX-License-Identifier: Apache-2.0
// The playground's settings, and the request they make.

export type Message = Record<string, unknown>;

export interface Settings {
  environment: string;
  model: string;
  system: string;
  temperature: number | null;
  topP: number | null;
  maxTokens: number | null;
  seed: number | null;
  tools: string;  // a JSON array, or empty
  stream: boolean;
}

export const kNoSettings: Settings = {
  environment: '', model: '', system: '', temperature: null, topP: null, maxTokens: null, seed: null, tools: '', stream: true,
};

// Null if the text is a list of tools or empty, else what is wrong.
export function toolsProblem(text: string): string | null {
  if (!text.trim()) return null;
  try {
    const json: unknown = JSON.parse(text);
    if (!Array.isArray(json)) return 'A JSON list is wanted: [ … ]';
    const wrong = json.findIndex((tool) => typeof tool !== 'object' || tool === null || !('type' in tool));
    return wrong < 0 ? null : `Tool ${wrong + 1} has no "type"`;
  } catch (error) {
    return error instanceof Error ? error.message : 'Not JSON';
  }
}

export function buildRequest(settings: Settings, messages: Message[]): Record<string, unknown> {
  const request: Record<string, unknown> = {model: settings.model};
  request.messages = [...(settings.system.trim() ? [{role: 'system', content: settings.system}] : []), ...messages];
  if (settings.temperature !== null) request.temperature = settings.temperature;
  if (settings.topP !== null) request.top_p = settings.topP;
  if (settings.maxTokens !== null) request.max_completion_tokens = settings.maxTokens;
  if (settings.seed !== null) request.seed = settings.seed;
  if (settings.tools.trim() && !toolsProblem(settings.tools)) request.tools = JSON.parse(settings.tools);
  if (settings.stream) request.stream = true;
  return request;
}

function numberOrNull(...values: unknown[]): number | null {
  for (const value of values) if (typeof value === 'number' && Number.isFinite(value)) return value;
  return null;
}

// The way back: from a shared link or a recorded call.
export function readRequest(request: Record<string, unknown>, environment: string | undefined): {settings: Settings; messages: Message[]} {
  const messages = (Array.isArray(request.messages) ? request.messages : []).filter((m): m is Message => typeof m === 'object' && m !== null);
  const first = messages[0];
  const system = first && (first.role === 'system' || first.role === 'developer') && typeof first.content === 'string' ? first.content : '';
  return {
    settings: {
      environment: environment ?? '', system,
      model: typeof request.model === 'string' ? request.model : '',
      temperature: numberOrNull(request.temperature), topP: numberOrNull(request.top_p),
      maxTokens: numberOrNull(request.max_completion_tokens, request.max_tokens), seed: numberOrNull(request.seed),
      tools: Array.isArray(request.tools) && request.tools.length ? JSON.stringify(request.tools, null, 2) : '',
      stream: true,
    },
    messages: system ? messages.slice(1) : messages,
  };
}

// An assistant's turn as it has to be sent back to go on with the conversation.
export function assistantMessage(text: string, toolCalls: {id: string; name: string; arguments: string}[]): Message {
  return {
    role: 'assistant', content: text || null,
    ...(toolCalls.length ? {tool_calls: toolCalls.map((call) => ({id: call.id, type: 'function', function: {name: call.name, arguments: call.arguments}}))} : {}),
  };
}
