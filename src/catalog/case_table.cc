// SPDX-License-Identifier: Apache-2.0
#include "catalog/case_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "catalog/canonical.h"
#include "catalog/case_readers.h"
#include "catalog/case_shapes.h"
#include "catalog/csv.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kHeaderBytes = 64u << 10;

// What people call their columns.
const std::map<std::string, std::string, std::less<>>& usual_names() {
  static const std::map<std::string, std::string, std::less<>> kNames = {{"id", "id"},
                                                                         {"case_id", "id"},
                                                                         {"input", "input"},
                                                                         {"prompt", "input"},
                                                                         {"question", "input"},
                                                                         {"query", "input"},
                                                                         {"expected", "expected"},
                                                                         {"expected_output", "expected"},
                                                                         {"ideal", "expected"},
                                                                         {"answer", "expected"},
                                                                         {"reference", "expected"},
                                                                         {"referenceresponse", "expected"},
                                                                         {"reference_answer", "expected"},
                                                                         {"ground_truth", "expected"},
                                                                         {"completion", "expected"},
                                                                         {"output", "expected"},
                                                                         {"context", "context"},
                                                                         {"contexts", "context"},
                                                                         {"tags", "tags"},
                                                                         {"tag", "tags"},
                                                                         {"category", "tags"},
                                                                         {"split", "split"},
                                                                         {"cluster", "cluster"},
                                                                         {"metadata", "metadata"},
                                                                         {"provenance", "provenance"}};
  return kNames;
}

constexpr std::array<std::string_view, 10> kTargets = {
    "id", "input", "expected", "context", "tags", "split", "cluster", "metadata", "provenance", "ignore"};

bool is_target(std::string_view target) {
  return std::ranges::find(kTargets, target) != kTargets.end() ||
         (target.starts_with("input.") && target.size() > 6) ||
         (target.starts_with("metadata.") && target.size() > 9);
}

bool is_promptfoo(const std::vector<std::string>& header) {
  return std::ranges::any_of(header, [](const std::string& name) { return name.starts_with("__expected"); });
}

// Which field each column fills.
Result<std::vector<std::string>> map_columns(const std::vector<std::string>& header,
                                             const ReadOptions& options) {
  for (const auto& [column, target] : options.columns) {
    if (!is_target(target))
      return fail(ErrorCode::kInvalidArgument, fmt::format("a column can't become '{}'", target), column,
                  "Use id, input, input.NAME, expected, context, tags, split, cluster, provenance, "
                  "metadata.NAME or ignore.");
    if (std::ranges::find(header, column) != header.end()) continue;
    const auto close = nearest(column, header);
    return fail(
        ErrorCode::kInvalidArgument, fmt::format("the file has no column '{}'", column), line_text(1),
        close ? fmt::format("Did you mean '{}'?", *close) : std::string("Its first line names them."));
  }
  std::vector<std::string> targets;
  for (const std::string& name : header) {
    const auto given = options.columns.find(name);
    const auto usual = usual_names().find(to_lower(name));
    if (given != options.columns.end())
      targets.push_back(given->second);
    else if (is_target(name))
      targets.push_back(name);
    else
      targets.push_back(usual == usual_names().end() ? std::string() : usual->second);
  }
  // Without an input, the columns that mean nothing else are its variables; else they are remarks.
  const bool has_input = std::ranges::any_of(
      targets, [](const std::string& target) { return target == "input" || target.starts_with("input."); });
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (targets[i].empty())
      targets[i] = header[i].empty() ? "ignore" : (has_input ? "metadata." : "input.") + header[i];
  for (const std::string& target : targets)
    if (target != "ignore" && target != "tags" && std::ranges::count(targets, target) > 1)
      return fail(ErrorCode::kInvalidArgument, fmt::format("two columns become '{}'", target), line_text(1),
                  "Say which with a mapping, for instance --column notes=metadata.notes.");
  if (std::ranges::none_of(targets, [](const std::string& target) { return target.starts_with("input"); }))
    return fail(ErrorCode::kInvalidArgument, "no column is the input", line_text(1),
                "Name one 'input' in the first line, or say which with --column NAME=input.");
  return targets;
}

