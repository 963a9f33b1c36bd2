// SPDX-License-Identifier: Apache-2.0
#include "evaluation/invocation_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "base/text.h"
#include "evaluation/call_text.h"
#include "evaluation/near_duplicates.h"

namespace slipway::evaluation {

namespace {

constexpr std::uint32_t kPage = 1'000;
// Calls kept in reserve for each case wanted: some have no body, some repeat others.
constexpr std::size_t kReserve = 5;
constexpr std::size_t kReserveLeast = 200;
constexpr std::size_t kStrata = 1'000;

struct Candidate {
  std::uint64_t place = 0;  // by seed and id: the smallest are taken
  Uuid id;
  bool operator<(const Candidate& other) const { return place < other.place; }
};

// The candidates with the smallest places, a few more than wanted.
class Reserve {
 public:
  explicit Reserve(std::size_t size) : size_(size) {}
  void offer(const Candidate& candidate) {
    if (heap_.size() < size_) {
      heap_.push(candidate);
    } else if (candidate < heap_.top()) {
      heap_.pop();
      heap_.push(candidate);
    }
  }
  // Smallest first.
  std::vector<Candidate> take() {
    std::vector<Candidate> all;
    for (; !heap_.empty(); heap_.pop()) all.push_back(heap_.top());
    std::ranges::reverse(all);
    return all;
  }

 private:
  std::size_t size_;
  std::priority_queue<Candidate> heap_;
};

Result<std::string (*)(const telemetry::Invocation&)> field_of(std::string_view name) {
  using Call = telemetry::Invocation;
  using Field = std::string (*)(const Call&);
  static const std::map<std::string_view, Field> kFields = {
      {"", [](const Call&) { return std::string(); }},
      {"use_case", [](const Call& call) { return call.use_case; }},
      {"environment", [](const Call& call) { return call.environment; }},
      {"model", [](const Call& call) { return call.model; }},
      {"release", [](const Call& call) { return call.release; }},
      {"status", [](const Call& call) { return std::string(telemetry::to_string(call.status)); }},
      {"end_user", [](const Call& call) { return call.end_user; }},
      {"key", [](const Call& call) { return call.key_name; }}};
  const auto found = kFields.find(name);
  if (found == kFields.end())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("calls can't be told apart by '{}'", ellipsize(name, 40)), "stratify_by",
                "Use use_case, environment, model, release, status, end_user or key.");
  return found->second;
}

Result<> check(const InvocationCasesRequest& request, const InvocationCasesLimits& limits) {
  if (request.count < 1 || request.count > limits.cases)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the number of cases lies between 1 and {}", limits.cases), "count",
                "The setting datasets.invocation_cases is the most.");
  if (!(request.similarity > 0))
    return fail(ErrorCode::kInvalidArgument, "the similarity lies above 0", "similarity",
                "0.85 takes small changes for the same; 2 leaves near duplicates in.");
  return {};
}

using Strata = std::map<std::string, Reserve>;

Result<Strata> look_at_all(const telemetry::TelemetryQuery& query, const InvocationCasesRequest& request,
                           const InvocationCasesLimits& limits,
                           const std::function<bool(std::int64_t)>& progress, InvocationCasesReport& report) {
  SLIPWAY_ASSIGN(const auto field, field_of(request.stratify_by));
  Strata strata;
  std::string cursor;
  const std::string salt = fmt::format("{} ", request.seed);
  const std::size_t reserve = std::max(kReserve * request.count, kReserveLeast);
  do {
    SLIPWAY_ASSIGN(const telemetry::InvocationPage page, query.list(request.filters, cursor, kPage));
    for (const telemetry::Invocation& call : page.items) {
      ++report.matched;
      std::string value = field(call);
      if (!strata.contains(value) && strata.size() >= kStrata)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("'{}' has more than {} values", request.stratify_by, kStrata), "stratify_by",
                    "Choose a field with fewer values, or filter first.");
      strata.try_emplace(std::move(value), reserve)
          .first->second.offer({catalog::id_hash(salt + call.id.to_string()), call.id});
    }
    cursor = page.next_cursor;
    if (progress && !progress(report.matched)) return fail(ErrorCode::kCancelled, "stopped");
    report.complete = cursor.empty();
  } while (!cursor.empty() && static_cast<std::uint64_t>(report.matched) < limits.scanned);
  return strata;
}

