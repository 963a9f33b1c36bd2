// SPDX-License-Identifier: Apache-2.0
#include "llm/mustache.h"

#include <gtest/gtest.h>

namespace slipway::llm {
namespace {

struct Vector {
  const char* about;
  const char* source;
  const char* view;
  const char* expected;
  std::vector<std::pair<std::string, std::string>> partials = {};
};

std::string rendered(const Vector& vector) {
  auto made = Template::compile(vector.source);
  if (!made) return "compile: " + made.error().describe();
  Template::Partials partials;
  for (const auto& [name, text] : vector.partials) {
    auto partial = Template::compile(text, Template::Use::kPartial);
    if (!partial) return "partial: " + partial.error().describe();
    partials.emplace(name, std::move(*partial));
  }
  const auto view = parse_json(vector.view);
  if (!view) return "view: " + view.error().describe();
  std::string out;
  const Result<> done = made->render(view->as_object(), partials, {}, out);
  return done ? out : "render: " + done.error().describe();
}

// One line a rule of the specification.
const Vector kVectors[] = {
    // variables
    {"text stays", "Hello from {Mustache}!\n", "{}", "Hello from {Mustache}!\n"},
    {"a name is replaced", "Hello, {{subject}}!\n", R"({"subject": "world"})", "Hello, world!\n"},
    {"nothing is inserted twice", "{{a}}: {{b}}", R"({"a": "{{b}}", "b": "x"})", "{{b}}: x"},
    {"two braces do not escape", "{{x}}", R"({"x": "& \" < >"})", "& \" < >"},
    {"three braces insert as is", "{{{x}}}", R"({"x": "& \" < >"})", "& \" < >"},
    {"an ampersand inserts as is", "{{&x}}", R"({"x": "& \" < >"})", "& \" < >"},
    {"integers", "{{x}} miles", R"({"x": 85})", "85 miles"},
    {"decimals", "{{x}} jiggawatts", R"({"x": 1.21})", "1.21 jiggawatts"},
    {"a whole double has no point", "{{x}}", R"({"x": 3.0})", "3"},
    {"null is nothing", "I ({{x}}) be", R"({"x": null})", "I () be"},
    {"what is missing is nothing", "I ({{x}}) be", "{}", "I () be"},
    {"false and zero have a text", "{{a}} {{b}}", R"({"a": false, "b": 0})", "false 0"},
    {"lists and objects are JSON", "{{a}} {{b}}", R"({"a": [1, "x"], "b": {"c": null}})",
     R"([1,"x"] {"c":null})"},
    {"dotted names", R"("{{a.b.c}}" == "{{#a}}{{b.c}}{{/a}}")", R"({"a": {"b": {"c": "x"}}})",
     R"("x" == "x")"},
    {"a broken chain is nothing", R"("{{a.b.c}}")", R"({"a": {"b": {}}, "c": "no"})", R"("")"},
    {"the first name decides", "{{#a}}{{b.c}}{{/a}}", R"({"a": {"b": {}}, "b": {"c": "wrong"}})", ""},
    {"a chain through a text is nothing", "{{a.b}}", R"({"a": "text"})", ""},
    {"the context itself", "Hello, {{.}}!", "{}", "Hello, !"},
    {"white space around a tag stays", "| {{x}} |", R"({"x": "---"})", "| --- |"},
    {"a variable alone keeps its line", "  {{x}}\n", R"({"x": "---"})", "  ---\n"},
    {"white space inside a tag goes", "|{{  x\t}}|{{{ x }}}|{{ & x }}|", R"({"x": "-"})", "|-|-|-|"},
    // comments
    {"comments go", "12345{{! anything at all, {{even this }}67890", "{}", "1234567890"},
    {"comments over lines", "12345{{!\n  a\n  b\n}}67890\n", "{}", "1234567890\n"},
    {"a comment alone takes its line", "Begin.\n  {{! alone }}\nEnd.\n", "{}", "Begin.\nEnd.\n"},
    {"a comment over lines alone", "Begin.\n{{!\nalone\n}}\nEnd.\n", "{}", "Begin.\nEnd.\n"},
    {"line ends of Windows", "|\r\n{{! alone }}\r\n|", "{}", "|\r\n|"},
    {"alone without a line before", "  {{! alone }}\n!", "{}", "!"},
    {"alone without a line behind", "!\n  {{! alone }}", "{}", "!\n"},
    {"beside text nothing goes", "  12 {{! 34 }}\n", "{}", "  12 \n"},
    // sections
    {"true shows", "\"{{#b}}yes{{/b}}\"", R"({"b": true})", "\"yes\""},
    {"false hides", "\"{{#b}}no{{/b}}\"", R"({"b": false})", "\"\""},
    {"null hides", "\"{{#b}}no{{/b}}\"", R"({"b": null})", "\"\""},
    {"missing hides", "[{{#b}}no{{/b}}]", "{}", "[]"},
    {"an empty text hides", "[{{#b}}no{{/b}}]", R"({"b": ""})", "[]"},
    {"zero hides", "[{{#b}}no{{/b}}]", R"({"b": 0})", "[]"},
    {"an object is the context", "{{#o}}Hi {{name}}.{{/o}}", R"({"o": {"name": "Joe"}})", "Hi Joe."},
    {"outer names are seen", "{{#s}}{{a}}, {{b}}, {{c.d}}{{/s}}",
     R"({"a": "foo", "b": "wrong", "s": {"b": "bar"}, "c": {"d": "baz"}})", "foo, bar, baz"},
    {"a text is the context", "{{#s}}{{.}} is {{s}}{{/s}}", R"({"s": "x"})", "x is x"},
    {"lists repeat", "\"{{#l}}{{i}}{{/l}}\"", R"({"l": [{"i": 1}, {"i": 2}, {"i": 3}]})", "\"123\""},
    {"an empty list hides", "\"{{#l}}no{{/l}}\"", R"({"l": []})", "\"\""},
    {"sections one after the other", "{{#b}}\n* 1\n{{/b}}\n* {{t}}\n{{#b}}\n* 3\n{{/b}}\n",
     R"({"b": true, "t": "2"})", "* 1\n* 2\n* 3\n"},
    {"sections inside each other", "| A {{#b}}B {{#b}}C{{/b}} D{{/b}} E |", R"({"b": true})",
     "| A B C D E |"},
    {"hidden outside hides inside", "| A {{#b}}B {{#b}}C{{/b}} D{{/b}} E |", R"({"b": false})", "| A  E |"},
    {"texts of a list", "{{#l}}({{.}}){{/l}}", R"({"l": ["a", 1, 2.5, false]})", "(a)(1)(2.5)(false)"},
    {"lists of lists", "{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", R"({"l": [[1, 2], ["a"]]})", "(12)(a)"},
    {"dotted sections", "{{#a.b.c}}here{{/a.b.c}}", R"({"a": {"b": {"c": true}}})", "here"},
    {"a line alone goes", "| This Is\n{{#b}}\n|\n{{/b}}\n| A Line\n", R"({"b": true})",
     "| This Is\n|\n| A Line\n"},
    {"indented lines alone go", "| This Is\n  {{#b}}\n|\n  {{/b}}\n| A Line\n", R"({"b": true})",
     "| This Is\n|\n| A Line\n"},
    {"inline sections keep their space", " | {{#b}}\t|\t{{/b}} | \n", R"({"b": true})", " | \t|\t | \n"},
    {"closing at the end without a line", "#{{#b}}\n/\n  {{/b}}", R"({"b": true})", "#\n/\n"},
    {"padded section tags", "|{{# b }}={{/ b }}|", R"({"b": true})", "|=|"},
    {"two tags alone on a line go with it", "a\n{{#b}}{{/b}}\nc\n", R"({"b": true})", "a\nc\n"},
    // inverted sections
    {"false shows the inverse", "\"{{^b}}yes{{/b}}\"", R"({"b": false})", "\"yes\""},
    {"true hides the inverse", "\"{{^b}}no{{/b}}\"", R"({"b": true})", "\"\""},
    {"null shows the inverse", "{{^b}}yes{{/b}}", R"({"b": null})", "yes"},
    {"objects hide the inverse", "[{{^o}}no{{/o}}]", R"({"o": {}})", "[]"},
    {"lists hide the inverse", "[{{^l}}no{{/l}}]", R"({"l": [1]})", "[]"},
    {"empty lists show the inverse", "[{{^l}}yes{{/l}}]", R"({"l": []})", "[yes]"},
    {"broken chains show the inverse", "[{{^a.b.c}}yes{{/a.b.c}}]", R"({"a": {}})", "[yes]"},
    {"inverse lines alone go", "| A\n{{^b}}\n|\n{{/b}}\n| B\n", R"({"b": false})", "| A\n|\n| B\n"},
    // partials
    {"a partial", "\"{{>t}}\"", "{}", "\"from partial\"", {{"t", "from partial"}}},
    {"a partial that is not there", "\"{{>t}}\"", "{}", "\"\""},
    {"a partial sees the context", "\"{{>p}}\"", R"({"t": "c"})", "\"*c*\"", {{"p", "*{{t}}*"}}},
    {"a partial may include itself",
     "{{>node}}",
     R"({"c": "X", "n": [{"c": "Y", "n": []}]})",
     "X<Y<>>",
     {{"node", "{{c}}<{{#n}}{{>node}}{{/n}}>"}}},
    {"a partial in a line keeps its space",
     "  {{d}}  {{> p}}\n",
     R"({"d": "|"})",
     "  |  >\n>\n",
     {{"p", ">\n>"}}},
    {"a partial alone is indented",
     "\\\n {{>p}}\n/\n",
     R"({"c": "<\n->"})",
     "\\\n |\n <\n->\n |\n/\n",
     {{"p", "|\n{{{c}}}\n|\n"}}},
    {"a partial alone without a line behind", ">\n  {{>p}}", "{}", ">\n  >\n  >", {{"p", ">\n>"}}},
    {"partials inside partials add up",
     "{{>a}}\n",
     "{}",
     "x\n  y\n   z\n",
     {{"a", "x\n  {{>b}}\n"}, {"b", "y\n {{>c}}\n"}, {"c", "z\n"}}},
    {"a partial in a line of an indented one is not indented",
     "  {{>a}}\n",
     "{}",
     "  x|\n|y\n",
     {{"a", "x{{>b}}y\n"}, {"b", "|\n|"}}},
    {"white space around a partial's name", "|{{> p }}|", "{}", "|[]|", {{"p", "[]"}}},
    {"an empty line is not indented", "  {{>p}}\n", "{}", "  a\n\n  b\n", {{"p", "a\n\nb\n"}}},
    // delimiters
    {"other delimiters", "{{=<% %>=}}(<%t%>)", R"({"t": "Hey!"})", "(Hey!)"},
    {"delimiters of odd characters", "({{=[ ]=}}[t])", R"({"t": "It worked!"})", "(It worked!)"},
    {"delimiters inside sections",
     "[\n{{#s}}\n  {{d}}\n  |d|\n{{/s}}\n\n{{= | | =}}\n|#s|\n  {{d}}\n  |d|\n|/s|\n]\n",
     R"({"s": true, "d": "I got it"})", "[\n  I got it\n  |d|\n\n  {{d}}\n  I got it\n]\n"},
    {"partials begin with the usual ones",
     "{{= | | =}}[|>p|]",
     R"({"v": "yes"})",
     "[.yes.]",
     {{"p", ".{{v}}."}}},
    {"a change in a partial ends with it",
     "[ {{>p}} ]\n[ .{{v}}. .|v|. ]\n",
     R"({"v": "yes"})",
     "[ .yes.  .yes. ]\n[ .yes. .|v|. ]\n",
     {{"p", ".{{v}}. {{= | | =}} .|v|."}}},
    {"a change alone takes its line", "Begin.\n  {{=@ @=}}\nEnd.\n", "{}", "Begin.\nEnd.\n"},
    {"padded delimiters", "|{{= @   @ =}}|", "{}", "||"},
};

TEST(Mustache, KeepsTheRulesOfTheSpecification) {
  for (const Vector& vector : kVectors) EXPECT_EQ(rendered(vector), vector.expected) << vector.about;
}

TEST(Mustache, InsertsValuesAsDataWhateverTheyHold) {
  const char* view = R"({"x": "{{y}} {{#y}}open{{/y}} {{=<% %>=}} <%y%> {{>p}} {{! no }}", "y": "secret"})";
  EXPECT_EQ(rendered({"", "a {{x}} b {{y}}", view, "", {{"p", "partial"}}}),
            "a {{y}} {{#y}}open{{/y}} {{=<% %>=}} <%y%> {{>p}} {{! no }} b secret");
  // Neither does what follows a value fall into what it opened.
  EXPECT_EQ(rendered({"", "{{x}}{{y}}}}", R"({"x": "{{", "y": "z"})", ""}), "{{z}}");
  EXPECT_EQ(rendered({"", "  {{x}}\nb", R"({"x": "\n{{! alone }}\n"})", ""}), "  \n{{! alone }}\n\nb");
}

TEST(Mustache, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> bad[] = {
      {"ab\n  {{x", "2:3: the tag that begins here is never closed"},
      {"{{#a}}\n{{#b}}x{{/a}}", "2:8: 'a' is closed here, but the section open since 2:1 is 'b'"},
      {"x{{/a}}", "1:2: 'a' is closed here but was not opened"},
      {"\n\n {{#a}}", "3:2: the section 'a' is never closed"},
      {"{{}}", "1:1: a tag without a name"},
      {"{{ a b }}", "1:1: 'a b' can't be a name: it holds white space"},
      {"{{a..b}}", "1:1: 'a..b' can't be a name: something is missing beside a dot"},
      {"{{.a}}", "1:1: '.a' can't be a name"},
      {"{{=x=}}", "1:1: these delimiters can't be used: 'x'"},
      {"{{=| a b=}}", "1:1: these delimiters can't be used: '| a b'"},
      {"{{{x}}", "1:1: the tag that begins here is never closed"},
  };
  for (const auto& [source, expected] : bad) {
    const auto made = Template::compile(source);
    ASSERT_FALSE(made) << source;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument) << source;
    EXPECT_TRUE(made.error().describe().starts_with(expected)) << made.error().describe();
  }
}

TEST(Mustache, KeepsItsLimits) {
  const auto code_of = [](const auto& result) { return result ? ErrorCode::kInternal : result.error().code; };
  EXPECT_EQ(code_of(Template::compile(std::string(300'000, 'x'))), ErrorCode::kResourceExhausted);
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "{{#a}}";
  for (int i = 0; i < 33; ++i) deep += "{{/a}}";
  EXPECT_EQ(code_of(Template::compile(deep)), ErrorCode::kResourceExhausted);
  TemplateLimits few;
  few.tags = 3;
  EXPECT_TRUE(Template::compile("{{a}}{{b}}{{c}}", Template::Use::kWhole, few));
  EXPECT_EQ(code_of(Template::compile("{{a}}{{b}}{{c}}{{!}}", Template::Use::kWhole, few)),
            ErrorCode::kResourceExhausted);

  std::string out;
  const json::object view = parse_json(R"({"l": [1,2,3,4,5,6,7,8,9,10]})")->as_object();
  // 10^6 rounds of nothing and of something.
  const auto rounds =
      Template::compile("{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}");
  EXPECT_EQ(code_of(rounds->render(view, {}, {}, out)), ErrorCode::kResourceExhausted);
  RenderLimits small;
  small.output_bytes = 100;
  const auto text = Template::compile("{{#l}}{{#l}}ab{{/l}}{{/l}}");
  EXPECT_EQ(code_of(text->render(view, {}, small, out)), ErrorCode::kResourceExhausted);
  EXPECT_LT(out.size(), 200u);
  Template::Partials endless;
  endless.emplace("p", *Template::compile("x\n {{>p}}", Template::Use::kPartial));
  out.clear();
  EXPECT_EQ(code_of(Template::compile("{{>p}}")->render({}, endless, {}, out)),
            ErrorCode::kResourceExhausted);
}

TEST(Mustache, TellsWhatATemplateLooksUp) {
  const auto made =
      Template::compile("{{a.b}}\n{{#list}}{{x}}{{^none}} {{.}}{{/none}}{{/list}}{{>p}}{{>q}}{{>p}}");
  ASSERT_TRUE(made);
  std::string told;
  for (const TemplateName& name : made->names()) {
    told += std::to_string(name.line) + ":" + std::to_string(name.column) + (name.section ? "#" : " ") +
            name.name + "/" + name.first;
    for (const std::string& section : name.enclosing) told += "<" + section;
    told += "\n";
  }
  EXPECT_EQ(told, "1:1 a.b/a\n2:1#list/list\n2:10 x/x<list\n2:15#none/none<list\n2:25 ./<list\n");
  EXPECT_EQ(made->partials(), (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(made->constant(), nullptr);
  EXPECT_EQ(*Template::compile("a\nb\n{{! gone }}\nc")->constant(), "a\nb\nc");
  EXPECT_EQ(*Template::compile("")->constant(), "");
}

TEST(Mustache, WritesNumbersAsJavaScriptDoes) {
  const std::pair<double, const char*> numbers[] = {{0, "0"},
                                                    {-0.0, "0"},
                                                    {1, "1"},
                                                    {-1.5, "-1.5"},
                                                    {0.1, "0.1"},
                                                    {1e20, "100000000000000000000"},
                                                    {1e21, "1e+21"},
                                                    {1.5e300, "1.5e+300"},
                                                    {0.000001, "0.000001"},
                                                    {1.5e-7, "1.5e-7"},
                                                    {123456.789, "123456.789"},
                                                    {5e-324, "5e-324"}};
  for (const auto& [number, text] : numbers) EXPECT_EQ(number_text(number), text);
}

}  // namespace
}  // namespace slipway::llm
