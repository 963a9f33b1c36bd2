// SPDX-License-Identifier: Apache-2.0
#include "gateway/trace.h"

#include <gtest/gtest.h>

namespace slipway::gateway {
namespace {

constexpr std::string_view kSample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, ContinuesTheCallersTraceWithASpanOfItsOwn) {
  UuidGenerator ids;
  const TraceContext context = continue_trace(kSample, ids);
  EXPECT_EQ(context.trace(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context.parent(), "00f067aa0ba902b7");
  EXPECT_NE(context.span(), context.parent());
  EXPECT_EQ(context.traceparent(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-" + std::string(context.span()) + "-01");
}

TEST(Trace, KeepsTheFlagsOfAnUnsampledTrace) {
  UuidGenerator ids;
  const TraceContext context = continue_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", ids);
  EXPECT_TRUE(context.traceparent().ends_with("-00"));
}

TEST(Trace, StartsAnewOnAnythingIllFormed) {
  UuidGenerator ids;
  const char* bad[] = {"",
                       "00-short",
                       "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                       "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                       "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                       "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                       "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  for (const char* text : bad) {
    const TraceContext context = continue_trace(text, ids);
    EXPECT_EQ(context.parent(), "") << text;
    EXPECT_EQ(continue_trace(context.traceparent(), ids).trace(), context.trace()) << text;
  }
}

TEST(Trace, AcceptsALaterVersionWithMoreFields) {
  UuidGenerator ids;
  const TraceContext context =
      continue_trace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-future", ids);
  EXPECT_EQ(context.parent(), "00f067aa0ba902b7");
}

}  // namespace
}  // namespace slipway::gateway
