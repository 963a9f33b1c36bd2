// SPDX-License-Identifier: Apache-2.0
// Rendering. mustache_parse.cc takes templates apart.
#include "llm/mustache.h"

#include <charconv>
#include <cmath>

#include "llm/json_writer.h"

namespace slipway::llm {

namespace {

bool is_false(const json::value* value) {
  if (value == nullptr) return true;
  switch (value->kind()) {
    case json::kind::null: return true;
    case json::kind::bool_: return !value->get_bool();
    case json::kind::int64: return value->get_int64() == 0;
    case json::kind::uint64: return value->get_uint64() == 0;
    case json::kind::double_: return value->get_double() == 0 || std::isnan(value->get_double());
    case json::kind::string: return value->get_string().empty();
    case json::kind::array: return value->get_array().empty();
    case json::kind::object: return false;
  }
  return true;
}

class Renderer {
 public:
  Renderer(const Template::Partials& partials, const RenderLimits& limits, std::string& out)
      : partials_(partials), limits_(limits), out_(out), out_limit_(out.size() + limits.output_bytes) {}

  Result<> run(const Template& program, const json::object& view) {
    view_ = &view;
    return nodes(program.nodes(), 0, program.nodes().size(), 0);
  }

 private:
  Result<> nodes(const std::vector<Template::Node>& all, std::size_t at, std::size_t end, std::size_t depth) {
    if (depth > limits_.depth)
      return fail(ErrorCode::kResourceExhausted,
                  "the template opens more than " + std::to_string(limits_.depth) +
                      " sections and partials inside each other",
                  {}, "A partial that includes itself has to end somewhere.");
    while (at < end) {
      if (++steps_ > limits_.steps)
        return fail(ErrorCode::kResourceExhausted,
                    "rendering takes more than " + std::to_string(limits_.steps) + " steps", {},
                    "Shorten the lists, or nest fewer sections.");
      const Template::Node& node = all[at++];
      switch (node.kind) {
        case Template::Kind::kText: out_ += node.text; break;
        case Template::Kind::kLineStart: out_ += indent_; break;
        case Template::Kind::kVariable: insert(look_up(node.path)); break;
        case Template::Kind::kSection:
          SLIPWAY_TRY(section(all, at, node, depth));
          at = node.end;
          break;
        case Template::Kind::kInverted:
          if (is_false(look_up(node.path))) SLIPWAY_TRY(nodes(all, at, node.end, depth + 1));
          at = node.end;
          break;
        case Template::Kind::kPartial: SLIPWAY_TRY(partial(node, depth)); break;
      }
      if (out_.size() > out_limit_)
        return fail(ErrorCode::kResourceExhausted,
                    "the text is longer than " + std::to_string(limits_.output_bytes) + " bytes", {},
                    "Shorten the variables.");
    }
    return {};
  }

  Result<> section(const std::vector<Template::Node>& all, std::size_t first, const Template::Node& node,
                   std::size_t depth) {
    const json::value* value = look_up(node.path);
    if (is_false(value)) return {};
    if (!value->is_array()) return inside(all, first, node.end, depth, *value);
    for (const json::value& item : value->get_array()) {
      ++steps_;
      SLIPWAY_TRY(inside(all, first, node.end, depth, item));
    }
    return {};
  }

  Result<> inside(const std::vector<Template::Node>& all, std::size_t first, std::size_t end,
                  std::size_t depth, const json::value& context) {
    contexts_.push_back(&context);
    Result<> done = nodes(all, first, end, depth + 1);
    contexts_.pop_back();
    return done;
  }

  Result<> partial(const Template::Node& node, std::size_t depth) {
    const auto found = partials_.find(node.text);
    if (found == partials_.end()) return {};
    // What stands in a line of text is not indented, whatever is around.
    std::string indent = node.alone ? indent_ + node.indent : std::string();
    std::swap(indent, indent_);
    const auto& all = found->second.nodes();
    Result<> done = nodes(all, 0, all.size(), depth + 1);
    std::swap(indent, indent_);
    return done;
  }

  // The first name is searched from the innermost context outwards, the others only inside of what was found.
  const json::value* look_up(const std::vector<std::string>& path) const {
    if (path.empty()) return contexts_.empty() ? nullptr : contexts_.back();
    const json::value* found = nullptr;
    for (std::size_t i = contexts_.size(); i > 0 && found == nullptr; --i)
      if (contexts_[i - 1]->is_object()) found = contexts_[i - 1]->get_object().if_contains(path.front());
    if (found == nullptr) found = view_->if_contains(path.front());
    for (std::size_t i = 1; i < path.size() && found != nullptr; ++i)
      found = found->is_object() ? found->get_object().if_contains(path[i]) : nullptr;
    return found;
  }

  void insert(const json::value* value) {
    if (value == nullptr) return;
    switch (value->kind()) {
      case json::kind::null: break;
      case json::kind::bool_: out_ += value->get_bool() ? "true" : "false"; break;
      case json::kind::int64: out_ += std::to_string(value->get_int64()); break;
      case json::kind::uint64: out_ += std::to_string(value->get_uint64()); break;
      case json::kind::double_: out_ += number_text(value->get_double()); break;
      case json::kind::string: out_.append(value->get_string().data(), value->get_string().size()); break;
      // The specification knows only texts here; for a model JSON says the most.
      case json::kind::array:
      case json::kind::object: JsonWriter(out_).value(*value); break;
    }
  }

  const Template::Partials& partials_;
  const RenderLimits& limits_;
  std::string& out_;
  const std::size_t out_limit_;
  const json::object* view_ = nullptr;
  std::vector<const json::value*> contexts_;
  std::string indent_;  // of the partials being rendered
  std::size_t steps_ = 0;
};

}  // namespace

Result<> Template::render(const json::object& view, const Partials& partials, const RenderLimits& limits,
                          std::string& out) const {
  return Renderer(partials, limits, out).run(*this, view);
}

Template Template::of_text(std::string text) {
  Template made;
  if (!text.empty()) made.nodes_.emplace_back().text = std::move(text);
  return made;
}

const std::string* Template::constant() const {
  static const std::string kEmpty;
  if (nodes_.empty()) return &kEmpty;
  return nodes_.size() == 1 && nodes_.front().kind == Kind::kText ? &nodes_.front().text : nullptr;
}

std::string number_text(double number) {
  if (!std::isfinite(number)) return std::isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return "0";
  char buffer[40];
  const auto written = std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(written.ptr - buffer));
  const bool negative = text.front() == '-';
  const std::size_t e = text.find('e');
  std::string digits;
  for (const char c : text.substr(0, e))
    if (c >= '0' && c <= '9') digits += c;
  int exponent = 0;
  std::string_view power = text.substr(e + 1);
  if (power.front() == '+') power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before the decimal point
  std::string out = negative ? "-" : "";
  if (point > 21 || point < -5) {
    out += digits.front();
    if (count > 1) out.append(".").append(digits, 1);
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(exponent));
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (count <= point) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0');
  } else {
    out.append(digits, 0, static_cast<std::size_t>(point)).append(".");
    out.append(digits, static_cast<std::size_t>(point));
  }
  return out;
}

}  // namespace slipway::llm
