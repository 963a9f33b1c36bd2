// SPDX-License-Identifier: Apache-2.0
// What stands around every page: navigation, notices of the server's state, palette and shortcuts.
import {Badge, Button, Kbd, Menu, Modal, Table, UnstyledButton, useMantineColorScheme} from '@mantine/core';
import {useHotkeys} from '@mantine/hooks';
import {
  IconActivity, IconBooks, IconCheck, IconChecklist, IconDeviceDesktop, IconFlask, IconGavel, IconHistory, IconKey, IconKeyboard, IconListCheck, IconListDetails, IconLock,
  IconLogout, IconMenu2, IconMessage2Bolt, IconMoon, IconReportAnalytics, IconRocket, IconSearch, IconRubberStamp, IconSun, IconUserCircle, IconUsers,
} from '@tabler/icons-react';
import {useQuery, useQueryClient, useSuspenseQuery} from '@tanstack/react-query';
import {Link, Outlet, useLocation, useNavigate, useSearch} from '@tanstack/react-router';
import {spotlight} from '@mantine/spotlight';
import {Fragment, lazy, Suspense, useState} from 'react';
import {api, setCsrfToken} from '../api/client';
import {approvalsQuery} from '../api/governance';
import {sessionQuery} from '../api/queries';
import {cleanShell} from '../lib/search';
import {PageLoading} from '../ui/notices';
import {Logo} from './logo';
import {Palette} from './palette';

const PasswordDialog = lazy(() => import('./password-dialog'));

// In the order of the navigation; a group's pages stand together.
export const kPages = [
  {to: '/', label: 'Overview', icon: IconActivity, key: 'o', hint: 'Is it healthy?', group: 'Watch'},
  {to: '/invocations', label: 'Invocations', icon: IconListDetails, key: 'i', hint: 'Every call, searchable', group: 'Watch'},
  {to: '/use-cases', label: 'Use cases', icon: IconChecklist, key: 'u', hint: 'Who wants this, and may they?', group: 'Ship'},
  {to: '/catalogue', label: 'Catalogue', icon: IconBooks, key: 'c', hint: 'What is it made of?', group: 'Ship'},
  {to: '/evaluations', label: 'Evaluations', icon: IconReportAnalytics, key: 'e', hint: 'What do we judge by?', group: 'Ship'},
  {to: '/runs', label: 'Runs', icon: IconListCheck, key: 'n', hint: 'What was evaluated, and how did it end?', group: 'Ship'},
  {to: '/releases', label: 'Releases', icon: IconRocket, key: 'r', hint: 'What runs where?', group: 'Ship'},
  {to: '/approvals', label: 'Approvals', icon: IconRubberStamp, key: 'a', hint: 'What waits for me?', group: 'Ship'},
  {to: '/policies', label: 'Policies', icon: IconGavel, key: 'y', hint: 'What does an environment ask for?', group: 'Ship'},
  {to: '/playground', label: 'Playground', icon: IconMessage2Bolt, key: 'p', hint: 'Try a model', group: 'Ship'},
  {to: '/keys', label: 'Keys', icon: IconKey, key: 'k', hint: 'Who may call', group: 'Access'},
  {to: '/people', label: 'People', icon: IconUsers, key: 'm', hint: 'Who may do what?', group: 'Access'},
  {to: '/audit', label: 'Audit', icon: IconHistory, key: 't', hint: 'Who did what?', group: 'Access'},
] as const;

const kShortcuts: [string[], string][] = [
  [['Ctrl', 'K'], 'Command palette'],
  ...kPages.map(({key, label}): [string[], string] => [['g', key], label]),
  [['/'], 'Search invocations'],
  [['j'], 'Next invocation'],
  [['k'], 'Previous invocation'],
  [['Enter'], 'Open the invocation'],
  [['Esc'], 'Close what is open'],
  [['l'], 'Live tail on or off'],
  [['?'], 'This help'],
];

