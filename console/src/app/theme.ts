// SPDX-License-Identifier: Apache-2.0
import {createTheme, type CSSVariablesResolver, type MantineColorsTuple} from '@mantine/core';
import type {Status} from '../lib/search';

const harbor: MantineColorsTuple = [
  '#eef7fb', '#dcebf2', '#b5d6e5', '#8bc0d7', '#68adcb', '#4f9fc3', '#1f7ca8', '#166a92', '#0b5578', '#07405c',
];
const dark: MantineColorsTuple = [
  '#d5dae1', '#b4bcc8', '#9aa6b5', '#5f6b7b', '#3a4452', '#2c3541', '#1d242d', '#151b22', '#10151b', '#0a0e13',
];

export const theme = createTheme({
  primaryColor: 'harbor',
  primaryShade: {light: 7, dark: 7},
  colors: {harbor, dark},
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: {xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem'},
  headings: {
    fontWeight: '650',
    sizes: {
      h1: {fontSize: '1.25rem', lineHeight: '1.3'},
      h2: {fontSize: '1rem', lineHeight: '1.4'},
      h3: {fontSize: '0.875rem', lineHeight: '1.4'},
    },
  },
  components: {
    Notification: {defaultProps: {closeButtonProps: {'aria-label': 'Close'}}},
    Tooltip: {defaultProps: {withArrow: true, openDelay: 250}},
    Modal: {
      defaultProps: {centered: true, closeButtonProps: {'aria-label': 'Close'}},
      styles: {content: {background: 'var(--surface)'}, header: {background: 'var(--surface)'}, title: {fontWeight: 650, fontSize: '1rem'}},
    },
    // Inside the main landmark, where readers expect what belongs to the page.
    Menu: {defaultProps: {portalProps: {target: '#main'}, withInitialFocusPlaceholder: false}},
    Select: {defaultProps: {openOnFocus: false}},
  },
});

// Mantine's muted greys fall short of a contrast of 4.5 : 1.
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f5f7f9',
    '--mantine-color-dimmed': '#556170',
    '--mantine-color-placeholder': '#66717f',
    '--mantine-color-error': '#c22525',
    '--mantine-color-default': '#ffffff',
    '--mantine-color-default-border': '#d3dae2',
  },
  dark: {
    '--mantine-color-dimmed': '#9aa6b5',
    '--mantine-color-placeholder': '#8b97a6',
    '--mantine-color-error': '#ff8a8a',
    '--mantine-color-default': '#1d242d',
    '--mantine-color-default-border': '#36404d',
  },
});

export type Scheme = 'light' | 'dark';

// Fills of the plots; text and icons use the stronger --status-… colours of app.css.
export const statusFill: Record<Scheme, Record<Status, string>> = {
  light: {
    ok: '#3f9fb5', client_error: '#e0913a', limited: '#d9bf3f', upstream_error: '#d9534f', interrupted: '#93a1b1',
    blocked: '#8b6fd1', internal_error: '#a3245f',
  },
  dark: {
    ok: '#3b8ea3', client_error: '#d98f3f', limited: '#cfb545', upstream_error: '#e0605c', interrupted: '#7d8b9b',
    blocked: '#9a80de', internal_error: '#d45f9b',
  },
};

export const seriesColors: Record<Scheme, string[]> = {
  light: ['#166a92', '#e0913a', '#c2446e', '#5f8f3e', '#8b6fd1'],
  dark: ['#5db4da', '#eba65a', '#e8799c', '#93c46e', '#b29af0'],
};
