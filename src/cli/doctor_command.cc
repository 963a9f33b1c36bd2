// SPDX-License-Identifier: Apache-2.0
// doctor.
#include <ostream>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/doctor.h"

namespace slipway::cli {
namespace {

std::string_view word_of(Health health) {
  switch (health) {
    case Health::kOk: return "ok";
    case Health::kWarning: return "warn";
    case Health::kFailed: return "fail";
  }
  return "";
}

Color color_of(Health health) {
  switch (health) {
    case Health::kOk: return Color::kGreen;
    case Health::kWarning: return Color::kYellow;
    case Health::kFailed: return Color::kRed;
  }
  return Color::kNone;
}

int doctor(const Context& context) {
  const Output output = context.output();
  const auto loaded = context.load();
  if (!loaded) return output.fail(loaded.error());
  json::array items;
  int warnings = 0;
  int failures = 0;
  examine(*loaded, [&](const Finding& finding) {
    warnings += finding.health == Health::kWarning ? 1 : 0;
    failures += finding.health == Health::kFailed ? 1 : 0;
    items.push_back({{"check", finding.check},
                     {"state", word_of(finding.health)},
                     {"detail", finding.detail},
                     {"mend", finding.mend}});
    if (output.json()) return;
    std::string state(word_of(finding.health));
    state.resize(4, ' ');
    output.line(output.paint(state, color_of(finding.health)) + "  " +
                printable(finding.check + ": " + finding.detail));
    if (!finding.mend.empty()) output.line("        " + printable(finding.mend));
    output.out().flush();
  });
  if (output.json()) {
    output.print_json({{"ok", failures == 0}, {"items", items}});
  } else {
    output.line("");
    output.line(std::to_string(items.size() - static_cast<std::size_t>(warnings + failures)) + " ok, " +
                std::to_string(warnings) + " warnings, " + std::to_string(failures) + " failed");
  }
  return failures == 0 ? kExitDone : kExitFailed;
}

}  // namespace

void add_doctor_command(Command app, Context& context) {
  app.add_subcommand("doctor", "Check disk, clock, port and connections, and say how to mend them")
      ->callback([&context] { context.action = [&context] { return doctor(context); }; });
}

}  // namespace slipway::cli
