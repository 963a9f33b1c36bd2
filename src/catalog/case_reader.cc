// SPDX-License-Identifier: Apache-2.0
#include "catalog/case_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/yaml.h"
#include "base/yaml_json.h"
#include "catalog/case_readers.h"
#include "catalog/case_shapes.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kSniffBytes = 64u << 10;
constexpr std::size_t kLineSlack = 64u << 10;
constexpr std::int64_t kProgressCases = 1'000;
constexpr std::size_t kDocumentNodes = 5'000'000;

// A source line is longer than what is kept of it: spaces, escapes, members that go.
std::size_t line_limit(const CaseLimits& limits) { return 4 * limits.case_bytes + kLineSlack; }

// "line 12: …" becomes a problem of one case.
ReadCase bad(std::uint64_t line, Error error) {
  ReadCase out;
  out.line = line;
  out.problem = std::move(error);
  return out;
}

// YAML takes any bytes; what is kept is UTF-8.
Error not_utf8(std::string_view text) {
  std::uint64_t line = 0;
  for (const std::string_view one : split(text, '\n')) {
    ++line;
    if (!is_valid_utf8(one)) break;
  }
  return {ErrorCode::kInvalidArgument, "is not valid UTF-8", line_text(line), "Save the file as UTF-8."};
}

// Objects of one shape: the first decides, so that a stray line is told instead of half understood.
class ShapeKeeper {
 public:
  explicit ShapeKeeper(std::string wanted) : wanted_(std::move(wanted)) {}
  Result<std::vector<json::object>> read(json::object object) {
    SLIPWAY_ASSIGN(const CaseShape shape, shape_of(object));
    if (!wanted_.empty() && format_of(shape) != wanted_)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("this looks like {}, not like {}", format_of(shape), wanted_), {},
                  "Leave the format out, or put cases of one kind into one file.");
    wanted_ = format_of(shape);
    return fields_of(shape, std::move(object));
  }
  [[nodiscard]] std::string format() const { return wanted_.empty() ? "jsonl" : wanted_; }

 private:
  std::string wanted_;
};

class LinesReader : public CaseReader {
 public:
  LinesReader(std::unique_ptr<LineSource> source, std::string wanted)
      : source_(std::move(source)), shapes_(std::move(wanted)) {}
  [[nodiscard]] std::string format() const override { return shapes_.format(); }

  Result<std::optional<ReadCase>> next() override {
    while (ready_.empty()) {
      SLIPWAY_ASSIGN(const auto line, source_->line());
      if (!line) return std::optional<ReadCase>();
      if (trim(*line).empty()) continue;
      const std::uint64_t number = source_->number();
      auto parsed = parse_json(*line);
      if (!parsed) {
        Error error = parsed.error();
        error.where.clear();
        if (!is_valid_utf8(*line)) error.message = "is not valid UTF-8";
        error.hint = "Each line is one JSON object.";
        return std::optional(bad(number, std::move(error)));
      }
      if (!parsed->is_object())
        return std::optional(
            bad(number, {ErrorCode::kInvalidArgument, "is no JSON object", {}, "Each line is one case."}));
      auto cases = shapes_.read(std::move(parsed->get_object()));
      if (!cases) return std::optional(bad(number, cases.error()));
      for (auto one = cases->rbegin(); one != cases->rend(); ++one) ready_.push_back(std::move(*one));
    }
    ReadCase out;
    out.line = source_->number();
    out.fields = std::move(ready_.back());
    ready_.pop_back();
    return std::optional(std::move(out));
  }

 private:
  std::unique_ptr<LineSource> source_;
  ShapeKeeper shapes_;
  std::vector<json::object> ready_;  // last first
};

// A YAML or JSON document: a list of cases, or a map that has one in `cases` or `tests`.
class DocumentReader : public CaseReader {
 public:
  static Result<std::unique_ptr<CaseReader>> open(LineSource& source, const ReadOptions& options) {
    SLIPWAY_ASSIGN(const std::string text, source.rest(options.limits.document_bytes));
    if (!is_valid_utf8(text)) return fail(not_utf8(text));
    auto reader = std::make_unique<DocumentReader>(options.format);
    if (const std::string_view begin = trim(text); begin.starts_with('{') || begin.starts_with('[')) {
      JsonLimits limits;
      limits.size_bytes = options.limits.document_bytes;
      SLIPWAY_ASSIGN(json::value document, parse_json(text, limits));
      SLIPWAY_TRY(reader->take(std::move(document), nullptr));
    } else {
      YamlLimits limits;
      limits.size_bytes = options.limits.document_bytes;
      limits.nodes = kDocumentNodes;
      SLIPWAY_ASSIGN(const YamlNode document,
                     parse_yaml(text, options.file_name.empty() ? "the file" : options.file_name, limits));
      SLIPWAY_TRY(reader->take(yaml_to_json(document), &document));
    }
    return std::unique_ptr<CaseReader>(std::move(reader));
  }
  explicit DocumentReader(std::string wanted) : shapes_(std::move(wanted)) {}
  [[nodiscard]] std::string format() const override { return shapes_.format(); }

