#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints the directory of a Node.js new enough for the console (20.19 or later, 22.12 or later).
# Takes the machine's if it is, else installs the npm package `node` once under build/node.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
new_enough='const [a,b]=process.versions.node.split(".").map(Number); process.exit(a===20&&b>=19||a===22&&b>=12||a>=23?0:1)'

if command -v node >/dev/null && node -e "$new_enough" 2>/dev/null; then
  dirname "$(command -v node)"
  exit 0
fi
own=$top/build/node
if ! [ -x "$own/node_modules/node/bin/node" ]; then
  if ! command -v npm >/dev/null; then
    echo "tools/node.sh: neither Node.js 20.19+ nor npm is here; install npm (apt-get install npm) or" \
         "configure with -DSLIPWAY_CONSOLE=OFF to build without the console" >&2
    exit 1
  fi
  mkdir -p "$own"
  npm install --prefix "$own" --no-save --no-fund --no-audit node@22 >&2
fi
echo "$own/node_modules/node/bin"
