// SPDX-License-Identifier: Apache-2.0
// The fields of a use case, in the words of those who own one. Registering takes them step by step, changing at once.
import {ActionIcon, Button, NumberInput, Radio, Select, Stack, TagsInput, Text, Textarea, TextInput} from '@mantine/core';
import {IconPlus, IconTrash} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import type {Questionnaire, Threshold} from '../api/governance';
import {plural} from '../lib/format';
import {capital, listOf, previewRisk} from '../lib/governance';
import {withName, type DraftProblems, type UseCaseDraft} from '../lib/use-case-draft';
import {AnswerCard} from '../ui/answer';
import {TierMark} from '../ui/marks';

export interface FieldsProps {
  draft: UseCaseDraft;
  onChange: (draft: UseCaseDraft) => void;
  problems: DraftProblems;  // only those that are to be shown
}

export function AboutFields({draft, onChange, problems, fixedSlug}: FieldsProps & {fixedSlug?: boolean}) {
  const set = (changes: Partial<UseCaseDraft>) => onChange({...draft, ...changes});
  return (
    <Stack gap="md">
      <TextInput label="What is it called?" required maxLength={200} value={draft.name} error={problems.name} onChange={(e) => onChange(withName(draft, e.currentTarget.value))}
                 placeholder="Support assistant" />
      {!fixedSlug && (
        <TextInput label="Short name" description="Goes into addresses, keys and bills; it stays for good" required maxLength={63} value={draft.slug} error={problems.slug}
                   onChange={(e) => set({slug: e.currentTarget.value, slugTyped: e.currentTarget.value !== ''})} styles={{input: {fontFamily: 'var(--mantine-font-family-monospace)'}}} />
      )}
      <Textarea label="What is it for?" description="What the model does, for which business purpose, and what happens with its answers" autosize minRows={3} maxRows={12} maxLength={8000}
                value={draft.purpose} onChange={(e) => set({purpose: e.currentTarget.value})} placeholder="Answers customers’ questions about orders from our help pages. A person takes over when it is unsure." />
      <Textarea label="Whom does it affect?" description="Those who use it and those about whom it says something" autosize minRows={2} maxRows={8} maxLength={4000} value={draft.usersAffected}
                onChange={(e) => set({usersAffected: e.currentTarget.value})} placeholder="About 40,000 customers a month; 25 agents of the support team" />
      <TextInput label="Who owns it?" description="A person or team that answers for it" maxLength={200} value={draft.owner} onChange={(e) => set({owner: e.currentTarget.value})} />
    </Stack>
  );
}

const kDataClasses = ['public', 'internal', 'confidential', 'personal', 'special categories', 'payment', 'health', 'source code'];

export function DataField({draft, onChange}: Omit<FieldsProps, 'problems'>) {
  return <TagsInput label="Which data does it see?" description="Choose, or type your own and press Enter" data={kDataClasses} value={draft.dataClasses} clearable
                    clearButtonProps={{'aria-label': 'No data'}} onChange={(dataClasses) => onChange({...draft, dataClasses})} placeholder={draft.dataClasses.length ? undefined : 'For instance: internal, personal'} />;
}

export function RiskFields({questionnaire, draft, onChange}: Omit<FieldsProps, 'problems'> & {questionnaire: Questionnaire}) {
  return (
    <div>
      {questionnaire.questions.map((question, i) => (
        <div key={question.id} className="question">
          <Radio.Group label={`${i + 1}. ${question.text}`} description={question.help || undefined} value={draft.answers[question.id] ?? ''} classNames={{label: 'question-text'}}
                       onChange={(value) => onChange({...draft, answers: {...draft.answers, [question.id]: value}})}>
            <Stack gap={7} mt={8}>{question.options.map((option) => <Radio key={option.value} size="sm" value={option.value} label={option.label} />)}</Stack>
          </Radio.Group>
        </div>
      ))}
    </div>
  );
}

