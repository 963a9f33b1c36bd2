// SPDX-License-Identifier: Apache-2.0
import react from '@vitejs/plugin-react';
import {defineConfig} from 'vitest/config';

// `npm run dev` serves the console with hot reloading and passes the API on to a running server.
const server = process.env.SLIPWAY_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: process.env.SLIPWAY_CONSOLE_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Everything stays a file of its own: the policy allows fonts and scripts from the server only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: {polyfill: false},
  },
  server: {proxy: {'/api': server, '/v1': server}},
  test: {include: ['src/**/*.test.ts'], environment: 'node'},
});
