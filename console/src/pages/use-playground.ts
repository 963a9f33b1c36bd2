// SPDX-License-Identifier: Apache-2.0
// The playground's conversation, turn by turn.
import {useCallback, useRef, useState} from 'react';
import {turnText} from '../lib/chat';
import {assistantMessage, buildRequest, type Message, type Settings} from '../lib/playground';
import {lookUp, runChat, type Answer} from './run-chat';

export type {Answer} from './run-chat';

export interface Entry {
  message: Message;
  answer?: Answer;  // for assistant messages made here
}

export function usePlayground() {
  const [entries, setEntries] = useState<Entry[]>([]);
  const [running, setRunning] = useState<Answer | null>(null);
  const abort = useRef<AbortController | null>(null);

  const run = useCallback(async (settings: Settings, before: Entry[]) => {
    const controller = new AbortController();
    abort.current = controller;
    setEntries(before);
    const request = {...buildRequest(settings, before.map((entry) => entry.message)), environment: settings.environment};
    const answer = await runChat(request, controller.signal, setRunning);
    const message = assistantMessage(turnText(answer.turn), answer.turn.toolCalls);
    const index = before.length;
    setEntries([...before, {message, answer: {...answer}}]);
    setRunning(null);
    abort.current = null;
    if (!answer.summary && answer.invocationId) {
      const summary = await lookUp(answer.invocationId);
      if (summary) setEntries((now) => now.map((entry, i) => i === index && entry.answer ? {...entry, answer: {...entry.answer, summary}} : entry));
    }
  }, []);

  const stop = useCallback(() => abort.current?.abort(), []);
  return {entries, setEntries, running, run, stop};
}
