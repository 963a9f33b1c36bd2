// SPDX-License-Identifier: Apache-2.0
// Imports a file of cases as the server does (pieces, reader, store), pages through it, edits and compares
// it, and prints times and the process's memory along the way.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/temporary_directory.h"
#include "base/text.h"
#include "catalog/dataset_store.h"
#include "catalog/schema.h"

namespace slipway::catalog {
namespace {

const Author kBench{"bench", "bench", "system"};
const AssetName kName{"shared", "dataset", "bench"};
constexpr std::size_t kPieceBytes = 2u << 20;

double mebibytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("VmRSS:"))
      return static_cast<double>(*parse_integer<std::int64_t>(trim(line.substr(6, line.size() - 9)))) / 1024;
  return 0;
}

// Lines like those of people's questions, made as they are read: the file itself is no part of what is
// measured.
class MadeFile {
 public:
  explicit MadeFile(std::int64_t cases) : cases_(cases) {}
  Result<std::string_view> next() {
    piece_.clear();
    for (; number_ < cases_ && piece_.size() < kPieceBytes; ++number_)
      piece_ += fmt::format(
          R"({{"id":"case-{0}","input":[{{"role":"user","content":"Where is parcel {0} that I ordered on day {1} from shop {2}? It should have come by now."}}],"expected":"Parcel {0} is with the carrier and comes on day {3}.","tags":["parcel","shop-{2}"],"split":"{4}"}})"
          "\n",
          number_, number_ % 365, number_ % 97, (number_ + 3) % 365, number_ % 5 == 0 ? "test" : "train");
    bytes_ += piece_.size();
    return std::string_view(piece_);
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::int64_t cases_;
  std::int64_t number_ = 0;
  std::size_t bytes_ = 0;
  std::string piece_;
};

class Stopwatch {
 public:
  [[nodiscard]] double ms() const { return static_cast<double>(mono_now_ns() - begun_) / 1e6; }

 private:
  std::int64_t begun_ = mono_now_ns();
};

void say(const char* what, const std::vector<double>& times) {
  std::vector<double> sorted = times;
  std::ranges::sort(sorted);
  fmt::print("{:<46} median {:8.1f} ms   slowest {:8.1f} ms\n", what, sorted[sorted.size() / 2],
             sorted.back());
}

Result<> page(CaseStore& cases, const json::object& content, std::int64_t count) {
  const auto measure = [&](const char* what, const CaseFilter& filter, int places) -> Result<> {
    std::vector<double> times;
    for (int i = 0; i < places; ++i) {
      const Stopwatch watch;
      SLIPWAY_TRY(cases.page(content, filter, fmt::format("{}", count * i / places), 100));
      times.push_back(watch.ms());
    }
    say(what, times);
    return {};
  };
  SLIPWAY_TRY(measure("page of 100 cases", {}, 100));
  SLIPWAY_TRY(measure("page of one tag (1 in 97)", {.tag = "shop-5"}, 20));
  SLIPWAY_TRY(measure("page of one split", {.split = "test"}, 20));
  SLIPWAY_TRY(measure("page by a text that is nowhere (32 MiB read)", {.text = "never said"}, 5));
  std::vector<double> times;
  for (int i = 0; i < 20; ++i) {
    const Stopwatch watch;
    SLIPWAY_TRY(cases.get(content, fmt::format("case-{}", count * i / 20)));
    times.push_back(watch.ms());
  }
  say("one case by its id", times);
  return {};
}

Result<> run(const std::filesystem::path& directory, const std::string& url, std::int64_t count) {
  SLIPWAY_ASSIGN(const auto database, store::Database::open({.file = directory / "store.db", .url = url}));
  SLIPWAY_TRY(migrate_catalog(*database));
  AssetStore assets(*database);
  CaseLimits limits;
  limits.cases = static_cast<std::uint64_t>(count) * 2;
  CaseStore cases(*database, limits);
  DatasetStore datasets(assets, cases);
  MadeFile file(count);
  double highest = mebibytes();
  fmt::print("{:>10} cases  {:7.1f} MiB resident\n", 0, highest);
  const Stopwatch watch;
  const auto progress = [&](std::int64_t read) {
    const double now = mebibytes();
    highest = std::max(highest, now);
    if (read % std::max<std::int64_t>(count / 5, 1'000) == 0)
      fmt::print("{:>10} cases  {:7.1f} MiB resident\n", read, now);
    return true;
  };
  DatasetChange change;
  change.name = kName;
  ReadOptions options;
  options.limits = limits;
  SLIPWAY_ASSIGN(
      const auto imported,
      datasets.import(kBench, change, ImportMode::kReplace, [&] { return file.next(); }, options, progress));
  const double seconds = watch.ms() / 1e3;
  fmt::print("import: {} cases, {:.0f} MB in {:.1f} s ({:.0f} cases/s), at most {:.1f} MiB resident\n",
             imported.summary.count, static_cast<double>(file.bytes()) / 1e6, seconds,
             static_cast<double>(count) / seconds, highest);
  if (url.empty())
    fmt::print("store: {:.0f} MB\n",
               static_cast<double>(std::filesystem::file_size(directory / "store.db")) / 1e6);
  const json::object content = cases_content(imported.summary);
  SLIPWAY_TRY(page(cases, content, count));
  SLIPWAY_ASSIGN(Case changed,
                 make_case({{"id", fmt::format("case-{}", count / 2)}, {"input", "Another"}}, limits));
  CaseEdits edits;
  edits.replace.push_back(std::move(changed));
  const Stopwatch edit;
  SLIPWAY_ASSIGN(const auto stored, datasets.edit(kBench, change, std::move(edits)));
  fmt::print("change one case: {:.0f} ms\n", edit.ms());
  const Stopwatch diff;
  SLIPWAY_ASSIGN(const auto found, cases.diff(content, cases_content(stored.summary), {}, 100));
  fmt::print("compare the two versions: {:.1f} ms, {} changed, {:.1f} MiB resident\n", diff.ms(),
             found.changed, mebibytes());
  return {};
}

}  // namespace
}  // namespace slipway::catalog

int main(int argc, char** argv) {
  CLI::App app("Measures datasets of many cases.");
  std::int64_t count = 1'000'000;
  std::string url;
  app.add_option("--cases", count, "How many")->capture_default_str();
  app.add_option("--postgresql", url, "URL of an empty database; default SQLite in a temporary directory");
  CLI11_PARSE(app, argc, argv);
  const slipway::TemporaryDirectory directory("dataset-bench");
  const auto done = slipway::catalog::run(directory.path(), url, count);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().describe());
  return 1;
}