export function Shell() {
  const {data: session} = useSuspenseQuery(sessionQuery);
  const search = cleanShell(useSearch({strict: false}));
  const navigate = useNavigate();
  const path = useLocation({select: (location) => location.pathname});
  const here = kPages.find(({to}) => to === '/' ? path === '/' : path.startsWith(to));
  const {data: waiting = 0} = useQuery({...approvalsQuery(true), select: (items) => items.filter((item) => item.may_decide).length});
  const [help, setHelp] = useState(false);
  const [password, setPassword] = useState(false);
  const [going, setGoing] = useState(false);

  // The palette opens from anywhere, also from a field; single letters only outside of fields.
  useHotkeys([['mod+K', () => spotlight.toggle()]], []);
  useHotkeys([
    ['shift+?', () => setHelp(true)],
    ['g', () => {
      setGoing(true);
      setTimeout(() => setGoing(false), 1200);
    }],
    ...kPages.map((page): [string, () => void] => [page.key, () => {
      if (!going) return;
      setGoing(false);
      void navigate({to: page.to, search});
    }]),
  ]);

  return (
    <div className="shell">
      <a className="skip-link" href="#main">Skip to content</a>
      <nav className="sidebar" aria-label="Main">
        <Link to="/" search={search} className="brand" aria-label="Slipway, overview"><Logo /><span>Slipway</span></Link>
        <div className="nav-links">
          {kPages.map(({to, label, icon: Icon, group}, i) => (
            <Fragment key={to}>
              {group !== kPages[i - 1]?.group && <div className="nav-group" aria-hidden>{group}</div>}
              <Link to={to} search={search} className="nav-link" activeOptions={{exact: to === '/', includeSearch: false}}>
                <Icon size={18} stroke={1.7} aria-hidden /><span>{label}</span>
                {to === '/approvals' && waiting > 0 && <Badge size="sm" circle={waiting < 10} ml="auto" aria-label={`${waiting} waiting`}>{waiting}</Badge>}
              </Link>
            </Fragment>
          ))}
        </div>
        <Menu position="bottom-start" width={230} shadow="md">
          <Menu.Target>
            <UnstyledButton className="nav-link nav-menu"><IconMenu2 size={18} stroke={1.7} aria-hidden />{here?.label}<span className="visually-hidden"> Pages</span></UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            {kPages.map(({to, label, icon: Icon, group}, i) => (
              <Fragment key={to}>
                {group !== kPages[i - 1]?.group && <Menu.Label>{group}</Menu.Label>}
                <Menu.Item leftSection={<Icon size={16} />} renderRoot={(props) => <Link {...props} to={to} search={search} activeOptions={{exact: to === '/', includeSearch: false}} />}>{label}</Menu.Item>
              </Fragment>
            ))}
          </Menu.Dropdown>
        </Menu>
        <div className="sidebar-foot">
          <UnstyledButton className="nav-link" onClick={() => spotlight.open()}>
            <IconSearch size={18} stroke={1.7} aria-hidden /><span style={{marginRight: 'auto'}}>Search</span><Kbd size="xs">Ctrl K</Kbd>
          </UnstyledButton>
          <UserMenu name={session.principal.name} version={session.version} passwordSet={session.password_set}
                    onHelp={() => setHelp(true)} onPassword={() => setPassword(true)} />
        </div>
      </nav>
      <main className="main" id="main" tabIndex={-1}>
        {session.simulated_only && (
          <div className="banner" role="note">
            <IconFlask size={17} aria-hidden />
            <span><strong>Simulated answers.</strong> No provider is connected, so the built-in simulator makes answers up.
              Set <code>OPENAI_API_KEY</code>, <code>ANTHROPIC_API_KEY</code> or <code>OLLAMA_HOST</code> and restart.</span>
          </div>
        )}
        {!session.password_set && session.principal.kind === 'user' && (
          <div className="banner" role="note">
            <IconLock size={17} aria-hidden />
            <span>You signed in with a one-time link. <button type="button" onClick={() => setPassword(true)}>Set a password</button> to come back without it.</span>
          </div>
        )}
        <Suspense fallback={<PageLoading />}><Outlet /></Suspense>
      </main>
      <Palette onHelp={() => setHelp(true)} />
      <Modal opened={help} onClose={() => setHelp(false)} title="Keyboard shortcuts">
        <Table>
          <Table.Tbody>
            {kShortcuts.map(([keys, what]) => (
              <Table.Tr key={what}>
                <Table.Td w={130}>{keys.map((key) => <Kbd key={key} mr={4}>{key}</Kbd>)}</Table.Td>
                <Table.Td>{what}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Button fullWidth mt="md" variant="default" onClick={() => setHelp(false)}>Close</Button>
      </Modal>
      {password && <Suspense><PasswordDialog needsCurrent={session.password_set} onClose={() => setPassword(false)} /></Suspense>}
    </div>
  );
}

function UserMenu({name, version, passwordSet, onHelp, onPassword}: {
  name: string; version: string; passwordSet: boolean; onHelp: () => void; onPassword: () => void;
}) {
  const {colorScheme, setColorScheme} = useMantineColorScheme();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const signOut = async () => {
    await api.DELETE('/api/v1/session').catch(() => undefined);
    setCsrfToken('');
    queryClient.clear();
    await navigate({to: '/sign-in', search: {}});
  };
  const schemes = [
    {value: 'light', label: 'Light', icon: IconSun},
    {value: 'dark', label: 'Dark', icon: IconMoon},
    {value: 'auto', label: 'Like the system', icon: IconDeviceDesktop},
  ] as const;
  return (
    <Menu position="top-start" width={230} shadow="md">
      <Menu.Target>
        <UnstyledButton className="nav-link" aria-label={`Account and settings, signed in as ${name}`}>
          <IconUserCircle size={18} stroke={1.7} aria-hidden /><span className="truncate">{name}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Colours</Menu.Label>
        {schemes.map(({value, label, icon: Icon}) => (
          <Menu.Item key={value} leftSection={<Icon size={16} />} onClick={() => setColorScheme(value)}
                     rightSection={colorScheme === value ? <IconCheck size={15} aria-label="chosen" /> : null}>{label}</Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={onHelp}>Keyboard shortcuts</Menu.Item>
        <Menu.Item leftSection={<IconLock size={16} />} onClick={onPassword}>{passwordSet ? 'Change password' : 'Set a password'}</Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>Sign out</Menu.Item>
        <Menu.Divider />
        <Menu.Label>Slipway {version}</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
