// SPDX-License-Identifier: Apache-2.0
// What stands around every page: navigation, notices of the server's state, palette and shortcuts.
import {Button, Kbd, Menu, Modal, Table, UnstyledButton, useMantineColorScheme} from '@mantine/core';
import {useHotkeys} from '@mantine/hooks';
import {
  IconActivity, IconCheck, IconDeviceDesktop, IconKey, IconKeyboard, IconListDetails, IconLock, IconLogout, IconMessage2Bolt,
  IconMoon, IconSearch, IconSun, IconUserCircle, IconFlask, IconHistory, IconUsers,
} from '@tabler/icons-react';
import {useQueryClient, useSuspenseQuery} from '@tanstack/react-query';
import {Link, Outlet, useNavigate, useSearch} from '@tanstack/react-router';
import {spotlight} from '@mantine/spotlight';
import {lazy, Suspense, useState} from 'react';
import {api, setCsrfToken} from '../api/client';
import {sessionQuery} from '../api/queries';
import {cleanShell} from '../lib/search';
import {PageLoading} from '../ui/notices';
import {Logo} from './logo';
import {Palette} from './palette';

const PasswordDialog = lazy(() => import('./password-dialog'));

export const kPages = [
  {to: '/', label: 'Overview', icon: IconActivity, key: 'o', hint: 'Is it healthy?'},
  {to: '/invocations', label: 'Invocations', icon: IconListDetails, key: 'i', hint: 'Every call, searchable'},
  {to: '/keys', label: 'Keys', icon: IconKey, key: 'k', hint: 'Who may call'},
  {to: '/people', label: 'People', icon: IconUsers, key: 'm', hint: 'Who may do what?'},
  {to: '/audit', label: 'Audit', icon: IconHistory, key: 't', hint: 'Who did what?'},
  {to: '/playground', label: 'Playground', icon: IconMessage2Bolt, key: 'p', hint: 'Try a model'},
] as const;

const kShortcuts: [string[], string][] = [
  [['Ctrl', 'K'], 'Command palette'],
  [['g', 'o'], 'Overview (g i, g k, g p: the other pages)'],
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
          {kPages.map(({to, label, icon: Icon}) => (
            <Link key={to} to={to} search={search} className="nav-link"
                  activeOptions={{exact: to === '/', includeSearch: false}}>
              <Icon size={18} stroke={1.7} aria-hidden /><span>{label}</span>
            </Link>
          ))}
        </div>
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
