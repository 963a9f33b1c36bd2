// SPDX-License-Identifier: Apache-2.0
// YAML with line numbers, colours, search, and marks where the server found something wrong. Loaded where it is shown.
import {defaultKeymap, history, historyKeymap, indentWithTab} from '@codemirror/commands';
import {yaml} from '@codemirror/lang-yaml';
import {bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting} from '@codemirror/language';
import {lintGutter, lintKeymap, setDiagnostics, type Diagnostic} from '@codemirror/lint';
import {highlightSelectionMatches, searchKeymap} from '@codemirror/search';
import {Compartment, EditorState} from '@codemirror/state';
import {drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers} from '@codemirror/view';
import {tags} from '@lezer/highlight';
import {useEffect, useRef} from 'react';
import type {AssetProblem} from '../api/governance';

const kColours = HighlightStyle.define([
  {tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--json-key)'},
  {tag: [tags.string, tags.special(tags.string)], color: 'var(--json-string)'},
  {tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--json-number)'},
  {tag: [tags.keyword, tags.typeName, tags.labelName, tags.meta], color: 'var(--json-word)'},
  {tag: tags.comment, color: 'var(--mantine-color-dimmed)', fontStyle: 'italic'},
]);
const kLook = EditorView.theme({
  '&': {fontSize: '0.8125rem', color: 'var(--mantine-color-text)', backgroundColor: 'var(--surface)', height: '100%'},
  '&.cm-focused': {outline: '2px solid var(--mantine-color-harbor-6)', outlineOffset: '-1px'},
  '.cm-scroller': {fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.55'},
  '.cm-content': {caretColor: 'var(--mantine-color-text)', padding: '10px 0'},
  '.cm-cursor': {borderLeftColor: 'var(--mantine-color-text)'},
  '.cm-gutters': {backgroundColor: 'var(--surface-sunken)', color: 'var(--mantine-color-dimmed)', borderRight: '1px solid var(--line)'},
  '.cm-activeLine, .cm-activeLineGutter': {backgroundColor: 'var(--hover)'},
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {backgroundColor: 'var(--selected)'},
  '.cm-selectionMatch': {backgroundColor: 'var(--selected)'},
  '.cm-tooltip': {backgroundColor: 'var(--surface)', color: 'var(--mantine-color-text)', border: '1px solid var(--line)', borderRadius: '8px'},
  '.cm-diagnostic': {padding: '5px 10px'},
  '.cm-panels': {backgroundColor: 'var(--surface-sunken)', color: 'var(--mantine-color-text)'},
});

interface Props {
  value: string;
  label: string;
  onChange?: (value: string) => void;  // without it the text is only for reading
  onSave?: () => void;
  problems?: AssetProblem[];
  goTo?: {line: number; column: number | null} | null;  // puts the caret there
}

export default function YamlEditor({value, label, onChange, onSave, problems, goTo}: Props) {
  const element = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({onChange, onSave});
  latest.current = {onChange, onSave};
  const writable = onChange !== undefined;

  useEffect(() => {
    const named = new Compartment();
    const editor = new EditorView({
      parent: element.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(), highlightSpecialChars(), drawSelection(), bracketMatching(), highlightSelectionMatches(),
          yaml(), indentUnit.of('  '), syntaxHighlighting(kColours), kLook, EditorView.lineWrapping,
          named.of(EditorView.contentAttributes.of({'aria-label': label, tabindex: '0', ...(writable ? {} : {'aria-readonly': 'true'})})),
          ...(writable ? [history(), indentOnInput(), highlightActiveLine(), highlightActiveLineGutter(), lintGutter()] : [EditorState.readOnly.of(true), EditorView.editable.of(false)]),
          keymap.of([
            {key: 'Mod-s', preventDefault: true, run: () => {
              latest.current.onSave?.();
              return true;
            }},
            // Tab indents; Escape and then Tab leaves the editor.
            ...(writable ? [...defaultKeymap, ...historyKeymap, ...lintKeymap, indentWithTab] : []), ...searchKeymap,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  // The text is carried over below; the rest never changes while it is shown.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [writable, label]);

  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) editor.dispatch({changes: {from: 0, to: editor.state.doc.length, insert: value}});
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (editor && problems) editor.dispatch(setDiagnostics(editor.state, problems.map((problem) => diagnosticOf(editor.state, problem))));
  }, [problems]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !goTo) return;
    const at = positionOf(editor.state, goTo.line, goTo.column);
    editor.dispatch({selection: {anchor: at}, effects: EditorView.scrollIntoView(at, {y: 'center'})});
    editor.focus();
  }, [goTo]);

  return <div ref={element} className="yaml-editor" />;
}

function positionOf(state: EditorState, line: number | null, column: number | null): number {
  const at = state.doc.line(Math.min(Math.max(line ?? 1, 1), state.doc.lines));
  return Math.min(at.from + Math.max((column ?? 1) - 1, 0), at.to);
}

function diagnosticOf(state: EditorState, {line, column, path, message, hint}: AssetProblem): Diagnostic {
  const from = positionOf(state, line, column);
  return {from, to: Math.max(from, state.doc.lineAt(from).to), severity: 'error', message: `${path ? `${path}: ` : ''}${message}${hint ? ` ${hint}` : ''}`};
}
