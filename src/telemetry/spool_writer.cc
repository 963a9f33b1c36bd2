// SPDX-License-Identifier: Apache-2.0
#include "telemetry/record_codec.h"
#include "telemetry/spool_format.h"
#include "telemetry/spool_state.h"

namespace slipway::telemetry {

namespace {

constexpr std::size_t kHandOverBytes = 256u << 10;

// The checksum stays empty: the spool thread fills it in, off the call's path.
void append_frame(std::string& out, const InvocationRecord& record, bool bodies) {
  const std::size_t begin = out.size();
  out.append(spool_format::kPrefixBytes, '\0');
  out.push_back(static_cast<char>(kRecordVersion));
  out.append(spool_format::kMarker);
  encode_record(out, record, bodies);
  const auto length = static_cast<std::uint32_t>(out.size() - begin - spool_format::kPrefixBytes);
  std::memcpy(out.data() + begin, &length, sizeof(length));
}

rt::Task<Result<>> wait_for(std::shared_ptr<SpoolWaiter> waiter) {
  co_await waiter->done.wait();
  co_return std::move(waiter->result);
}

rt::Task<Result<>> ready(Result<> result) { co_return result; }

}  // namespace

struct SpoolWriter::State {
  State(Spool::State& owner, rt::Loop& on, std::function<void()> expire)
      : spool(owner), loop(on), deadline(std::move(expire)) {}
  Spool::State& spool;
  rt::Loop& loop;
  rt::Deadline deadline;
  std::string buffer;
  std::uint32_t records = 0;

  // Adds one frame to `out`; false if the memory limit forbids it.
  bool add(std::string& out, const InvocationRecord& record) {
    const std::size_t body_bytes = record.request_body.size() + record.response_body.size();
    const std::uint64_t waiting = spool.queued_bytes.load(std::memory_order_relaxed) + buffer.size();
    const bool bodies = body_bytes <= spool.options.record_limit_bytes;
    if (waiting > 0 && waiting + (bodies ? body_bytes : 0) > spool.options.queue_limit_bytes) return false;
    if (!bodies) spool.bodies_dropped.fetch_add(1, std::memory_order_relaxed);
    append_frame(out, record, bodies);
    return true;
  }
};

SpoolWriter::SpoolWriter(Spool& spool, rt::Loop& loop)
    : state_(std::make_unique<State>(*spool.state_, loop, [this] { flush(); })) {}

SpoolWriter::~SpoolWriter() { flush(); }

void SpoolWriter::append(const InvocationRecord& record) {
  State& state = *state_;
  if (!state.add(state.buffer, record)) {
    state.spool.count_lost(1, state.spool.blocked.load(std::memory_order_relaxed));
    return;
  }
  if (++state.records == 1) state.loop.timers().arm(state.deadline, state.spool.options.hand_over_ms);
  if (state.buffer.size() >= kHandOverBytes) flush();
}

rt::Task<Result<>> SpoolWriter::append_durable(const InvocationRecord& record) {
  State& state = *state_;
  flush();  // keeps the order of this loop's records
  SpoolChunk chunk;
  if (!state.add(chunk.bytes, record)) {
    state.spool.refused.fetch_add(1, std::memory_order_relaxed);
    return ready(fail(ErrorCode::kResourceExhausted, "the queue of invocation records is full", "spool",
                      "the disk does not keep up: check it, or raise telemetry.memory_queue_bytes"));
  }
  chunk.records = 1;
  state.spool.appended.fetch_add(1, std::memory_order_relaxed);
  chunk.waiter = std::make_shared<SpoolWaiter>(state.loop.executor());
  auto waiter = chunk.waiter;
  if (!state.spool.hand_over(std::move(chunk))) {
    state.spool.refused.fetch_add(1, std::memory_order_relaxed);
    return ready(fail(ErrorCode::kUnavailable, "the spool is closed", "spool"));
  }
  return wait_for(std::move(waiter));
}

void SpoolWriter::flush() {
  State& state = *state_;
  state.deadline.disarm();
  if (state.records == 0) return;
  SpoolChunk chunk;
  chunk.records = std::exchange(state.records, 0);
  chunk.bytes = std::exchange(state.buffer, state.spool.take_buffer());
  const std::uint32_t records = chunk.records;
  // Counted here and not by append(): a counter all loops write would cost more than the append.
  state.spool.appended.fetch_add(records, std::memory_order_relaxed);
  if (!state.spool.hand_over(std::move(chunk))) state.spool.count_lost(records, SpoolBlock::kClosed);
}

}  // namespace slipway::telemetry
