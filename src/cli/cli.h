// SPDX-License-Identifier: Apache-2.0
// The command line: reads arguments, does the local commands itself, calls a server's control API for the
// rest.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/yaml.h"

namespace slipway::cli {

// DESIGN §7.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;       // a check or gate said no
inline constexpr int kExitUsage = 2;        // wrong usage or input
inline constexpr int kExitUnreachable = 3;  // could not decide, or could not reach

// Runs the server with valid settings until it is told to stop; gives the exit code.
using ServeFunction = std::function<int(LoadedConfig)>;
// Starts a server on a temporary directory and a free port, calls it, shows the records; gives the exit code.
using CheckFunction = std::function<int(bool json)>;

// Copies the embedded store to the PostgreSQL database at `url`; gives the exit code.
using MigrateFunction = std::function<int(const LoadedConfig&, const std::string& url, bool json)>;

// Verifies the audit log in the data directory itself, without a server; `anchors` are further lines of
// anchors. Gives an AuditVerification of api/openapi.yaml.
using VerifyAuditFunction =
    std::function<Result<boost::json::object>(const Config& config, const std::string& anchors)>;

// How a file of cases is to be read: "" finds the format out.
struct CasesFile {
  std::string path;
  std::string format;
  std::map<std::string, std::string> columns;
};
// What a dataset's content has of the cases in a file ("count", "cases_digest", "splits"), as the server
// would say, without one. Reads it piece by piece.
using CasesContentFunction = std::function<Result<boost::json::object>(const CasesFile& file)>;

// What is wrong with an asset's content, as far as it can be said without a server.
struct ContentProblem {
  std::string path;  // "messages[2].content"
  std::string message;
  std::string hint;
  std::uint32_t line = 0;  // 0: unknown
  std::uint32_t column = 0;
};

// What the command line needs of the catalogue to check a folder of files without a server.
struct AssetHooks {
  std::function<std::vector<ContentProblem>(const std::string& owner, const std::string& kind,
                                            const std::string& name, const boost::json::object& content,
                                            const YamlNode& positions)>
      validate;
  // Where an asset names others, as path and "owner/kind/name".
  std::function<std::vector<std::pair<std::string, std::string>>(
      const std::string& owner, const std::string& kind, const std::string& name,
      const boost::json::object& content)>
      references;
  // What a server would call that content: "sha256:…".
  std::function<std::string(const boost::json::object& content)> digest;
};

// What the command line needs of governance to check and compare use-case.yaml and policies.
struct RegistryHooks {
  std::vector<std::string> use_case_fields;  // in the order in which people read them
  // A use case's fields and a policy's rules as a server keeps them; those that are wrong are left out, and
  // told. Answers are checked apart.
  using Normalize = std::function<boost::json::object(
      const std::string& owner, const boost::json::object& content, std::vector<ContentProblem>& problems)>;
  Normalize use_case;
  Normalize policy;
  // The answers of a use case against a questionnaire (its YAML or JSON; empty: the built-in one). An Error
  // if that is none.
  std::function<Result<std::vector<ContentProblem>>(const boost::json::object& use_case,
                                                    const std::string& questionnaire)>
      answers;
  // The rules of a policy that ask for less than `shared`, every rule decided, does there.
  std::function<std::vector<ContentProblem>(
      const boost::json::object& shared, const boost::json::object& policy, const std::string& environment)>
      loosening;
};

// What the command line needs of rooms that it may not include; `app` joins them.
struct Hooks {
  ServeFunction serve;
  CheckFunction check;
  MigrateFunction migrate = {};
  VerifyAuditFunction verify_audit = {};
  AssetHooks assets = {};
  CasesContentFunction cases_content = {};
  RegistryHooks registry = {};
};

// What a command may touch of the process; tests bring their own.
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  std::map<std::string, std::string, std::less<>> environment;
  bool color = false;        // standard output is a terminal and NO_COLOR is not set
  bool interactive = false;  // standard input is a terminal: may ask for a password
};

// `arguments` without the program's name.
int run(std::vector<std::string> arguments, const Hooks& hooks, Surroundings surroundings);

// The same for main().
int run_cli(int argc, char** argv, const Hooks& hooks);

// "0.1.0"
std::string version();

}  // namespace slipway::cli