json::array tags_of(const std::string& text) {
  json::array tags;
  if (text.starts_with('[')) {
    json::value value = value_of_cell(text);
    if (value.is_array()) return std::move(value.get_array());
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of(",;|"), rest.size());
    if (const std::string_view tag = trim(rest.substr(0, end)); !tag.empty()) tags.emplace_back(tag);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return tags;
}

void set_field(json::object& fields, const std::string& target, std::string text) {
  if (target == "ignore" || text.empty()) return;
  const std::size_t dot = target.find('.');
  if (dot != std::string::npos) {
    json::value& outer = fields[target.substr(0, dot)];
    if (!outer.is_object()) outer = json::object();
    outer.get_object().insert_or_assign(target.substr(dot + 1), csv_field(std::move(text)));
  } else if (target == "tags") {
    json::array tags = tags_of(csv_field(std::move(text)));
    json::value& all = fields["tags"];
    if (!all.is_array()) all = json::array();
    for (json::value& tag : tags) all.get_array().push_back(std::move(tag));
  } else if (target == "id" || target == "split" || target == "cluster") {
    fields[target] = csv_field(std::move(text));
  } else if (target == "metadata") {
    json::value value = value_of_cell(csv_field(std::move(text)));
    json::value& metadata = fields["metadata"];
    if (!value.is_object()) value = json::object{{"metadata", std::move(value)}};
    if (!metadata.is_object()) metadata = json::object();
    for (json::key_value_pair& member : value.get_object())
      metadata.get_object().insert_or_assign(member.key(), std::move(member.value()));
  } else {
    fields[target] = value_of_cell(csv_field(std::move(text)));
  }
}

// A row of promptfoo's CSV as one of its tests.
json::object promptfoo_row(const std::vector<std::string>& header, std::vector<std::string> row) {
  json::object test;
  json::object variables;
  json::object metadata;
  json::array assertions;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::string& name = header[i];
    std::string text = csv_field(std::move(row[i]));
    if (name.starts_with("__expected")) {
      if (!trim(text).empty()) assertions.emplace_back(promptfoo_assertion(text));
    } else if (name == "__description") {
      if (!text.empty()) test["description"] = std::move(text);
    } else if (name.starts_with("__metadata:")) {
      std::string key = name.substr(std::string_view("__metadata:").size());
      if (text.empty()) continue;
      if (!key.ends_with("[]")) {
        metadata[key] = std::move(text);
        continue;
      }
      json::array items;
      for (const std::string_view item : split(text, ',')) items.emplace_back(trim(item));
      metadata[key.substr(0, key.size() - 2)] = std::move(items);
    } else if (name.starts_with("__")) {
      if (!text.empty()) test[name.substr(2)] = std::move(text);
    } else if (!name.empty()) {
      variables[name] = std::move(text);
    }
  }
  test["vars"] = std::move(variables);
  if (!assertions.empty()) test["assert"] = std::move(assertions);
  if (!metadata.empty()) test["metadata"] = std::move(metadata);
  return test;
}

class TableReader : public CaseReader {
 public:
  TableReader(std::unique_ptr<LineSource> source, char separator, std::size_t record_bytes)
      : source_(std::move(source)), csv_(*source_, separator, record_bytes), tabs_(separator == '\t') {}

  Result<> begin(const ReadOptions& options) {
    SLIPWAY_ASSIGN(auto header, csv_.record());
    if (!header) return fail(ErrorCode::kInvalidArgument, "there is no header", line_text(1));
    for (std::string& name : *header) name = std::string(trim(name));
    header_ = std::move(*header);
    for (const std::string& name : header_)
      if (!is_valid_utf8(name))
        return fail(ErrorCode::kInvalidArgument, "the header is not valid UTF-8", line_text(1),
                    "Save the file as UTF-8.");
    promptfoo_ = options.columns.empty() &&
                 (options.format == "promptfoo" || (options.format.empty() && is_promptfoo(header_)));
    if (promptfoo_) return {};
    SLIPWAY_ASSIGN(targets_, map_columns(header_, options));
    return {};
  }
  [[nodiscard]] std::string format() const override {
    return promptfoo_ ? "promptfoo" : tabs_ ? "tsv" : "csv";
  }

