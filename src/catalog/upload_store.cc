// SPDX-License-Identifier: Apache-2.0
#include "catalog/upload_store.h"

#include <fmt/format.h>

#include <memory>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "catalog/case_rows.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kNameBytes = 300;
constexpr std::size_t kLargestPiece = 1u << 30;
// An import notes its progress far more often; one that does not has died with its node.
constexpr std::int64_t kStaleUs = 120'000'000;

std::optional<Upload> load(soci::session& sql, const std::string& id) {
  Upload upload;
  long long bytes = 0;
  long long cases = 0;
  long long touched = 0;
  std::string outcome;
  sql << "SELECT owner, author_id, file_name, bytes, state, cases, outcome, touched_us FROM catalog_uploads "
         "WHERE id = :id",
      soci::use(id), soci::into(upload.owner), soci::into(upload.author_id), soci::into(upload.file_name),
      soci::into(bytes), soci::into(upload.state), soci::into(cases), soci::into(outcome),
      soci::into(touched);
  if (!sql.got_data()) return std::nullopt;
  upload.id = id;
  upload.bytes = bytes;
  upload.cases = cases;
  upload.touched_us = touched;
  if (auto parsed = parse_json(outcome); parsed && parsed->is_object())
    upload.outcome = std::move(parsed->get_object());
  return upload;
}

Result<Upload> require_upload(soci::session& sql, std::string_view owner, std::string_view id) {
  auto upload = load(sql, std::string(id));
  if (!upload || upload->owner != owner)
    return fail(ErrorCode::kNotFound, "there is no such upload", "id",
                "It is gone a day after it was last used; begin a new one.");
  return std::move(*upload);
}

void store_state(soci::session& sql, const std::string& id, const std::string& state, std::int64_t cases,
                 const json::object& outcome) {
  const long long count = cases;
  const long long now = unix_now_us();
  const std::string text = json::serialize(outcome);
  sql << "UPDATE catalog_uploads SET state = :state, cases = :cases, outcome = :outcome, touched_us = :now "
         "WHERE id = :id",
      soci::use(state), soci::use(count), soci::use(text), soci::use(now), soci::use(id);
}

void remove_upload(soci::session& sql, const std::string& id) {
  sql << "DELETE FROM catalog_upload_pieces WHERE upload = :id", soci::use(id);
  sql << "DELETE FROM catalog_uploads WHERE id = :id", soci::use(id);
}

}  // namespace

Result<Upload> UploadStore::create(std::string owner, std::string author_id, std::string file_name) {
  Upload upload;
  upload.id = random_token(kIdBytes);
  upload.owner = std::move(owner);
  upload.author_id = std::move(author_id);
  upload.file_name = ellipsize(to_valid_utf8(file_name), kNameBytes);
  upload.state = "open";
  upload.touched_us = unix_now_us();
  const long long now = upload.touched_us;
  return database_.write_quietly([&](soci::session& sql) -> Result<Upload> {
    sql << "INSERT INTO catalog_uploads (id, owner, author_id, file_name, bytes, state, cases, outcome, "
           "touched_us) VALUES (:id, :owner, :author, :name, 0, 'open', 0, '{}', :now)",
        soci::use(upload.id), soci::use(upload.owner), soci::use(upload.author_id),
        soci::use(upload.file_name), soci::use(now);
    return upload;
  });
}

Result<Upload> UploadStore::find(std::string_view owner, std::string_view id) {
  return database_.read([&](soci::session& sql) { return require_upload(sql, owner, id); });
}

Result<Upload> UploadStore::append(std::string_view owner, std::string_view id, std::int64_t first_byte,
                                   std::string_view piece) {
  if (piece.empty())
    return fail(ErrorCode::kInvalidArgument, "the piece is empty", "body",
                "Send the next bytes of the file.");
  SLIPWAY_ASSIGN(const std::string body, pack(piece));
  return database_.write_quietly([&](soci::session& sql) -> Result<Upload> {
    SLIPWAY_ASSIGN(Upload upload, require_upload(sql, owner, id));
    if (upload.state != "open")
      return fail(ErrorCode::kConflict, fmt::format("the upload is {}", upload.state), "id",
                  "Begin a new one for another file.");
    const auto size = static_cast<std::int64_t>(piece.size());
    if (first_byte >= 0 && first_byte + size <= upload.bytes) return upload;  // sent again
    if (first_byte != upload.bytes)
      return fail(ErrorCode::kConflict, fmt::format("the upload has {} bytes", upload.bytes), "offset",
                  fmt::format("Go on at offset {}.", upload.bytes));
    if (static_cast<std::uint64_t>(upload.bytes + size) > limit_bytes_)
      return fail(ErrorCode::kResourceExhausted, fmt::format("the file has more than {} bytes", limit_bytes_),
                  "body", "Split it, or raise the setting datasets.upload_size.");
    const long long begin = first_byte;
    const long long bytes = size;
    const long long now = unix_now_us();
    sql << "INSERT INTO catalog_upload_pieces (upload, first_byte, bytes, body) "
           "VALUES (:upload, :first, :bytes, :body)",
        soci::use(upload.id), soci::use(begin), soci::use(bytes), soci::use(body);
    upload.bytes += size;
    const long long total = upload.bytes;
    sql << "UPDATE catalog_uploads SET bytes = :bytes, touched_us = :now WHERE id = :id", soci::use(total),
        soci::use(now), soci::use(upload.id);
    return upload;
  });
}

