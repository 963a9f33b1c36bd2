// SPDX-License-Identifier: Apache-2.0
// Cancellation within one loop: no locks, no threads.
#pragma once

#include <boost/intrusive/list.hpp>
#include <functional>
#include <utility>

namespace slipway::rt {

class CancelSource;

// Runs a callback once when its source is cancelled; destroying it first means it never runs.
// Lives on one loop with its source; not movable because the source links to it.
class CancelCallback
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  CancelCallback(CancelSource& source, std::function<void()> callback);
  CancelCallback(const CancelCallback&) = delete;
  CancelCallback& operator=(const CancelCallback&) = delete;

 private:
  friend class CancelSource;
  std::function<void()> callback_;
};

// cancel() runs every registered callback, in order of registration, on the calling (loop) thread.
// A callback registered after cancel() runs at once.
class CancelSource {
 public:
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  void cancel() {
    if (std::exchange(cancelled_, true)) return;
    while (!callbacks_.empty()) {
      CancelCallback& first = callbacks_.front();
      callbacks_.pop_front();
      first.callback_();
    }
  }

 private:
  friend class CancelCallback;
  bool cancelled_ = false;
  boost::intrusive::list<CancelCallback, boost::intrusive::constant_time_size<false>> callbacks_;
};

inline CancelCallback::CancelCallback(CancelSource& source, std::function<void()> callback)
    : callback_(std::move(callback)) {
  if (source.cancelled())
    callback_();
  else
    source.callbacks_.push_back(*this);
}

}  // namespace slipway::rt
