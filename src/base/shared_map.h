// SPDX-License-Identifier: Apache-2.0
// A hash map whose copies share what they have in common: copying costs one reference, and changing one entry
// of many thousands copies the few that share its shard. For tables that many read and that change one entry
// at a time, such as what a snapshot holds. A map is immutable; SharedMap::Edit makes the next one.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace slipway {

template <class Key, class T, class Hash = std::hash<Key>>
class SharedMap {
 public:
  // Finds by whatever the hash takes, if it is transparent. Null if there is none; valid while this map or a
  // copy of it lives.
  template <class Lookup>
  [[nodiscard]] const T* find(const Lookup& key) const {
    if (size_ == 0) return nullptr;
    const auto& shard = (*shards_)[place(key)];
    if (shard == nullptr) return nullptr;
    const auto found = shard->find(key);
    return found == shard->end() ? nullptr : &found->second;
  }
  template <class Lookup>
  [[nodiscard]] bool contains(const Lookup& key) const {
    return find(key) != nullptr;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // `visit(key, value)` for each entry, in no order.
  template <class Visit>
  void for_each(Visit visit) const {
    if (size_ == 0) return;
    for (const auto& shard : *shards_)
      if (shard != nullptr)
        for (const auto& [key, value] : *shard) visit(key, value);
  }

  class Edit;

 private:
  static constexpr std::size_t kShards = 256;
  using Shard = std::unordered_map<Key, T, Hash, std::equal_to<>>;
  using Shards = std::array<std::shared_ptr<const Shard>, kShards>;

  template <class Lookup>
  static std::size_t place(const Lookup& key) {
    // The shard's own table goes by the low bits.
    return (Hash{}(key) >> 24) % kShards;
  }

  std::shared_ptr<const Shards> shards_;  // null: nothing was ever put in
  std::size_t size_ = 0;
};

// Changes on top of a map, which stays as it is. One thread.
template <class Key, class T, class Hash>
class SharedMap<Key, T, Hash>::Edit {
 public:
  explicit Edit(const SharedMap& from) : size_(from.size_) {
    if (from.shards_ != nullptr) shards_ = *from.shards_;
  }

  void put(Key key, T value) {
    Shard& shard = own(place(key));
    const bool added = shard.insert_or_assign(std::move(key), std::move(value)).second;
    size_ += added ? 1 : 0;
  }

  template <class Lookup>
  void erase(const Lookup& key) {
    const std::size_t at = place(key);
    if (shards_[at] == nullptr || !shards_[at]->contains(key)) return;
    Shard& shard = own(at);
    shard.erase(shard.find(key));
    --size_;
  }

  // The map with the changes so far; the edit is over.
  [[nodiscard]] SharedMap done() && {
    SharedMap made;
    made.shards_ = std::make_shared<const Shards>(std::move(shards_));
    made.size_ = size_;
    return made;
  }

 private:
  Shard& own(std::size_t at) {
    if (owned_[at] == nullptr) {
      owned_[at] = shards_[at] == nullptr ? std::make_shared<Shard>() : std::make_shared<Shard>(*shards_[at]);
      shards_[at] = owned_[at];
    }
    return *owned_[at];
  }

  Shards shards_;
  std::array<std::shared_ptr<Shard>, kShards> owned_;  // those of shards_ that are copies already
  std::size_t size_;
};

}  // namespace slipway
