// SPDX-License-Identifier: Apache-2.0
// "Who may do what here?": people and service accounts with their roles.
import {ActionIcon, Badge, Button, Menu, SegmentedControl, TextInput} from '@mantine/core';
import {useDebouncedCallback} from '@mantine/hooks';
import {IconDots, IconHistory, IconLink, IconPlus, IconRobot, IconSearch, IconShieldCheck, IconUserCheck, IconUserOff, IconUsers} from '@tabler/icons-react';
import {useInfiniteQuery, useSuspenseQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useState} from 'react';
import {peopleQuery, type Person, type PersonWithSecret} from '../api/people-queries';
import {sessionQuery} from '../api/queries';
import {formatAgo, formatFullTime} from '../lib/format';
import {grantText, isAdministrator} from '../lib/roles';
import {TopBar} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {AddPerson, Deactivate, EditRoles, Renew, SecretDialog, useActivate} from './people-dialogs';

const route = getRouteApi('/app/people');
type Doing = {what: 'add'} | {what: 'roles' | 'renew' | 'deactivate'; person: Person} | {what: 'secret'; made: PersonWithSecret};

export function PeoplePage() {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const kind = search.kind ?? 'user';
  const {data: session} = useSuspenseQuery(sessionQuery);
  const manages = isAdministrator(session.principal.grants);
  const query = useInfiniteQuery(peopleQuery(kind, search.q ?? ''));
  const people = query.data?.pages.flatMap((page) => page.items) ?? [];
  const [doing, setDoing] = useState<Doing | null>(null);
  const activate = useActivate();
  const close = () => setDoing(null);
  const done = (made: PersonWithSecret) => setDoing({what: 'secret', made});
  const users = kind === 'user';
  const add = manages && <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setDoing({what: 'add'})}>{users ? 'Invite somebody' : 'Create a service account'}</Button>;
  return (
    <>
      <TopBar title="People">{add}</TopBar>
      <div className="page">
        <div style={{display: 'flex', alignItems: 'center', gap: 14, marginBottom: 12, flexWrap: 'wrap'}}>
          <SegmentedControl size="xs" aria-label="Whom to show" value={kind} onChange={(next) => setSearch({kind: next === 'user' ? undefined : next})}
                            data={[{value: 'user', label: 'People'}, {value: 'service', label: 'Service accounts'}]} />
          <FindField key={kind} value={search.q ?? ''} label={users ? 'Find a person' : 'Find a service account'} onFind={(q) => setSearch({q: q || undefined}, true)} />
          {!manages && <span style={{color: 'var(--mantine-color-dimmed)', fontSize: 'var(--mantine-font-size-sm)'}}>Only an administrator changes anything here.</span>}
        </div>
        {activate.isError && <ErrorNotice error={activate.error} what="That did not work" />}
        {query.isError && <ErrorNotice error={query.error} what="The list could not be loaded" onRetry={() => void query.refetch()} />}
        {query.isPending && !query.isError && <PageLoading />}
        {query.isSuccess && people.length === 0 && (search.q ? (
          <EmptyState icon={<IconSearch size={38} stroke={1.4} aria-hidden />} title="Nobody fits"><p className="empty-text">No name{users ? ' and no e-mail address' : ''} holds “{search.q}”.</p></EmptyState>
        ) : (
          <EmptyState icon={users ? <IconUsers size={40} stroke={1.4} aria-hidden /> : <IconRobot size={40} stroke={1.4} aria-hidden />} title={users ? 'Nobody yet' : 'No service account yet'}>
            <p className="empty-text">{users ? 'Invite people by a link that works once; each sets a password of their own.' : 'Programs that use the control API, such as a CI job, get an account and a token of their own, with no more roles than they need.'}</p>
            {add}
          </EmptyState>
        ))}
        {people.length > 0 && (
          <div className="card scroll-x" role="region" aria-label={users ? 'People' : 'Service accounts'} tabIndex={0}>
            <PeopleTable people={people} self={session.principal.id} manages={manages} onDo={setDoing} onActivate={(person) => activate.mutate(person)} />
          </div>
        )}
        {query.hasNextPage && <Button mt="sm" size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
      </div>
      {doing?.what === 'add' && <AddPerson kind={kind} onClose={close} onMade={done} />}
      {doing?.what === 'roles' && <EditRoles person={doing.person} onClose={close} />}
      {doing?.what === 'renew' && <Renew person={doing.person} onClose={close} onMade={done} />}
      {doing?.what === 'deactivate' && <Deactivate person={doing.person} onClose={close} />}
      {doing?.what === 'secret' && <SecretDialog made={doing.made} onClose={close} />}
    </>
  );
}