  Result<std::optional<ReadCase>> next() override {
    while (ready_.empty()) {
      if (at_ == items_.size()) return std::optional<ReadCase>();
      json::value& item = items_[at_];
      line_ = at_ < lines_.size() ? lines_[at_] : 0;
      const std::string where = line_ == 0 ? fmt::format("case {}", at_ + 1) : std::string();
      ++at_;
      if (!item.is_object())
        return std::optional(bad(line_, {ErrorCode::kInvalidArgument, "is no map of fields", where, {}}));
      auto cases = promptfoo_ ? promptfoo_cases(std::move(item.get_object()), defaults_)
                              : shapes_.read(std::move(item.get_object()));
      if (!cases) {
        Error error = cases.error();
        if (!where.empty()) error.where = where + (error.where.empty() ? "" : ": " + error.where);
        return std::optional(bad(line_, std::move(error)));
      }
      for (auto one = cases->rbegin(); one != cases->rend(); ++one) ready_.push_back(std::move(*one));
    }
    ReadCase out;
    out.line = line_;
    out.fields = std::move(ready_.back());
    ready_.pop_back();
    return std::optional(std::move(out));
  }

 private:
  Result<> take(json::value document, const YamlNode* positions) {
    if (json::object* object = document.if_object()) {
      if (const json::value* defaults = object->if_contains("defaultTest");
          defaults != nullptr && defaults->is_object())
        defaults_ = defaults->get_object();
      for (const std::string_view name : {"tests", "cases"}) {
        json::value* list = object->if_contains(name);
        if (list == nullptr || !list->is_array()) continue;
        promptfoo_ = name == "tests";
        if (positions != nullptr) positions = positions->find(name);
        json::value inner = std::move(*list);
        document = std::move(inner);
        break;
      }
    }
    if (document.is_object()) document = json::array{std::move(document)};
    if (!document.is_array())
      return fail(ErrorCode::kInvalidArgument, "the document holds no list of cases", line_text(1),
                  "Give a list, or a map with 'tests' (promptfoo) or 'cases'.");
    items_ = std::move(document.get_array());
    if (positions != nullptr)
      for (const YamlNode& item : positions->items) lines_.push_back(item.line);
    if (promptfoo_) shapes_ = ShapeKeeper("promptfoo");
    return {};
  }

  ShapeKeeper shapes_;
  json::array items_;
  std::vector<std::uint64_t> lines_;
  json::object defaults_;
  bool promptfoo_ = false;
  std::vector<json::object> ready_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 0;
};

enum class Container : std::uint8_t { kLines, kDocument, kTable };

Container by_name(std::string_view name, Container otherwise) {
  const std::string lower = to_lower(name);
  for (const std::string_view ending : {".jsonl", ".ndjson"})
    if (lower.ends_with(ending)) return Container::kLines;
  for (const std::string_view ending : {".csv", ".tsv"})
    if (lower.ends_with(ending)) return Container::kTable;
  for (const std::string_view ending : {".yaml", ".yml"})
    if (lower.ends_with(ending)) return Container::kDocument;
  return otherwise;
}