Result<Upload> UploadStore::begin_import(std::string_view owner, std::string_view id) {
  return database_.write_quietly([&](soci::session& sql) -> Result<Upload> {
    SLIPWAY_ASSIGN(Upload upload, require_upload(sql, owner, id));
    const bool dead = upload.state == "importing" && upload.touched_us + kStaleUs < unix_now_us();
    if (upload.state == "done" || (upload.state == "importing" && !dead))
      return fail(ErrorCode::kConflict,
                  upload.state == "done" ? "the upload was imported already" : "the upload is being imported",
                  "id");
    if (upload.bytes == 0)
      return fail(ErrorCode::kInvalidArgument, "the upload is empty", "id", "Send the file's bytes first.");
    upload.state = "importing";
    upload.cases = 0;
    upload.outcome = {};
    store_state(sql, upload.id, upload.state, 0, {});
    return upload;
  });
}

Result<> UploadStore::note_progress(std::string_view id, std::int64_t cases) {
  const std::string wanted(id);
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    store_state(sql, wanted, "importing", cases, {});
    return {};
  });
}

Result<> UploadStore::end_import(std::string_view id, bool done, std::int64_t cases,
                                 const json::object& outcome) {
  const std::string wanted(id);
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    store_state(sql, wanted, done ? "done" : "failed", cases, outcome);
    // The pieces have done their duty; the outcome stays for those who ask.
    if (done) sql << "DELETE FROM catalog_upload_pieces WHERE upload = :id", soci::use(wanted);
    return {};
  });
}

ByteSource UploadStore::source(std::string id) {
  struct State {
    std::string id;
    long long at = 0;
    std::string piece;
  };
  auto state = std::make_shared<State>();
  state->id = std::move(id);
  return [this, state]() -> Result<std::string_view> {
    std::string body;
    long long bytes = 0;
    const Result<> read = database_.read([&](soci::session& sql) -> Result<> {
      sql << "SELECT bytes, body FROM catalog_upload_pieces WHERE upload = :id AND first_byte = :at",
          soci::use(state->id), soci::use(state->at), soci::into(bytes), soci::into(body);
      if (!sql.got_data()) bytes = 0;
      return {};
    });
    if (!read) return fail(read.error());
    if (bytes == 0) return std::string_view();
    SLIPWAY_ASSIGN(state->piece, unpack(body, kLargestPiece));
    state->at += bytes;
    return std::string_view(state->piece);
  };
}

Result<UploadPiece> UploadStore::piece(const std::string& id, std::uint64_t byte) {
  const auto at = static_cast<long long>(byte);
  long long first = 0;
  std::string body;
  SLIPWAY_TRY(database_.read([&](soci::session& sql) -> Result<> {
    sql << "SELECT first_byte, body FROM catalog_upload_pieces WHERE upload = :id AND first_byte <= :at "
           "ORDER BY first_byte DESC LIMIT 1",
        soci::use(id), soci::use(at), soci::into(first), soci::into(body);
    if (!sql.got_data()) return fail(ErrorCode::kNotFound, "there is no such upload any more", "upload");
    return {};
  }));
  UploadPiece out;
  out.first_byte = static_cast<std::uint64_t>(first);
  SLIPWAY_ASSIGN(out.text, unpack(body, kLargestPiece));
  return out;
}

Result<std::string> UploadStore::digest(std::string_view owner, const std::string& id) {
  SLIPWAY_ASSIGN(const Upload upload, find(owner, id));
  if (upload.bytes == 0) return fail(ErrorCode::kInvalidArgument, "the upload is empty", "upload");
  Sha256Stream hash;
  const ByteSource bytes = source(id);
  for (;;) {
    SLIPWAY_ASSIGN(const std::string_view piece, bytes());
    if (piece.empty()) break;
    hash.add(piece);
  }
  return "sha256:" + hex(hash.finish());
}

Result<> UploadStore::remove(std::string_view owner, std::string_view id) {
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(const Upload upload, require_upload(sql, owner, id));
    remove_upload(sql, upload.id);
    return {};
  });
}

Result<std::int64_t> UploadStore::collect(std::int64_t older_than_us) {
  const long long before = older_than_us;
  return database_.write_quietly([&](soci::session& sql) -> Result<std::int64_t> {
    std::vector<std::string> old;
    std::string id;
    soci::statement statement = (sql.prepare << "SELECT id FROM catalog_uploads WHERE touched_us < :before",
                                 soci::use(before), soci::into(id));
    statement.execute();
    while (statement.fetch()) old.push_back(id);
    for (const std::string& one : old) remove_upload(sql, one);
    return static_cast<std::int64_t>(old.size());
  });
}

}  // namespace slipway::catalog
