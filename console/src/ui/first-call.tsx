// SPDX-License-Identifier: Apache-2.0
// Teaches the next step to someone whose Slipway has seen no call yet.
import {Button, Group} from '@mantine/core';
import {IconKey, IconMessage2Bolt, IconSailboat} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import {modelsQuery} from '../api/queries';
import {curlCommand} from '../lib/snippets';
import {CodeBlock} from './bits';
import {EmptyState} from './notices';

export function FirstCall() {
  const {data: models} = useQuery(modelsQuery());
  const model = models?.find((m) => m.operations.includes('chat'))?.name ?? 'simulated/echo';
  const body = JSON.stringify({model, messages: [{role: 'user', content: 'Hello, Slipway!'}]});
  return (
    <EmptyState icon={<IconSailboat size={40} stroke={1.4} aria-hidden />} title="Ready for the first call">
      <p className="empty-text">
        Point any OpenAI client at <code>{window.location.origin}/v1</code>, or paste this. Calls show up here within seconds.
      </p>
      <CodeBlock code={curlCommand(window.location.origin, 'chat', body)} label="command" />
      <Group justify="center" mt="md">
        <Button component={Link} to="/keys" variant="default" leftSection={<IconKey size={16} />}>Create a key</Button>
        <Button component={Link} to="/playground" leftSection={<IconMessage2Bolt size={16} />}>Try it in the playground</Button>
      </Group>
    </EmptyState>
  );
}
