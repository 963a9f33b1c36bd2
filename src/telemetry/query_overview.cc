// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/clock.h"
#include "telemetry/query_state.h"
#include "telemetry/schema.h"
#include "telemetry/sketch.h"

namespace slipway::telemetry {

namespace {

constexpr std::int64_t kMostPoints = 2000;
constexpr std::uint32_t kMostGroups = 200;
// Steps that make round points, smallest first.
constexpr std::int64_t kRoundSteps[] = {kMinuteUs,    5 * kMinuteUs, 10 * kMinuteUs, 30 * kMinuteUs,
                                        kHourUs,      2 * kHourUs,   3 * kHourUs,    6 * kHourUs,
                                        12 * kHourUs, kDayUs,        7 * kDayUs,     30 * kDayUs};
constexpr std::int64_t kMostDefaultPoints = 120;

std::int64_t floor_to(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return rest < 0 ? value - rest - step : value - rest;
}
std::int64_t ceil_to(std::int64_t value, std::int64_t step) { return -floor_to(-value, step); }

struct Piece {
  int grain;  // index into kGrainsUs
  std::int64_t from_us, to_us;
};

// [from, to) in whole buckets, coarsest grains that fit, in order of time. `from` and `to` are on whole
// minutes.
void compose(std::int64_t from, std::int64_t to, int grain, std::vector<Piece>& pieces) {
  if (from >= to) return;
  if (grain == 0) {
    pieces.push_back({0, from, to});
    return;
  }
  const std::int64_t step = kGrainsUs[grain];
  const std::int64_t first = ceil_to(from, step);
  const std::int64_t last = floor_to(to, step);
  if (first >= last) {
    compose(from, to, grain - 1, pieces);
    return;
  }
  compose(from, first, grain - 1, pieces);
  pieces.push_back({grain, first, last});
  compose(last, to, grain - 1, pieces);
}

int coarsest_grain(std::int64_t step_us) {
  for (int grain = 2; grain > 0; --grain) {
    if (step_us % kGrainsUs[grain] == 0) return grain;
  }
  return 0;
}

const char* column_of(Dimension dimension) {
  switch (dimension) {
    case Dimension::kUseCase: return "use_case";
    case Dimension::kEnvironment: return "environment";
    case Dimension::kKey: return "key";
    case Dimension::kProvider: return "provider";
    case Dimension::kModel: return "model";
    case Dimension::kStatus: return "status";
    case Dimension::kRelease: return "release";
    case Dimension::kNone: break;
  }
  return "0";
}

bool needs_wide(Dimension dimension) {
  return dimension == Dimension::kKey || dimension == Dimension::kProvider || dimension == Dimension::kModel;
}

// WHERE conditions of the filters, with the numbers written into the text: they are integers of ours.
Result<std::string> conditions(ReadSession& session, const RollupFilters& filters, bool& impossible) {
  std::string sql;
  const auto add = [&](const char* column, const std::vector<std::int64_t>& numbers) {
    sql += std::string(" AND ") + column + " IN (";
    for (std::size_t i = 0; i < numbers.size(); ++i) sql += (i == 0 ? "" : ",") + std::to_string(numbers[i]);
    sql += ")";
  };
  const std::pair<const char*, const std::vector<std::string>*> named[] = {
      {"use_case", &filters.use_case}, {"environment", &filters.environment},
      {"key", &filters.key_id},        {"provider", &filters.provider},
      {"model", &filters.model},       {"release", &filters.release}};
  for (const auto& [column, texts] : named) {
    if (texts->empty()) continue;
    SLIPWAY_ASSIGN(const std::vector<std::int64_t> numbers, session.numbers(*texts));
    if (numbers.empty()) impossible = true;
    add(column, numbers);
  }
  if (!filters.status.empty()) {
    std::vector<std::int64_t> numbers;
    for (const Status status : filters.status) numbers.push_back(static_cast<std::int64_t>(status));
    add("status", numbers);
  }
  return sql;
}

// Columns of a selected roll-up row.
enum Column : int {
  kBucket,
  kDimension,
  kStatusColumn,
  kRequests,
  kTokens,
  kCost = kTokens + 7,
  kUnknown,
  kDurationSum,
  kDurations,
  kFirstTokens
};
constexpr const char* kFigures =
    ", status, requests, input, cache_read, cache_write, output, reasoning, audio_input, audio_output, cost, "
    "unknown_cost, duration_sum";
constexpr const char* kSketches = ", durations, first_tokens";

void add_row(OverviewFigures& to, const Statement& row) {
  const auto count = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
  to.requests += count(kRequests);
  const auto status = static_cast<std::size_t>(row.integer(kStatusColumn));
  if (status < kStatusCount) to.by_status[status] += count(kRequests);
  std::uint64_t* const tokens[7] = {&to.input_tokens,       &to.cache_read_tokens, &to.cache_write_tokens,
                                    &to.output_tokens,      &to.reasoning_tokens,  &to.audio_input_tokens,
                                    &to.audio_output_tokens};
  for (int i = 0; i < 7; ++i) *tokens[i] += count(kTokens + i);
  to.cost_nano += row.integer(kCost);
  to.unknown_cost += count(kUnknown);
  to.duration_sum_us += count(kDurationSum);
}

void add_figures(OverviewFigures& to, const OverviewFigures& from) {
  to.requests += from.requests;
  for (std::size_t i = 0; i < kStatusCount; ++i) to.by_status[i] += from.by_status[i];
  to.input_tokens += from.input_tokens;
  to.cache_read_tokens += from.cache_read_tokens;
  to.cache_write_tokens += from.cache_write_tokens;
  to.output_tokens += from.output_tokens;
  to.reasoning_tokens += from.reasoning_tokens;
  to.audio_input_tokens += from.audio_input_tokens;
  to.audio_output_tokens += from.audio_output_tokens;
  to.cost_nano += from.cost_nano;
  to.unknown_cost += from.unknown_cost;
  to.duration_sum_us += from.duration_sum_us;
}

struct Sketches {
  SketchSum durations;
  SketchSum first_tokens;
  void add_row(const Statement& row) {
    // A damaged blob costs its percentiles, not the page.
    (void)durations.add_blob(row.blob(kDurations));
    (void)first_tokens.add_blob(row.blob(kFirstTokens));
  }
  void merge(const Sketches& other) {
    durations.merge(other.durations);
    first_tokens.merge(other.first_tokens);
  }
  void clear() {
    durations.clear();
    first_tokens.clear();
  }
  void tell(OverviewFigures& to) const {
    to.duration = {durations.quantile(0.5), durations.quantile(0.95), durations.quantile(0.99)};
    to.first_token = {first_tokens.quantile(0.5), first_tokens.quantile(0.95), first_tokens.quantile(0.99)};
  }
};

class OverviewBuilder {
 public:
  OverviewBuilder(ReadSession& session, const OverviewRequest& request, Overview& answer)
      : session_(session), request_(request), answer_(answer) {}