  Result<std::optional<ReadCase>> next() override {
    SLIPWAY_ASSIGN(auto row, csv_.record());
    if (!row) return std::optional<ReadCase>();
    ReadCase out;
    out.line = csv_.line();
    if (row->size() != header_.size()) {
      out.problem = Error{ErrorCode::kInvalidArgument,
                          fmt::format("has {} fields, but the header names {}", row->size(), header_.size()),
                          {},
                          "A field with a separator or a line end in it stands in quotes."};
    } else if (!std::ranges::all_of(*row, [](const std::string& cell) { return is_valid_utf8(cell); })) {
      out.problem = Error{ErrorCode::kInvalidArgument, "is not valid UTF-8", {}, "Save the file as UTF-8."};
    } else if (promptfoo_) {
      json::object test = promptfoo_row(header_, std::move(*row));
      test["options"] = json::object{{"disableVarExpansion", true}};
      auto cases = promptfoo_cases(std::move(test), {});
      if (!cases)
        out.problem = cases.error();
      else
        out.fields = std::move(cases->front());
      if (json::value* metadata = out.fields.if_contains("metadata");
          metadata != nullptr && metadata->is_object())
        metadata->get_object().erase("options");
    } else {
      for (std::size_t i = 0; i < targets_.size(); ++i)
        set_field(out.fields, targets_[i], std::move((*row)[i]));
    }
    return std::optional(std::move(out));
  }

 private:
  std::unique_ptr<LineSource> source_;
  CsvReader csv_;
  bool tabs_;
  bool promptfoo_ = false;
  std::vector<std::string> header_;
  std::vector<std::string> targets_;
};

}  // namespace

json::value value_of_cell(std::string text) {
  if (text.starts_with('{') || text.starts_with('[') || (text.size() > 1 && text.starts_with('"')))
    if (auto value = parse_json(text)) return std::move(*value);
  return json::value(text);
}

Result<> append_case_row(std::string& out, std::string_view line) {
  SLIPWAY_ASSIGN(const json::value value, parse_json(line));
  const json::object& fields = value.as_object();
  bool first = true;
  for (const std::string_view name :
       {"id", "input", "expected", "context", "tags", "split", "cluster", "metadata", "provenance"}) {
    if (!std::exchange(first, false)) out += ',';
    const json::value* member = fields.if_contains(name);
    if (member == nullptr) continue;
    if (!member->is_string()) {
      append_csv_field(out, canonical_json(*member));
      continue;
    }
    // A text that reading would take for JSON is written as JSON.
    const std::string text(member->get_string());
    const bool plain = name == "id" || name == "split" || name == "cluster" || value_of_cell(text) == *member;
    append_csv_field(out, plain ? text : canonical_json(*member));
  }
  out += "\r\n";
  return {};
}

Result<std::unique_ptr<CaseReader>> read_table(std::unique_ptr<LineSource> source,
                                               const ReadOptions& options) {
  SLIPWAY_ASSIGN(const std::string_view begin, source->peek(kHeaderBytes));
  const bool tabs =
      options.format == "tsv" || (options.format.empty() && to_lower(options.file_name).ends_with(".tsv"));
  const char separator = tabs ? '\t' : csv_separator(begin);
  auto reader = std::make_unique<TableReader>(std::move(source), separator,
                                              4 * options.limits.case_bytes + kHeaderBytes);
  SLIPWAY_TRY(reader->begin(options));
  return std::unique_ptr<CaseReader>(std::move(reader));
}

}  // namespace slipway::catalog
