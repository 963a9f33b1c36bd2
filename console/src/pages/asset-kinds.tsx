// SPDX-License-Identifier: Apache-2.0
import {IconBook2, IconCpu, IconDatabase, IconGitBranch, IconMessageCode, IconReportAnalytics, IconRobot, IconShieldHalf, IconTool, type Icon} from '@tabler/icons-react';
import type {AssetKind} from '../api/governance';

const kIcons: Record<AssetKind, Icon> = {
  prompt: IconMessageCode, model: IconCpu, guardrail: IconShieldHalf, tool: IconTool, flow: IconGitBranch, agent: IconRobot, knowledge: IconBook2, dataset: IconDatabase,
  evaluation: IconReportAnalytics,
};

export function KindIcon({kind, size = 15}: {kind: AssetKind; size?: number}) {
  const Shape = kIcons[kind];
  return <Shape size={size} aria-hidden />;
}
