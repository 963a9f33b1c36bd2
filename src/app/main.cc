// SPDX-License-Identifier: Apache-2.0
#include "app/cases_content.h"
#include "app/migrate_store.h"
#include "app/project_hooks.h"
#include "app/self_check.h"
#include "app/serve.h"
#include "app/verify_audit.h"
#include "cli/cli.h"

int main(int argc, char** argv) {
  const slipway::cli::Hooks hooks{slipway::app::serve,           slipway::app::self_check,
                                  slipway::app::migrate_store,   slipway::app::verify_audit,
                                  slipway::app::asset_hooks(),   slipway::app::cases_content,
                                  slipway::app::registry_hooks()};
  return slipway::cli::run_cli(argc, argv, hooks);
}
