// SPDX-License-Identifier: Apache-2.0
// Commands and their options, as CLI11 parses them. Its headers are heavy: only arguments.cc, cli.cc and
// completion_command.cc see them. Handles are cheap to copy and belong to the program's command tree.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace slipway::cli {

// What an option's values must be; the message of a wrong one says so.
class Check {
 public:
  // `apply` is known to arguments.cc only.
  explicit Check(std::function<void(CLI::Option&)> apply) : apply_(std::move(apply)) {}
  void operator()(CLI::Option& option) const { apply_(option); }

 private:
  std::function<void(CLI::Option&)> apply_;
};
Check between(std::int64_t least, std::int64_t most);
Check between(double least, double most);
Check positive();
Check one_of(std::vector<std::string> words);

class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  const Option* operator->() const { return this; }
  Option required(bool on = true) const;
  Option type_name(const std::string& name) const;
  Option check(const Check& check) const;
  Option one_each() const;  // of a repeatable one: each time with one value
  Option default_text(const std::string& text) const;
  Option show_default() const;

 private:
  CLI::Option* option_;
};

class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}
  const Command* operator->() const { return this; }
  Command add_subcommand(const std::string& name, const std::string& description) const;
  // Variables outlive the command. Without dashes `name` is a positional argument.
  Option add_option(const std::string& name, std::string& variable, const std::string& description) const;
  Option add_option(const std::string& name, std::int64_t& variable, const std::string& description) const;
  Option add_option(const std::string& name, std::uint32_t& variable, const std::string& description) const;
  Option add_option(const std::string& name, int& variable, const std::string& description) const;
  Option add_option(const std::string& name, double& variable, const std::string& description) const;
  Option add_option(const std::string& name, std::vector<std::string>& variable,
                    const std::string& description) const;
  Option add_flag(const std::string& name, bool& variable, const std::string& description) const;
  Command require_subcommand(int count = 1) const;
  Command fallthrough() const;  // options of the commands above may stand behind this one
  Command callback(std::function<void()> done) const;
  [[nodiscard]] CLI::App& app() const { return *app_; }

 private:
  CLI::App* app_;
};

}  // namespace slipway::cli
