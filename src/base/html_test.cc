// SPDX-License-Identifier: Apache-2.0
#include "base/html.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Html, NoCharacterOfATextMeansAnything) {
  EXPECT_EQ(escape_html("<a href=\"x\" title='y'>b & c</a>"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;b &amp; c&lt;/a&gt;");
  EXPECT_EQ(escape_html("&lt;"), "&amp;lt;") << "what is escaped already is text, too";
  EXPECT_EQ(escape_html("Grüße, 😀\n"), "Grüße, 😀\n");
  EXPECT_EQ(escape_html(std::string_view("a\0b", 3)), "ab");
  EXPECT_EQ(escape_html("a\xff"), "a\xef\xbf\xbd");
}

}  // namespace
}  // namespace slipway
