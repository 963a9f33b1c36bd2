// SPDX-License-Identifier: Apache-2.0
// Taking templates apart: one pass over the source, line by line for the rules of standalone tags.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "llm/mustache.h"

namespace slipway::llm {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

}  // namespace

class TemplateParser {
 public:
  TemplateParser(std::string_view source, Template::Use use, const TemplateLimits& limits)
      : source_(source), limits_(limits), line_starts_(use == Template::Use::kPartial) {}

  Result<Template> parse() {
    if (source_.size() > limits_.source_bytes)
      return fail(ErrorCode::kResourceExhausted,
                  "a template has at most " + std::to_string(limits_.source_bytes) + " bytes, this one has " +
                      std::to_string(source_.size()));
    while (at_ < source_.size()) {
      const std::size_t tag = source_.find(open_, at_);
      take_text(std::min(tag, source_.size()));
      if (tag == std::string_view::npos) break;
      SLIPWAY_TRY(take_tag());
    }
    end_line();
    if (!sections_.empty()) {
      const Place place = place_of(sections_.back().offset);
      return fail(ErrorCode::kInvalidArgument, "the section '" + sections_.back().name + "' is never closed",
                  describe(place), "Close it with " + open_ + "/" + sections_.back().name + close_ + ".");
    }
    return finish();
  }

 private:
  struct Piece {
    Template::Node node;
    bool dropped = false;
    bool close = false;  // the end of a section
  };
  struct Open {
    std::string name;
    std::string first;
    bool inverted = false;
    std::size_t offset = 0;
  };

  void take_text(std::size_t end) {
    while (at_ < end) {
      const std::size_t newline = source_.find('\n', at_);
      const std::size_t stop = newline < end ? newline + 1 : end;
      const std::string_view text = source_.substr(at_, stop - at_);
      begin_line();
      if (!std::ranges::all_of(text, is_space)) line_has_text_ = true;
      line_texts_.push_back(pieces_.size());
      Piece& piece = pieces_.emplace_back();
      piece.node.text = text;
      at_ = stop;
      if (newline < end) end_line();
    }
  }

  // A line without anything has no start to indent.
  void begin_line() {
    if (std::exchange(in_line_, true)) return;
    line_offset_ = at_;
    if (!line_starts_ || source_[at_] == '\n') return;
    line_start_ = pieces_.size();
    pieces_.emplace_back().node.kind = Template::Kind::kLineStart;
  }

  // White space around tags that stand alone on their line goes with the line.
  void end_line() {
    if (line_has_tag_ && !line_has_text_) {
      for (const std::size_t index : line_texts_) pieces_[index].dropped = true;
      if (line_start_) pieces_[*line_start_].dropped = true;
    } else if (line_partial_) {
      pieces_[*line_partial_].node.alone = false;
    }
    line_texts_.clear();
    line_partial_.reset();
    line_start_.reset();
    in_line_ = line_has_tag_ = line_has_text_ = false;
  }

  Result<> take_tag() {
    begin_line();
    const std::size_t start = at_;
    if (++tags_ > limits_.tags)
      return fail(ErrorCode::kResourceExhausted,
                  "a template has at most " + std::to_string(limits_.tags) + " tags",
                  describe(place_of(start)));
    std::size_t inside = start + open_.size();
    while (inside < source_.size() && is_space(source_[inside])) ++inside;
    char type = inside < source_.size() ? source_[inside] : '\0';
    std::string ending = close_;
    if (type == '{')
      ending = "}" + close_;
    else if (type == '=')
      ending = "=" + close_;
    if (type != '\0' && std::string_view("#^/>{&=!").find(type) != std::string_view::npos)
      ++inside;
    else
      type = ' ';
    const std::size_t stop = source_.find(ending, inside);
    if (stop == std::string_view::npos)
      return fail(ErrorCode::kInvalidArgument, "the tag that begins here is never closed",
                  describe(place_of(start)),
                  "Close it with " + ending + ". To write " + open_ +
                      " as text, choose other delimiters first: {{=<% %>=}}.");
    const std::string_view content = trim_space(source_.substr(inside, stop - inside));
    at_ = stop + ending.size();
    const bool first_of_line = !std::exchange(line_has_tag_, true);
    if (type == '!') return {};
    if (type == '=') return set_delimiters(content, start);
    SLIPWAY_TRY(check_name(content, type, start));
    switch (type) {
      case '#':
      case '^': return open_section(content, type == '^', start);
      case '/': return close_section(content, start);
      case '>': return add_partial(content, first_of_line, start);
      default: return add_variable(content, start);
    }
  }

  Result<> check_name(std::string_view name, char type, std::size_t start) const {
    const auto bad = [&](std::string what) {
      return fail(ErrorCode::kInvalidArgument, std::move(what), describe(place_of(start)),
                  "A tag holds one name, as in " + open_ + "customer.name" + close_ + ".");
    };
    if (name.empty()) return bad("a tag without a name");
    if (std::ranges::any_of(name, is_space))
      return bad("'" + ellipsize(name, 60) + "' can't be a name: it holds white space");
    if (type == '>' || name == ".") return {};
    if (name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos)
      return bad("'" + ellipsize(name, 60) + "' can't be a name: something is missing beside a dot");
    return {};
  }

  Result<> set_delimiters(std::string_view content, std::size_t start) {
    const auto first = std::ranges::find_if(content, is_space);
    const std::string_view open(content.begin(), first);
    const std::string_view close = trim_space({first, content.end()});
    const auto usable = [](std::string_view delimiter) {
      return !delimiter.empty() && delimiter.size() <= 16 && delimiter.find('=') == std::string_view::npos &&
             std::ranges::none_of(delimiter, is_space);
    };
    if (!usable(open) || !usable(close))
      return fail(ErrorCode::kInvalidArgument,
                  "these delimiters can't be used: '" + ellipsize(content, 60) + "'",
                  describe(place_of(start)), "Write two without white space and '=': {{=<% %>=}}.");
    open_ = open;
    close_ = close;
    return {};
  }