  Result<> run() {
    bool impossible = false;
    SLIPWAY_ASSIGN(where_, conditions(session_, request_.filters, impossible));
    series_grain_ = coarsest_grain(answer_.step_us);
    first_point_us_ = floor_to(answer_.range.from_us, answer_.step_us);
    for (std::int64_t at = first_point_us_; at < answer_.range.to_us; at += answer_.step_us)
      answer_.series.push_back({at, {}});
    if (impossible || answer_.series.empty()) return {};
    const RollupFilters& f = request_.filters;
    const bool wide = !f.key_id.empty() || !f.provider.empty() || !f.model.empty();
    SLIPWAY_TRY(add_totals(wide ? 0 : 1));
    if (request_.group_by == Dimension::kNone) return {};
    return add_groups(wide || needs_wide(request_.group_by) ? 0 : 1);
  }

 private:
  // Calls visit(row) for all rows of the range, ascending in time.
  template <class Visit>
  Result<> each_row(int width, int grain, bool sketches, const std::string& more, Visit visit) {
    std::vector<Piece> pieces;
    compose(answer_.range.from_us, answer_.range.to_us, grain, pieces);
    for (const Piece& piece : pieces) {
      const std::string sql = std::string("SELECT bucket, ") + column_of(request_.group_by) + kFigures +
                              (sketches ? kSketches : "") + " FROM " + kRollupTables[width][piece.grain] +
                              " WHERE bucket >= ?1 AND bucket < ?2" + where_ + more + " ORDER BY bucket";
      SLIPWAY_ASSIGN(Statement select, session_.connection().prepare(sql));
      select.bind(1, piece.from_us).bind(2, piece.to_us);
      while (true) {
        SLIPWAY_ASSIGN(const bool row, select.step());
        if (!row) break;
        visit(select);
      }
    }
    return {};
  }

