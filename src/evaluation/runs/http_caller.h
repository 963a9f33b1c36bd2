// SPDX-License-Identifier: Apache-2.0
// Asks an application behind HTTP, through the pooled clients of this process's loops.
#pragma once

#include <memory>
#include <vector>

#include "evaluation/runs/http_target.h"
#include "evaluation/runs/ports.h"
#include "gateway/gateway.h"

namespace slipway::evaluation {

class HttpCaller final : public Caller {
 public:
  // The loops of `gateways` carry the calls; they outlive each of them. Where the target's origin does not
  // allow private addresses, a name that leads to one is refused, whoever resolved it.
  HttpCaller(const std::vector<gateway::Gateway*>& gateways, HttpTarget target, net::ClientClocks clocks,
             std::size_t answer_bytes);
  ~HttpCaller() override;
  void start(std::vector<CallOrder> orders, const Done& done) override;
  void cancel() override;

 private:
  struct Lane;
  std::vector<std::shared_ptr<Lane>> lanes_;
  std::size_t next_ = 0;
};

}  // namespace slipway::evaluation
