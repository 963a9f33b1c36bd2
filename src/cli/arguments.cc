// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <utility>

namespace slipway::cli {

Check between(std::int64_t least, std::int64_t most) {
  return Check([least, most](CLI::Option& option) { option.check(CLI::Range(least, most)); });
}

Check between(double least, double most) {
  return Check([least, most](CLI::Option& option) { option.check(CLI::Range(least, most)); });
}

Check positive() {
  return Check([](CLI::Option& option) { option.check(CLI::PositiveNumber); });
}

Check one_of(std::vector<std::string> words) {
  return Check([words = std::move(words)](CLI::Option& option) { option.check(CLI::IsMember(words)); });
}

Option Option::required(bool on) const {
  option_->required(on);
  return *this;
}

Option Option::type_name(const std::string& name) const {
  option_->type_name(name);
  return *this;
}

Option Option::check(const Check& check) const {
  check(*option_);
  return *this;
}

Option Option::one_each() const {
  option_->allow_extra_args(false);
  return *this;
}

Option Option::default_text(const std::string& text) const {
  option_->default_val(text);
  return *this;
}

Option Option::show_default() const {
  option_->capture_default_str();
  return *this;
}

Command Command::add_subcommand(const std::string& name, const std::string& description) const {
  return Command(app_->add_subcommand(name, description));
}

Option Command::add_option(const std::string& name, std::string& variable,
                           const std::string& description) const {
  return Option(app_->add_option(name, variable, description));
}

Option Command::add_option(const std::string& name, std::int64_t& variable,
                           const std::string& description) const {
  return Option(app_->add_option(name, variable, description));
}

Option Command::add_option(const std::string& name, std::uint32_t& variable,
                           const std::string& description) const {
  return Option(app_->add_option(name, variable, description));
}

Option Command::add_option(const std::string& name, int& variable, const std::string& description) const {
  return Option(app_->add_option(name, variable, description));
}

Option Command::add_option(const std::string& name, double& variable, const std::string& description) const {
  return Option(app_->add_option(name, variable, description));
}

Option Command::add_option(const std::string& name, std::vector<std::string>& variable,
                           const std::string& description) const {
  return Option(app_->add_option(name, variable, description));
}

Option Command::add_flag(const std::string& name, bool& variable, const std::string& description) const {
  return Option(app_->add_flag(name, variable, description));
}

Command Command::require_subcommand(int count) const {
  app_->require_subcommand(count);
  return *this;
}

Command Command::fallthrough() const {
  app_->fallthrough();
  return *this;
}

Command Command::callback(std::function<void()> done) const {
  app_->callback(std::move(done));
  return *this;
}

}  // namespace slipway::cli