// Makes a case of each candidate that is worth it.
class CaseMaker {
 public:
  CaseMaker(const telemetry::TelemetryQuery& query, const InvocationCasesRequest& request,
            const catalog::CaseLimits& limits, Masker* masker, InvocationCasesReport& report)
      : query_(query),
        request_(request),
        limits_(limits),
        masker_(masker),
        report_(report),
        near_(request.similarity) {}

  // False: this call makes no case.
  Result<bool> make(const Candidate& candidate, const std::string& stratum) {
    auto call = query_.get(candidate.id);
    if (!call && call.error().code != ErrorCode::kNotFound) return fail(call.error());
    if (!call || call->bodies != telemetry::Invocation::Bodies::kKept) {
      ++report_.without_body;
      return false;
    }
    auto input = asked(call->request_body);
    if (!input) {
      ++report_.unreadable;
      return false;
    }
    json::object fields;
    if (masker_ != nullptr) masker_->mask(*input);
    if (repeated(catalog::text_of_input(*input))) return false;
    fields["input"] = std::move(*input);
    if (request_.keep_answers) {
      if (auto answer = answered(call->response_body)) {
        if (masker_ != nullptr) masker_->mask(*answer);
        fields["expected"] = std::move(*answer);
      }
    }
    add_origin(fields, *call);
    auto made = catalog::make_case(std::move(fields), limits_);
    if (!made) {
      ++report_.unreadable;
      return false;
    }
    report_.cases.push_back(std::move(*made));
    if (!request_.stratify_by.empty()) ++report_.strata[stratum];
    return true;
  }

 private:
  bool repeated(const std::string& text) {
    if (request_.exact_duplicates && exact_.is_repeated(text)) {
      ++report_.duplicates;
      return true;
    }
    if (request_.similarity <= 1 && near_.is_repeated(text)) {
      ++report_.near_duplicates;
      return true;
    }
    return false;
  }
  void add_origin(json::object& fields, const telemetry::Invocation& call) const {
    const std::string id = call.id.to_string();
    fields["id"] = "call-" + id;
    json::object origin{{"invocation", id}, {"at", format_time_us(call.started_us)}};
    for (const auto& [name, text] :
         {std::pair{"release", &call.release}, std::pair{"use_case", &call.use_case},
          std::pair{"environment", &call.environment}, std::pair{"model", &call.model}})
      if (!text->empty()) origin[name] = *text;
    fields["provenance"] = std::move(origin);
    if (!request_.split.empty()) fields["split"] = request_.split;
    if (!request_.tags.empty()) {
      json::array tags;
      for (const std::string& tag : request_.tags) tags.emplace_back(tag);
      fields["tags"] = std::move(tags);
    }
  }

  const telemetry::TelemetryQuery& query_;
  const InvocationCasesRequest& request_;
  const catalog::CaseLimits& limits_;
  Masker* masker_;
  InvocationCasesReport& report_;
  ExactDuplicates exact_;
  NearDuplicates near_;
};

}  // namespace

Result<InvocationCasesReport> cases_from_invocations(const telemetry::TelemetryQuery& query,
                                                     const InvocationCasesRequest& request,
                                                     const InvocationCasesLimits& limits,
                                                     const catalog::CaseLimits& case_limits,
                                                     const std::function<bool(std::int64_t)>& progress) {
  SLIPWAY_TRY(check(request, limits));
  std::unique_ptr<Masker> masker;
  if (request.mask) {
    SLIPWAY_ASSIGN(masker, Masker::make(request.masks));
  }
  InvocationCasesReport report;
  SLIPWAY_ASSIGN(Strata strata, look_at_all(query, request, limits, progress, report));
  struct Queue {
    std::string value;
    std::vector<Candidate> candidates;
    std::size_t next = 0;
  };
  std::vector<Queue> queues;
  for (auto& [value, reserve] : strata) queues.push_back({value, reserve.take()});
  CaseMaker maker(query, request, case_limits, masker.get(), report);
  // In turn, so that each value gets its share, and what one has not goes to the others.
  bool any = true;
  while (any && report.cases.size() < request.count) {
    any = false;
    for (Queue& queue : queues) {
      bool made = false;
      while (!made && queue.next < queue.candidates.size() && report.cases.size() < request.count) {
        SLIPWAY_ASSIGN(made, maker.make(queue.candidates[queue.next++], queue.value));
      }
      any = any || made;
    }
  }
  if (masker) report.masked = masker->counts();
  return report;
}

}  // namespace slipway::evaluation