function FindField({value, label, onFind}: {value: string; label: string; onFind: (q: string) => void}) {
  const [text, setText] = useState(value);
  const later = useDebouncedCallback(onFind, 300);
  return (
    <TextInput size="xs" w={240} type="search" aria-label={label} placeholder={`${label}…`} value={text} leftSection={<IconSearch size={15} aria-hidden />}
               onChange={(e) => {
                 setText(e.currentTarget.value);
                 later(e.currentTarget.value.trim());
               }} />
  );
}

const kStateColors = {active: 'var(--status-ok)', invited: 'var(--status-limited)', inactive: 'var(--status-interrupted)'};

function StateBadge({state}: {state: Person['state']}) {
  const color = kStateColors[state];
  return <Badge variant="outline" size="sm" style={{color, borderColor: color, textTransform: 'none'}}>{state}</Badge>;
}

const kWays: Record<string, string> = {password: 'password', oidc: 'single sign-on', token: 'token'};

function PeopleTable({people, self, manages, onDo, onActivate}: {
  people: Person[]; self: string; manages: boolean; onDo: (doing: Doing) => void; onActivate: (person: Person) => void;
}) {
  return (
    <table className="data-table">
      <thead>
        <tr>
          <th scope="col">Name</th><th scope="col">Roles</th><th scope="col">State</th><th scope="col">Signs in with</th><th scope="col">Last seen</th>
          <th scope="col"><span className="visually-hidden">Actions</span></th>
        </tr>
      </thead>
      <tbody>
        {people.map((person) => (
          <tr key={person.id}>
            <td><strong>{person.name}</strong>{person.id === self && <span style={{color: 'var(--mantine-color-dimmed)'}}> (you)</span>}
              {person.email && <div style={{color: 'var(--mantine-color-dimmed)', overflowWrap: 'anywhere'}}>{person.email}</div>}</td>
            <td>{person.grants.length === 0 ? <span style={{color: 'var(--mantine-color-dimmed)'}}>none</span> : person.grants.map((grant) => (
              <div key={grantText(grant)}>{grantText(grant)}</div>
            ))}</td>
            <td><StateBadge state={person.state} /></td>
            <td>{person.sign_in.length ? person.sign_in.map((way) => kWays[way] ?? way).join(', ') : '–'}</td>
            <td title={person.last_seen_at ? formatFullTime(person.last_seen_at) : undefined}>{person.last_seen_at ? formatAgo(person.last_seen_at) : 'never'}</td>
            <td className="right">
              <Menu position="bottom-end" shadow="md" width={230}>
                <Menu.Target><ActionIcon variant="subtle" c="var(--mantine-color-text)" aria-label={`Actions for ${person.name}`}><IconDots size={17} aria-hidden /></ActionIcon></Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item leftSection={<IconHistory size={15} />} renderRoot={(props) => <Link {...props} to="/audit" search={{actor: person.id}} />}>What they did</Menu.Item>
                  <Menu.Item leftSection={<IconHistory size={15} />} renderRoot={(props) => <Link {...props} to="/audit" search={{object: person.email ?? person.name}} />}>What was done to them</Menu.Item>
                  {manages && person.id !== self && (
                    <>
                      <Menu.Divider />
                      <Menu.Item leftSection={<IconShieldCheck size={15} />} onClick={() => onDo({what: 'roles', person})}>Change roles…</Menu.Item>
                      {person.state !== 'inactive' && <Menu.Item leftSection={<IconLink size={15} />} onClick={() => onDo({what: 'renew', person})}>{person.kind === 'user' ? 'New link…' : 'New token…'}</Menu.Item>}
                      {person.state === 'inactive' ? <Menu.Item leftSection={<IconUserCheck size={15} />} onClick={() => onActivate(person)}>Activate</Menu.Item>
                        : <Menu.Item leftSection={<IconUserOff size={15} />} c="var(--mantine-color-error)" onClick={() => onDo({what: 'deactivate', person})}>Deactivate…</Menu.Item>}
                    </>
                  )}
                </Menu.Dropdown>
              </Menu>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
