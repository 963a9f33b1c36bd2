// SPDX-License-Identifier: Apache-2.0
#include "net/client.h"

#include <utility>

#include "net/client_call.h"

namespace slipway::net {
namespace {

bool breaks_request_line(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return true;
  }
  return text.empty();
}

Result<> check(const OutgoingRequest& request) {
  if (breaks_request_line(request.method) || breaks_request_line(request.target))
    return fail(ErrorCode::kInvalidArgument, "the request's method or target holds a space or is empty");
  for (const Header& field : request.headers) {
    if (field.name.empty() || breaks_lines(field.name) || breaks_lines(field.value))
      return fail(ErrorCode::kInvalidArgument, "a header of the request holds a line break",
                  std::string(field.name));
  }
  return {};
}

class ClientImpl final : public Client {
 public:
  ClientImpl(rt::Loop& loop, rt::BlockingPool& resolver, ClientLimits limits, Logger log)
      : core_(std::make_shared<ClientCore>(loop, resolver, limits, std::move(log))) {}

  ~ClientImpl() override {
    if (core_->loop.on_loop()) {
      close();
    } else {
      // What the core holds belongs to the loop and has to go there.
      core_->loop.run_and_wait([this] {
        close();
        core_.reset();
      });
    }
  }

  rt::Task<Result<std::unique_ptr<ClientResponse>>> send(const Origin& origin, OutgoingRequest request,
                                                         ClientClocks clocks,
                                                         rt::CancelSource* cancel) override {
    if (core_->closed) co_return fail(ErrorCode::kCancelled, "the HTTP client is shutting down");
    if (Result<> checked = check(request); !checked) co_return fail(std::move(checked).error());
    auto call = std::make_unique<ClientCall>(core_, origin, clocks, cancel);
    Result<> performed = co_await call->perform(origin, request);
    if (!performed) co_return fail(std::move(performed).error());
    co_return std::unique_ptr<ClientResponse>(std::move(call));
  }

  [[nodiscard]] ClientCounters counters() const override {
    return {core_->open.load(std::memory_order_relaxed), core_->idle.load(std::memory_order_relaxed),
            core_->connects.load(std::memory_order_relaxed), core_->reuses.load(std::memory_order_relaxed),
            core_->failures.load(std::memory_order_relaxed)};
  }

  void close() override { core_->close(); }

 private:
  std::shared_ptr<ClientCore> core_;
};

}  // namespace

std::unique_ptr<Client> Client::create(rt::Loop& loop, rt::BlockingPool& resolver, ClientLimits limits,
                                       Logger log) {
  return std::make_unique<ClientImpl>(loop, resolver, limits, std::move(log));
}

}  // namespace slipway::net