  [[nodiscard]] std::size_t point_of(std::int64_t bucket) const {
    const std::int64_t index = (bucket - first_point_us_) / answer_.step_us;
    return std::min(static_cast<std::size_t>(std::max<std::int64_t>(index, 0)), answer_.series.size() - 1);
  }

  Result<> add_totals(int width) {
    Sketches totals;
    Sketches current;  // of one point: rows come in order of time
    std::size_t at = 0;
    SLIPWAY_TRY(each_row(width, series_grain_, true, {}, [&](const Statement& row) {
      const std::size_t point = point_of(row.integer(kBucket));
      if (point != at) {
        current.tell(answer_.series[at].figures);
        totals.merge(current);
        current.clear();
        at = point;
      }
      add_row(answer_.series[point].figures, row);
      current.add_row(row);
    }));
    current.tell(answer_.series[at].figures);
    totals.merge(current);
    for (const OverviewPoint& point : answer_.series) add_figures(answer_.totals, point.figures);
    totals.tell(answer_.totals);
    return {};
  }

  // First which groups there are, then their percentiles and series for those that are shown.
  Result<> add_groups(int width) {
    std::unordered_map<std::int64_t, OverviewFigures> all;
    SLIPWAY_TRY(each_row(width, 2, false, {},
                         [&](const Statement& row) { add_row(all[row.integer(kDimension)], row); }));
    std::vector<std::pair<std::int64_t, OverviewFigures>> ordered(all.begin(), all.end());
    std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
      return a.second.requests != b.second.requests ? a.second.requests > b.second.requests
                                                    : a.first < b.first;
    });
    const std::size_t shown =
        std::min<std::size_t>(ordered.size(), std::clamp(request_.group_limit, 1u, kMostGroups));
    std::unordered_map<std::int64_t, std::size_t> places;
    std::string chosen = std::string(" AND ") + column_of(request_.group_by) + " IN (";
    for (std::size_t i = 0; i < shown; ++i) {
      places[ordered[i].first] = i;
      chosen += (i == 0 ? "" : ",") + std::to_string(ordered[i].first);
      OverviewGroup group;
      SLIPWAY_TRY(name_group(ordered[i].first, group));
      group.figures = ordered[i].second;
      answer_.groups.push_back(std::move(group));
    }
    chosen += ")";
    std::vector<Sketches> sketches(shown);
    SLIPWAY_TRY(each_row(width, 2, true, chosen, [&](const Statement& row) {
      sketches[places.at(row.integer(kDimension))].add_row(row);
    }));
    for (std::size_t i = 0; i < shown; ++i) sketches[i].tell(answer_.groups[i].figures);
    if (shown < ordered.size()) {
      OverviewGroup rest;
      rest.value = rest.label = "(other)";
      for (std::size_t i = shown; i < ordered.size(); ++i) add_figures(rest.figures, ordered[i].second);
      answer_.groups_omitted = static_cast<std::uint32_t>(ordered.size() - shown);
      answer_.groups.push_back(std::move(rest));
    }
    if (request_.group_series) SLIPWAY_TRY(add_group_series(width, places));
    return {};
  }

