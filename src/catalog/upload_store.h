// SPDX-License-Identifier: Apache-2.0
// Files on their way in: sent in pieces, so that neither side holds one as a whole, and so that a cut
// connection costs one piece. Kept in the database, so that any node can go on. Blocks. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "catalog/case_reader.h"
#include "store/database.h"

namespace slipway::catalog {

// "open": takes pieces. "importing", then "done" or "failed" with its outcome; a failed one can be imported
// anew.
struct Upload {
  std::string id;
  std::string owner;  // of the dataset to be
  std::string author_id;
  std::string file_name;
  std::int64_t bytes = 0;
  std::string state;
  std::int64_t cases = 0;  // read so far
  json::object outcome;    // as the API shows it
  std::int64_t touched_us = 0;
};

struct UploadPiece {
  std::uint64_t first_byte = 0;
  std::string text;
};

class UploadStore {
 public:
  UploadStore(store::Database& database, std::uint64_t limit_bytes)
      : database_(database), limit_bytes_(limit_bytes) {}

  Result<Upload> create(std::string owner, std::string author_id, std::string file_name);
  // kNotFound also for another owner's.
  Result<Upload> find(std::string_view owner, std::string_view id);
  // The piece that begins at `first_byte`, which is where the last one ended. A piece that is there already
  // is taken as sent again. kConflict says where to go on.
  Result<Upload> append(std::string_view owner, std::string_view id, std::int64_t first_byte,
                        std::string_view piece);
  // "open" or "failed" → "importing"; kConflict if it is being imported or done. One whose import died with
  // its node may be imported again.
  Result<Upload> begin_import(std::string_view owner, std::string_view id);
  Result<> note_progress(std::string_view id, std::int64_t cases);
  Result<> end_import(std::string_view id, bool done, std::int64_t cases, const json::object& outcome);
  // The pieces one after the other.
  ByteSource source(std::string id);
  // The piece that holds this byte; kNotFound where there is none (any more).
  Result<UploadPiece> piece(const std::string& id, std::uint64_t byte);
  // Of the whole file: "sha256:…".
  Result<std::string> digest(std::string_view owner, const std::string& id);
  Result<> remove(std::string_view owner, std::string_view id);
  // Uploads that nobody touched since; returns how many.
  Result<std::int64_t> collect(std::int64_t older_than_us);

 private:
  store::Database& database_;
  std::uint64_t limit_bytes_;
};

}  // namespace slipway::catalog
