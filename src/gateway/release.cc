// SPDX-License-Identifier: Apache-2.0
#include "gateway/release.h"

namespace slipway::gateway {

namespace {

template <class T>
void increase(std::atomic<T>& to, T by) {
  to.fetch_add(by, std::memory_order_relaxed);
}

void increase_both(std::atomic<double>& sum, std::atomic<double>& squares, std::int64_t value) {
  const auto real = static_cast<double>(value);
  increase(sum, real);
  increase(squares, real * real);
}

template <class T>
void collect(T& to, const std::atomic<T>& from) {
  to += from.load(std::memory_order_relaxed);
}

}  // namespace

void ReleaseTally::add(std::size_t shard, const Observation& seen) {
  Shard& own = shards_[shard % kShards];
  increase(own.calls, std::uint64_t{1});
  if (seen.error) increase(own.errors, std::uint64_t{1});
  increase_both(own.duration, own.duration_squared, seen.duration_us);
  if (seen.cost_nano >= 0) {
    increase(own.costed, std::uint64_t{1});
    increase_both(own.cost, own.cost_squared, seen.cost_nano);
  }
  if (seen.first_token_us >= 0) {
    increase(own.first_tokens, std::uint64_t{1});
    increase_both(own.first_token, own.first_token_squared, seen.first_token_us);
  }
}

TallyFigures ReleaseTally::sum() const {
  TallyFigures all;
  for (const Shard& shard : shards_) {
    collect(all.calls, shard.calls);
    collect(all.errors, shard.errors);
    collect(all.duration_us, shard.duration);
    collect(all.duration_us_squared, shard.duration_squared);
    collect(all.costed, shard.costed);
    collect(all.cost_nano, shard.cost);
    collect(all.cost_nano_squared, shard.cost_squared);
    collect(all.first_tokens, shard.first_tokens);
    collect(all.first_token_us, shard.first_token);
    collect(all.first_token_us_squared, shard.first_token_squared);
  }
  return all;
}

const ServedRelease& UseCaseEntry::choose(std::string_view subject) const {
  if (candidate == nullptr || candidate_basis_points == 0) return *active;
  if (active == nullptr || candidate_basis_points >= kAllBasisPoints) return *candidate;
  // Who is among the first n basis points stays there when n grows.
  __extension__ using Wide = unsigned __int128;
  const auto place =
      static_cast<std::uint64_t>(static_cast<Wide>(llm::split_point(salt, subject)) * kAllBasisPoints >> 64);
  return place < candidate_basis_points ? *candidate : *active;
}

}  // namespace slipway::gateway