  Result<> add_group_series(int width, const std::unordered_map<std::int64_t, std::size_t>& places) {
    for (OverviewGroup& group : answer_.groups) {
      for (const OverviewPoint& point : answer_.series) group.series.push_back({point.start_us, {}});
    }
    return each_row(width, series_grain_, false, {}, [&](const Statement& row) {
      const auto place = places.find(row.integer(kDimension));
      const std::size_t group = place == places.end() ? answer_.groups.size() - 1 : place->second;
      add_row(answer_.groups[group].series[point_of(row.integer(kBucket))].figures, row);
    });
  }

  Result<> name_group(std::int64_t number, OverviewGroup& group) {
    if (request_.group_by == Dimension::kStatus) {
      group.value = group.label = to_string(static_cast<Status>(number));
      return {};
    }
    SLIPWAY_ASSIGN(group.value, session_.name(number));
    group.label = group.value;
    if (request_.group_by != Dimension::kKey || number == 0) return {};
    SLIPWAY_ASSIGN(Statement select,
                   session_.connection().prepare("SELECT name FROM key_names WHERE key = ?1"));
    SLIPWAY_ASSIGN(const bool row, select.bind(1, number).step());
    if (!row) return {};
    SLIPWAY_ASSIGN(group.label, session_.name(select.integer(0)));
    return {};
  }

  ReadSession& session_;
  const OverviewRequest& request_;
  Overview& answer_;
  std::string where_;
  int series_grain_ = 0;
  std::int64_t first_point_us_ = 0;
};

}  // namespace

std::uint64_t OverviewFigures::errors() const {
  return requests - by_status[static_cast<std::size_t>(Status::kOk)];
}

double OverviewFigures::error_rate() const {
  return requests == 0 ? 0 : static_cast<double>(errors()) / static_cast<double>(requests);
}

Result<Overview> TelemetryQuery::overview(const OverviewRequest& request) const {
  Overview answer;
  if (request.range.from_us >= request.range.to_us)
    return fail(ErrorCode::kInvalidArgument, "the range is empty: `from` must be before `to`", "range");
  answer.range = {floor_to(request.range.from_us, kMinuteUs), ceil_to(request.range.to_us, kMinuteUs)};
  // Where minutes have expired only whole hours can be told.
  const std::int64_t minutes_from = unix_now_us() - std::int64_t{state_->options.minute_rollup_days} * kDayUs;
  if (answer.range.from_us < minutes_from) answer.range.from_us = floor_to(answer.range.from_us, kHourUs);
  if (answer.range.to_us < minutes_from) answer.range.to_us = ceil_to(answer.range.to_us, kHourUs);
  const std::int64_t length_us = answer.range.to_us - answer.range.from_us;
  answer.step_us = request.step_us;
  if (answer.step_us == 0) {
    answer.step_us = ceil_to(length_us / kMostDefaultPoints + 1, kDayUs);
    for (const std::int64_t step : kRoundSteps) {
      if (length_us / step > kMostDefaultPoints) continue;
      answer.step_us = step;
      break;
    }
  }
  if (answer.step_us < kMinuteUs || answer.step_us % kMinuteUs != 0)
    return fail(ErrorCode::kInvalidArgument, "the step must be a multiple of a minute", "step");
  if (length_us / answer.step_us > kMostPoints) {
    return fail(ErrorCode::kInvalidArgument,
                "that would be more than " + std::to_string(kMostPoints) + " points", "step",
                "take a longer step or a shorter range");
  }
  return state_->with_session<Overview>([&](ReadSession& session) -> Result<Overview> {
    SLIPWAY_TRY(OverviewBuilder(session, request, answer).run());
    return std::move(answer);
  });
}

}  // namespace slipway::telemetry
