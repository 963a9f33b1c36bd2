// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <utility>

namespace slipway {
namespace {

// Leaves yaml-cpp's parser, which knows no other way to stop early. Never escapes this file.
struct Refusal {
  std::string message;
  std::uint32_t line;
  std::uint32_t column;
};

std::uint32_t from_one(int zero_based) {
  return zero_based < 0 ? 1 : static_cast<std::uint32_t>(zero_based) + 1;
}

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& item : node.items) count += count_nodes(item);
  for (const YamlNode::Member& member : node.members) count += count_nodes(member.value);
  return count;
}

std::size_t count_bytes(const YamlNode& node) {
  std::size_t count = node.scalar.size();
  for (const YamlNode& item : node.items) count += count_bytes(item);
  for (const YamlNode::Member& member : node.members) count += member.key.size() + count_bytes(member.value);
  return count;
}

std::size_t depth_of(const YamlNode& node) {
  std::size_t deepest = 0;
  for (const YamlNode& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const YamlNode::Member& member : node.members) deepest = std::max(deepest, depth_of(member.value));
  return deepest + 1;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const YamlLimits& limits) : limits_(limits) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(YamlNode::Kind::kNull, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "an alias (*) that stands inside what it refers to");
    if (stack_.size() + depth_of(found->second) > limits_.depth) refuse(mark, too_deep());
    count(mark, count_nodes(found->second), count_bytes(found->second));
    YamlNode copy = found->second;
    copy.line = from_one(mark.line);
    copy.column = from_one(mark.column);
    place(std::move(copy));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    count(mark, 0, value.size());
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().has_key) {
      Frame& frame = stack_.back();
      if (const YamlNode* earlier = frame.node.find(value))
        refuse(mark,
               "\"" + value + "\" is given twice (first on line " + std::to_string(earlier->line) + ")");
      frame.has_key = true;
      frame.key = {value, from_one(mark.line), from_one(mark.column), {}};
      return;
    }
    YamlNode node = make(YamlNode::Kind::kScalar, mark);
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    node.scalar = value;
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(YamlNode::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(YamlNode::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    YamlNode::Member key;
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string message) {
    throw Refusal{std::move(message), from_one(mark.line), from_one(mark.column)};
  }

  [[nodiscard]] std::string too_deep() const {
    return "nested more than " + std::to_string(limits_.depth) + " levels deep";
  }

  YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark) {
    count(mark, 1, 0);
    YamlNode node;
    node.kind = kind;
    node.line = from_one(mark.line);
    node.column = from_one(mark.column);
    return node;
  }

  void count(const YAML::Mark& mark, std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > limits_.nodes)
      refuse(mark, "more than " + std::to_string(limits_.nodes) + " values, aliases expanded");
    if (bytes_ > limits_.size_bytes)
      refuse(mark, "more than " + std::to_string(limits_.size_bytes) + " bytes of text, aliases expanded");
  }

  void start(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (stack_.size() >= limits_.depth) refuse(mark, too_deep());
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().has_key)
      refuse(mark, "a key must be plain text, not a list or a map");
    stack_.push_back({make(kind, mark), anchor, false, {}});
  }

  void end() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    place(std::move(node));
  }

  void place(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    if (!frame.has_key) throw Refusal{"a key must be plain text and not empty", node.line, node.column};
    frame.key.value = std::move(node);
    frame.node.members.push_back(std::move(frame.key));
    frame.has_key = false;
  }

  const YamlLimits& limits_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
};

std::string position(std::string_view source, std::uint32_t line, std::uint32_t column) {
  return std::string(source) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

std::string_view YamlNode::kind_name() const {
  switch (kind) {
    case Kind::kNull: return "empty";
    case Kind::kScalar: return "a single value";
    case Kind::kList: return "a list";
    case Kind::kMap: return "a map";
  }
  return "unknown";
}

Result<YamlNode> parse_yaml(std::string_view text, std::string_view source, const YamlLimits& limits) {
  if (text.size() > limits.size_bytes)
    return fail(ErrorCode::kResourceExhausted,
                "the file has " + std::to_string(text.size()) + " bytes, at most " +
                    std::to_string(limits.size_bytes) + " are read",
                std::string(source));
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument, "not a text file: byte " + std::to_string(zero) + " is zero",
                std::string(source));
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(limits);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    YamlNode root = builder.take();
    TreeBuilder rest(limits);
    if (parser.HandleNextDocument(rest))
      return fail(ErrorCode::kInvalidArgument, "only one YAML document (no ---) is allowed",
                  std::string(source));
    return root;
  } catch (const Refusal& refusal) {
    return fail(ErrorCode::kInvalidArgument, refusal.message, position(source, refusal.line, refusal.column));
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalidArgument, "not valid YAML: " + error.msg,
                position(source, from_one(error.mark.line), from_one(error.mark.column)),
                "indent with spaces, and quote text that holds any of : # { } [ ] * &");
  }
}

}  // namespace slipway
