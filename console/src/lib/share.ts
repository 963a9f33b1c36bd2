// SPDX-License-Identifier: Apache-2.0
// A playground's state as text for the address bar. It goes behind the #, which browsers do not send.

export interface Shared {
  environment?: string;
  request: Record<string, unknown>;  // an OpenAI chat completion request
}

export function encodeShared(shared: Shared): string {
  const bytes = new TextEncoder().encode(JSON.stringify(shared));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function decodeShared(text: string): Shared | null {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const json: unknown = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))));
    if (typeof json !== 'object' || json === null) return null;
    const {environment, request} = json as Record<string, unknown>;
    if (typeof request !== 'object' || request === null || Array.isArray(request)) return null;
    return {request: request as Record<string, unknown>, ...(typeof environment === 'string' ? {environment} : {})};
  } catch {
    return null;
  }
}
