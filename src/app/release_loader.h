// SPDX-License-Identifier: Apache-2.0
// Turns what is deployed into what the gateway serves: for each use case and environment the compiled prompt
// of the release that is active, and of the candidate beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "gateway/snapshot.h"

namespace slipway::app {

// What runs where. Release numbers; 0: none.
struct LivePointer {
  std::string use_case;
  std::string environment;
  std::int64_t active = 0;
  std::int64_t candidate = 0;
  std::int64_t standby = 0;  // kept warm: compiled, not served
  std::uint32_t candidate_basis_points = 0;
  std::string salt;
};

struct LiveMoves {
  std::vector<LivePointer> pointers;
  std::int64_t mark = 0;   // for the next question
  bool everything = true;  // false: only what has changed since the mark that was given
};

// The assets of one release; names are "owner/kind/name".
struct ReleaseContents {
  std::string entry;
  std::map<std::string, json::object, std::less<>> assets;
};

struct ReleasePorts {
  // 0: all of them.
  std::function<Result<LiveMoves>(std::int64_t mark)> live;
  // A release never changes, so that each is asked for once.
  std::function<Result<ReleaseContents>(const std::string& use_case, std::int64_t number)> contents;
};

// Compiles the entry of a release. kInvalidArgument says what can't be served.
Result<llm::PromptProgram> compile_release(const ReleaseContents& contents);

// Any thread; blocks on the ports.
class ReleaseLoader {
 public:
  ReleaseLoader(ReleasePorts ports, Logger log) : ports_(std::move(ports)), log_(std::move(log)) {}

  // Adds the use cases to the snapshot's environments. A release that can't be served is logged and refuses
  // its calls with the reason; it does not keep the others back. A store that can't be asked is a failure:
  // what was published before then stays, so that nobody's calls are refused for it.
  Result<> fill(gateway::Snapshot& snapshot);
  // What the release did in the environment since this process began to serve it there; null if it didn't.
  [[nodiscard]] std::shared_ptr<const gateway::ReleaseTally> tally(const std::string& release,
                                                                   const std::string& environment) const;

 private:
  struct Compiled {
    std::shared_ptr<const llm::PromptProgram> program;  // null: see `problem`
    std::string problem;
  };
  using Served = std::shared_ptr<const gateway::ServedRelease>;
  using Place = std::pair<std::string, std::string>;  // use case or release, environment
  using Edits = std::map<std::string, gateway::UseCaseTable::Edit>;

  Result<> take(const LiveMoves& moves, const gateway::Snapshot& snapshot, Edits& edits);
  // What the pointer means joins the edit of its environment.
  Result<> apply(const LivePointer& where, Edits& edits);
  void forget(const std::string& use_case, std::int64_t number);
  Result<const Compiled*> compiled(const std::string& use_case, std::int64_t number);
  Result<Served> served(const LivePointer& where, std::int64_t number);

  ReleasePorts ports_;
  Logger log_;
  mutable std::mutex mutex_;
  std::map<std::string, Compiled> compiled_;  // by release
  std::map<Place, std::shared_ptr<gateway::ReleaseTally>> tallies_;
  // What is deployed as of `mark_`, and what that means for each environment.
  std::int64_t mark_ = 0;
  std::map<Place, LivePointer> pointers_;
  std::map<std::string, gateway::UseCaseTable> entries_;
  std::set<Place> broken_;  // to be tried again with each snapshot
};

}  // namespace slipway::app
