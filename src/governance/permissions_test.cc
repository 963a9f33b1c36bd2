// SPDX-License-Identifier: Apache-2.0
#include "governance/permissions.h"

#include <gtest/gtest.h>

namespace slipway::governance {
namespace {

std::vector<RoleGrant> grants(std::initializer_list<std::string_view> texts) {
  std::vector<RoleGrant> all;
  for (const std::string_view text : texts) all.push_back(parse_grant(text).value());
  return all;
}

TEST(Permissions, GrantsAreReadAndWritten) {
  for (const char* text : {"admin", "reviewer:legal", "developer@support-assistant", "platform/dev",
                           "reviewer:risk@support-assistant/prod"})
    EXPECT_EQ(to_string(parse_grant(text).value()), text);
  EXPECT_EQ(parse_grant("develper").error().hint, "Did you mean 'developer'?");
  EXPECT_EQ(parse_grant("viewer:legal").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parse_grant("viewer@").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parse_grant("viewer@No Slug").error().code, ErrorCode::kInvalidArgument);
}

TEST(Permissions, AGrantReachesAsFarAsItSays) {
  const auto own = grants({"developer@support-assistant/dev"});
  EXPECT_TRUE(may(own, Permission::kCutReleases, {"support-assistant", "dev", {}}));
  EXPECT_TRUE(may(own, Permission::kCutReleases, {"support-assistant", {}, {}}));
  EXPECT_FALSE(may(own, Permission::kCutReleases, {"support-assistant", "prod", {}}));
  EXPECT_FALSE(may(own, Permission::kCutReleases, {"other", "dev", {}}));
  EXPECT_FALSE(may(own, Permission::kApprove, {"support-assistant", "dev", {}}));
}

TEST(Permissions, ReviewersKeepToTheirDiscipline) {
  const auto legal = grants({"reviewer:legal"});
  EXPECT_TRUE(may(legal, Permission::kReview, {"any", {}, "legal"}));
  EXPECT_FALSE(may(legal, Permission::kReview, {"any", {}, "security"}));
  EXPECT_TRUE(may(grants({"reviewer"}), Permission::kReview, {"any", {}, "security"}));
  EXPECT_TRUE(may(legal, Permission::kView, {"any", {}, {}}));
}

TEST(Permissions, NobodyWithoutARoleMayAnything) {
  EXPECT_FALSE(may({}, Permission::kView));
  const auto denied = require(grants({"viewer"}), Permission::kManagePeople);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::kPermissionDenied);
  EXPECT_TRUE(require(grants({"admin"}), Permission::kManagePeople));
}

}  // namespace
}  // namespace slipway::governance