  Result<> open_section(std::string_view name, bool inverted, std::size_t start) {
    if (sections_.size() >= limits_.depth)
      return fail(ErrorCode::kResourceExhausted,
                  "more than " + std::to_string(limits_.depth) + " sections inside each other",
                  describe(place_of(start)));
    note_name(name, true, start);
    Template::Node& node = pieces_.emplace_back().node;
    node.kind = inverted ? Template::Kind::kInverted : Template::Kind::kSection;
    node.path = path_of(name);
    sections_.push_back(
        {std::string(name), node.path.empty() ? std::string() : node.path.front(), inverted, start});
    return {};
  }

  Result<> close_section(std::string_view name, std::size_t start) {
    if (sections_.empty())
      return fail(ErrorCode::kInvalidArgument,
                  "'" + ellipsize(name, 60) + "' is closed here but was not opened",
                  describe(place_of(start)));
    if (sections_.back().name != name)
      return fail(ErrorCode::kInvalidArgument,
                  "'" + ellipsize(name, 60) + "' is closed here, but the section open since " +
                      describe(place_of(sections_.back().offset)) + " is '" + sections_.back().name + "'",
                  describe(place_of(start)), "Close sections in the reverse order of their opening.");
    sections_.pop_back();
    pieces_.emplace_back().close = true;
    return {};
  }

  Result<> add_partial(std::string_view name, bool first_of_line, std::size_t start) {
    if (std::ranges::find(partials_, name) == partials_.end()) partials_.emplace_back(name);
    if (first_of_line) line_partial_ = pieces_.size();
    Template::Node& node = pieces_.emplace_back().node;
    node.kind = Template::Kind::kPartial;
    node.text = name;
    node.alone = first_of_line;
    for (const char c : source_.substr(line_offset_, first_of_line ? start - line_offset_ : 0))
      if (c == ' ' || c == '\t') node.indent += c;
    return {};
  }

  Result<> add_variable(std::string_view name, std::size_t start) {
    note_name(name, false, start);
    line_has_text_ = true;
    Template::Node& node = pieces_.emplace_back().node;
    node.kind = Template::Kind::kVariable;
    node.path = path_of(name);
    return {};
  }

  static std::vector<std::string> path_of(std::string_view name) {
    std::vector<std::string> path;
    if (name == ".") return path;
    for (const std::string_view part : split(name, '.')) path.emplace_back(part);
    return path;
  }

  void note_name(std::string_view name, bool section, std::size_t start) {
    const Place place = place_of(start);
    TemplateName& noted = names_.emplace_back();
    noted.name = name;
    if (name != ".") noted.first = name.substr(0, name.find('.'));
    noted.section = section;
    for (const Open& open : sections_)
      if (!open.inverted) noted.enclosing.push_back(open.first);
    noted.line = place.line;
    noted.column = place.column;
  }

  // Offsets only grow, so that counting lines goes on where it stopped; errors may look back.
  Place place_of(std::size_t offset) const {
    if (offset < counted_) counted_ = 0, counted_place_ = {}, counted_line_ = 0;
    for (; counted_ < offset; ++counted_) {
      if (source_[counted_] != '\n') continue;
      ++counted_place_.line;
      counted_line_ = counted_ + 1;
    }
    counted_place_.column = static_cast<std::uint32_t>(offset - counted_line_ + 1);
    return counted_place_;
  }
  static std::string describe(const Place& place) {
    return std::to_string(place.line) + ":" + std::to_string(place.column);
  }

  // Leaves out what was dropped, joins neighbouring texts, and tells sections where they end.
  Template finish() {
    Template made;
    std::vector<std::uint32_t> open;
    bool may_join = false;
    for (Piece& piece : pieces_) {
      if (piece.dropped) continue;
      if (piece.close) {
        made.nodes_[open.back()].end = static_cast<std::uint32_t>(made.nodes_.size());
        open.pop_back();
        may_join = false;
        continue;
      }
      if (piece.node.kind == Template::Kind::kText && may_join) {
        made.nodes_.back().text += piece.node.text;
        continue;
      }
      if (piece.node.kind == Template::Kind::kSection || piece.node.kind == Template::Kind::kInverted)
        open.push_back(static_cast<std::uint32_t>(made.nodes_.size()));
      may_join = piece.node.kind == Template::Kind::kText;
      made.nodes_.push_back(std::move(piece.node));
    }
    made.names_ = std::move(names_);
    made.partials_ = std::move(partials_);
    return made;
  }

  const std::string_view source_;
  const TemplateLimits& limits_;
  const bool line_starts_;
  std::size_t at_ = 0;
  std::string open_ = "{{";
  std::string close_ = "}}";
  std::size_t tags_ = 0;
  std::vector<Piece> pieces_;
  std::vector<Open> sections_;
  std::vector<TemplateName> names_;
  std::vector<std::string> partials_;
  // The line being read.
  bool in_line_ = false;
  bool line_has_tag_ = false;
  bool line_has_text_ = false;
  std::optional<std::size_t> line_start_;
  std::vector<std::size_t> line_texts_;
  std::optional<std::size_t> line_partial_;  // the first tag, if that is one
  std::size_t line_offset_ = 0;
  mutable std::size_t counted_ = 0;
  mutable std::size_t counted_line_ = 0;
  mutable Place counted_place_;
};

Result<Template> Template::compile(std::string_view source, Use use, const TemplateLimits& limits) {
  return TemplateParser(source, use, limits).parse();
}

}  // namespace slipway::llm
