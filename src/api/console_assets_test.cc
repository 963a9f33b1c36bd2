// SPDX-License-Identifier: Apache-2.0
#include "api/console_assets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "api/console_assets_table.h"

namespace slipway::api {
namespace {

TEST(ConsoleAssets, FindsThePageAndTheContract) {
  const ConsoleAsset* page = find_console_asset("/index.html");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_NE(page->identity.find("<title>Slipway"), std::string_view::npos);
  EXPECT_FALSE(page->immutable);
  const ConsoleAsset* contract = find_console_asset("/api/openapi.yaml");
  ASSERT_NE(contract, nullptr);
  EXPECT_NE(contract->identity.find("openapi: 3.1"), std::string_view::npos);
}

TEST(ConsoleAssets, KnowsNoOtherPath) {
  for (const char* path : {"", "/", "/index.htm", "/index.html/", "/overview", "/../index.html", "/~"}) {
    EXPECT_EQ(find_console_asset(path), nullptr) << path;
  }
}

TEST(ConsoleAssets, AreSortedCompleteAndQuoted) {
  const auto all = console_assets();
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &ConsoleAsset::path));
  for (const ConsoleAsset& asset : all) {
    EXPECT_FALSE(asset.identity.empty()) << asset.path;
    EXPECT_EQ(asset.etag.front(), '"');
    EXPECT_EQ(asset.etag.back(), '"');
    EXPECT_EQ(find_console_asset(asset.path), &asset);
    if (!asset.gzip.empty()) {
      EXPECT_EQ(asset.gzip.substr(0, 2), "\x1f\x8b") << asset.path;
    }
  }
}

// The policy forbids inline scripts, so the page must not have any.
TEST(ConsoleAssets, ThePageHasNoInlineScriptAndNamesOnlyItsOwnFiles) {
  const std::string_view html = find_console_asset("/index.html")->identity;
  for (std::size_t at = html.find("<script"); at != std::string_view::npos;
       at = html.find("<script", at + 1)) {
    const std::string_view tag = html.substr(at, html.find('>', at) - at);
    EXPECT_NE(tag.find(" src=\"/"), std::string_view::npos) << tag;
  }
  EXPECT_EQ(html.find("http://"), std::string_view::npos);
  EXPECT_EQ(html.find("https://"), std::string_view::npos);
  for (const std::string_view attribute : {" src=\"", " href=\""}) {
    for (std::size_t at = html.find(attribute); at != std::string_view::npos;
         at = html.find(attribute, at + 1)) {
      const std::size_t begin = at + attribute.size();
      const std::string path{html.substr(begin, html.find('"', begin) - begin)};
      EXPECT_NE(find_console_asset(path), nullptr) << path;
    }
  }
}

}  // namespace
}  // namespace slipway::api