// What follows from the answers so far, while they are given.
export function RiskOutcome({questionnaire, answers}: {questionnaire: Questionnaire; answers: Record<string, string>}) {
  const {tier, unanswered, reasons} = previewRisk(questionnaire, answers);
  if (!tier) return <AnswerCard level="quiet" sentence={`${plural(unanswered, 'question is', 'questions are')} still open. Their answers decide the risk tier and who reviews this.`} />;
  const reviews = tier.required_reviews.length ? `reviewed by ${listOf(tier.required_reviews)}, again after ${plural(tier.review_days, 'day')}` : 'no review is needed';
  return (
    <AnswerCard level={tier.forbidden ? 'bad' : 'ok'} word={tier.label} findings={reasons}
                sentence={tier.forbidden ? `${tier.description} It cannot be approved.` : `${reviews}. ${tier.description}`} />
  );
}

function Rows<T>({label, help, items, onChange, blank, add, error, children}: {
  label: string; help: string; items: T[]; onChange: (items: T[]) => void; blank: T; add: string; error?: string; children: (item: T, set: (changes: Partial<T>) => void, n: number) => ReactNode;
}) {
  return (
    <fieldset className="question rows">
      <legend>{label}</legend>
      <p className="quiet question-help">{help}</p>
      {items.map((item, i) => (
        <div key={i} className="row">
          {children(item, (changes) => onChange(items.map((other, j) => i === j ? {...other, ...changes} : other)), i + 1)}
          <ActionIcon variant="subtle" size="lg" c="var(--mantine-color-dimmed)" aria-label={`Remove number ${i + 1} of ${label.toLowerCase()}`} onClick={() => onChange(items.filter((_, j) => i !== j))}><IconTrash size={16} aria-hidden /></ActionIcon>
        </div>
      ))}
      {error && <Text size="sm" c="var(--mantine-color-error)" role="alert">{error}</Text>}
      <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => onChange([...items, blank])}>{add}</Button>
    </fieldset>
  );
}

const kOps: {value: Threshold['op']; label: string}[] = [{value: '>=', label: 'at least'}, {value: '<=', label: 'at most'}, {value: '>', label: 'above'}, {value: '<', label: 'below'}];
const kDirections = [{value: 'at_least', label: 'at least'}, {value: 'at_most', label: 'at most'}];
const number = (value: string | number) => typeof value === 'number' ? value : value === '' ? '' : Number(value);