bool looks_like_yaml(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with('#') || line == "-" || line.starts_with("---")) return true;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  if (colon + 1 < line.size() && line[colon + 1] != ' ') return false;
  return std::ranges::all_of(line.substr(0, colon), [](char c) {
    return c == '_' || c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

Container by_content(std::string_view begin) {
  begin = begin.substr(std::min(begin.find_first_not_of(" \t\r\n"), begin.size()));
  const std::string_view line = trim(begin.substr(0, begin.find('\n')));
  if (line.starts_with('{'))
    // One object a line, or one that spans lines. A first line longer than was looked at can only be the
    // former.
    return line.size() == begin.size() || line.ends_with('}') ? Container::kLines : Container::kDocument;
  if (line.starts_with('[') || looks_like_yaml(line)) return Container::kDocument;
  return Container::kTable;
}

Error in_line(std::uint64_t line, Error error) {
  if (line != 0) error.where = line_text(line) + (error.where.empty() ? "" : ": " + error.where);
  return error;
}

}  // namespace

ByteSource source_of(std::string_view text) {
  return [text, done = false]() mutable -> Result<std::string_view> {
    if (std::exchange(done, true)) return std::string_view();
    return text;
  };
}

const std::vector<std::string>& case_formats() {
  static const std::vector<std::string> kFormats = {"jsonl", "openai", "bedrock", "promptfoo", "csv", "tsv"};
  return kFormats;
}

Result<std::unique_ptr<CaseReader>> read_cases(ByteSource source, const ReadOptions& options) {
  const std::string& format = options.format;
  if (!format.empty() && std::ranges::find(case_formats(), format) == case_formats().end())
    return fail(ErrorCode::kInvalidArgument, fmt::format("there is no format '{}'", ellipsize(format, 40)),
                "format", "Use jsonl, openai, bedrock, promptfoo, csv or tsv, or leave it out.");
  auto lines = std::make_unique<LineSource>(std::move(source), line_limit(options.limits));
  SLIPWAY_ASSIGN(const std::string_view begin, lines->peek(kSniffBytes));
  if (trim(begin).empty())
    return fail(ErrorCode::kInvalidArgument, "the file is empty", line_text(1), "Give at least one case.");
  Container container = by_name(options.file_name, by_content(begin));
  if (format == "csv" || format == "tsv") container = Container::kTable;
  if (format == "jsonl" || format == "openai" || format == "bedrock") container = Container::kLines;
  if (container == Container::kTable) return read_table(std::move(lines), options);
  if (container == Container::kDocument) return DocumentReader::open(*lines, options);
  return std::make_unique<LinesReader>(std::move(lines), format);
}

Result<ImportReport> import_cases(CaseReader& reader, const ReadOptions& options,
                                  const std::function<Result<bool>(const Case&)>& take,
                                  const std::function<bool(std::int64_t cases)>& progress) {
  ImportReport report;
  const auto note = [&report](std::uint64_t line, const Error& error) {
    ++report.problem_count;
    if (report.problems.size() < kProblemsTold) report.problems.push_back(in_line(line, error));
  };
  while (report.problem_count < kProblemsSought) {
    auto read = reader.next();
    if (!read) {
      // Earlier problems are told, too; this one is why there are no later ones.
      if (read.error().code != ErrorCode::kInvalidArgument) return fail(read.error());
      note(0, read.error());
      break;
    }
    if (!*read) break;
    ReadCase& one = **read;
    ++report.read;
    if (one.problem) {
      note(one.line, *one.problem);
      continue;
    }
    if (!options.split.empty() && !one.fields.contains("split")) one.fields["split"] = options.split;
    if (!options.tags.empty()) {
      json::value& tags = one.fields["tags"];
      if (!tags.is_array()) tags = json::array();
      for (const std::string& tag : options.tags) tags.get_array().emplace_back(tag);
    }
    const auto sound = make_case(std::move(one.fields), options.limits);
    if (!sound) {
      note(one.line, sound.error());
      continue;
    }
    const auto taken = take(*sound);
    if (!taken) {
      if (taken.error().code != ErrorCode::kInvalidArgument) return fail(taken.error());
      note(one.line, taken.error());
      if (taken.error().where != "id") break;
    } else if (!*taken) {
      ++report.repeated;
    }
    if (progress && report.read % kProgressCases == 0 && !progress(report.read))
      return fail(ErrorCode::kCancelled, "the import was stopped");
  }
  report.format = reader.format();
  if (report.read == 0 && report.problems.empty())
    note(1, {ErrorCode::kInvalidArgument, "there are no cases in the file", {}, {}});
  return report;
}

Error import_error(const ImportReport& report) {
  Error error = report.problems.empty() ? Error{} : report.problems.front();
  error.code = ErrorCode::kInvalidArgument;
  const std::int64_t more = report.problem_count - 1;
  if (more > 0)
    error.message += fmt::format(" (and {}{} more {}; nothing was imported)",
                                 report.problem_count >= kProblemsSought ? "at least " : "", more,
                                 more == 1 ? "problem" : "problems");
  return error;
}

Result<CaseSummary> summarize_cases(ByteSource source, const ReadOptions& options, ImportReport& report) {
  SLIPWAY_ASSIGN(const auto reader, read_cases(std::move(source), options));
  CaseCutter cutter;
  IdSet ids;
  const auto take = [&](const Case& one) -> Result<bool> {
    if (!ids.insert(id_hash(one.id))) {
      if (!one.named) return false;
      return fail(ErrorCode::kInvalidArgument, fmt::format("the id '{}' is there already", one.id), "id",
                  "Each case needs an id of its own.");
    }
    cutter.add(one);
    return true;
  };
  SLIPWAY_ASSIGN(report, import_cases(*reader, options, take));
  cutter.finish();
  if (!report.problems.empty()) return fail(import_error(report));
  return cutter.summary();
}

}  // namespace slipway::catalog