export function GoalFields({draft, onChange, problems}: FieldsProps) {
  const set = (changes: Partial<UseCaseDraft>) => onChange({...draft, ...changes});
  return (
    <div>
      <Rows label="Business goals" help="How you will know that it was worth it" add="Add a goal" items={draft.kpis} onChange={(kpis) => set({kpis})} error={problems.kpis}
            blank={{name: '', direction: 'at_least', target: '', unit: ''}}>
        {(kpi, change, n) => (
          <>
            <TextInput size="sm" style={{flex: '1 1 200px'}} aria-label={`Goal ${n}`} placeholder="Questions solved without a person" value={kpi.name} onChange={(e) => change({name: e.currentTarget.value})} />
            <Select size="sm" w={110} aria-label={`Direction of goal ${n}`} allowDeselect={false} data={kDirections} value={kpi.direction} onChange={(value) => change({direction: value as 'at_least'})} />
            <NumberInput size="sm" w={100} aria-label={`Target of goal ${n}`} placeholder="60" value={kpi.target} onChange={(value) => change({target: number(value)})} hideControls />
            <TextInput size="sm" w={90} aria-label={`Unit of goal ${n}`} placeholder="%" value={kpi.unit} onChange={(e) => change({unit: e.currentTarget.value})} />
          </>
        )}
      </Rows>
      <Rows label="Quality agreed up front" help="What an evaluation must show before a release goes out" add="Add a threshold" items={draft.thresholds} onChange={(thresholds) => set({thresholds})}
            error={problems.thresholds} blank={{metric: '', op: '>=', value: ''}}>
        {(threshold, change, n) => (
          <>
            <TextInput size="sm" style={{flex: '1 1 200px'}} aria-label={`Metric ${n}`} placeholder="answer_relevance" value={threshold.metric} onChange={(e) => change({metric: e.currentTarget.value})} />
            <Select size="sm" w={110} aria-label={`Comparison of metric ${n}`} allowDeselect={false} data={kOps} value={threshold.op} onChange={(value) => change({op: value as Threshold['op']})} />
            <NumberInput size="sm" w={100} aria-label={`Value of metric ${n}`} placeholder="0.85" value={threshold.value} onChange={(value) => change({value: number(value)})} hideControls />
          </>
        )}
      </Rows>
      <div className="question">
        <Stack gap="md">
          <Textarea label="What is done against the risks?" autosize minRows={2} maxRows={10} maxLength={8000} value={draft.mitigations} onChange={(e) => set({mitigations: e.currentTarget.value})}
                    placeholder="Answers come only from approved pages; personal data is masked; a person reviews complaints." />
          <Textarea label="What can it not do?" description="Known limits; they are printed in every release’s notes" autosize minRows={2} maxRows={10} maxLength={8000} value={draft.knownLimits}
                    onChange={(e) => set({knownLimits: e.currentTarget.value})} placeholder="English only. No answers about contracts." />
        </Stack>
      </div>
      <Rows label="Cost tags" help="Where its cost belongs, as in your accounts" add="Add a tag" items={draft.costTags} onChange={(costTags) => set({costTags})} error={problems.costTags} blank={{name: '', value: ''}}>
        {(tag, change, n) => (
          <>
            <TextInput size="sm" style={{flex: '1 1 140px'}} aria-label={`Name of tag ${n}`} placeholder="cost-center" value={tag.name} onChange={(e) => change({name: e.currentTarget.value})} />
            <TextInput size="sm" style={{flex: '1 1 140px'}} aria-label={`Value of tag ${n}`} placeholder="4711" value={tag.value} onChange={(e) => change({value: e.currentTarget.value})} />
          </>
        )}
      </Rows>
      <Rows label="Links" help="Tickets, designs, contracts" add="Add a link" items={draft.links} onChange={(links) => set({links})} error={problems.links} blank={{title: '', url: ''}}>
        {(link, change, n) => (
          <>
            <TextInput size="sm" style={{flex: '1 1 140px'}} aria-label={`Title of link ${n}`} placeholder="Project page" value={link.title} onChange={(e) => change({title: e.currentTarget.value})} />
            <TextInput size="sm" style={{flex: '2 1 220px'}} aria-label={`Address of link ${n}`} placeholder="https://…" type="url" value={link.url} onChange={(e) => change({url: e.currentTarget.value})} />
          </>
        )}
      </Rows>
    </div>
  );
}

export function tierLabel(questionnaire: Questionnaire | undefined, tier: string | null | undefined): string {
  return questionnaire?.tiers.find((t) => t.name === tier)?.label ?? (tier ? capital(tier) : 'not rated');
}

// The questions with the answers that were given.
export function GivenAnswers({questionnaire, answers}: {questionnaire: Questionnaire; answers: Record<string, string>}) {
  const lowest = questionnaire.tiers[0]?.name;
  return (
    <div className="scroll-x" role="region" aria-label="Answers" tabIndex={0}>
      <table className="data-table">
        <thead><tr><th scope="col">Question</th><th scope="col">Answer</th><th scope="col">Demands</th></tr></thead>
        <tbody>
          {questionnaire.questions.map((question) => {
            const option = question.options.find((o) => o.value === answers[question.id]);
            return (
              <tr key={question.id}>
                <td style={{minWidth: 200}}>{question.text}</td>
                <td>{option ? <strong>{option.label}</strong> : <span className="quiet">not answered</span>}</td>
                <td>{option?.tier && option.tier !== lowest ? <TierMark tier={tierLabel(questionnaire, option.tier)} /> : '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
