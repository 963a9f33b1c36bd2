// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <vector>

#include "base/crypto.h"
#include "base/text.h"
#include "store/engine.h"

namespace slipway::store {

namespace {

// libpq's messages have several lines, indented with tabs.
std::string one_line(std::string_view message) {
  std::string out;
  for (const std::string_view line : split(message, '\n')) {
    const std::string_view words = trim(line);
    if (words.empty()) continue;
    if (!out.empty()) out += ' ';
    out += words;
  }
  return out;
}

// Nobody knows whether the database heard the COMMIT.
class CommitBroken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace

Error describe_database_error(const std::exception& exception) {
  if (dynamic_cast<const CommitBroken*>(&exception) != nullptr)
    return {ErrorCode::kUnavailable,
            std::string("the connection to the database broke while the change was being stored: it is "
                        "stored as a whole or not at all (") +
                one_line(exception.what()) + ")",
            {},
            "Look whether it is there before you repeat it."};
  Error error{ErrorCode::kInternal, exception.what(), "database", {}};
  if (!describe_sqlite_error(exception, error)) describe_postgresql_error(exception, error);
  error.message = one_line(error.message);
  return error;
}

struct Database::State {
  std::unique_ptr<Engine> engine;
  std::mutex mutex;
  std::condition_variable freed;
  std::vector<std::unique_ptr<soci::session>> sessions;
  std::vector<soci::session*> idle;
  std::set<soci::session*> broken;  // to be opened anew before their next use
  std::mutex write_mutex;  // one writer at a time in this process: nobody spins on the database's lock

  soci::session* borrow() {
    std::unique_lock lock(mutex);
    freed.wait(lock, [this] { return !idle.empty(); });
    soci::session* session = idle.back();
    idle.pop_back();
    return session;
  }
  void give_back(soci::session* session, bool usable) {
    {
      const std::lock_guard lock(mutex);
      idle.push_back(session);
      if (!usable) broken.insert(session);
    }
    freed.notify_one();
  }
  bool take_broken(soci::session* session) {
    const std::lock_guard lock(mutex);
    return broken.erase(session) != 0;
  }
  void reopen(soci::session& session) const {
    session.close();
    engine->open(session);
  }
  void begin(soci::session& session, Mode mode) const {
    if (mode == Mode::kRead)
      engine->begin_read(session);
    else
      engine->begin_write(session);
  }
  // Begins a transaction; a session whose connection was lost since its last use is opened anew, once.
  void begin_anew(soci::session& session, Mode mode) {
    if (take_broken(&session)) reopen(session);
    try {
      begin(session, mode);
    } catch (const soci::soci_error& failure) {
      if (!engine->lost_connection(failure)) throw;
      reopen(session);
      begin(session, mode);
    }
  }
};

Database::Lease::Lease(State& state, Mode mode) : state_(state), mode_(mode) {
  if (mode_ != Mode::kRead) state_.write_mutex.lock();
  session_ = state_.borrow();
  try {
    state_.begin_anew(*session_, mode_);
    open_ = true;
  } catch (...) {
    state_.give_back(session_, state_.engine->backend() == Backend::kSqlite);
    if (mode_ != Mode::kRead) state_.write_mutex.unlock();
    throw;
  }
}

Database::Lease::~Lease() {
  bool usable = true;
  if (open_) {
    try {
      *session_ << "ROLLBACK";
    } catch (const soci::soci_error&) {
      // SQLite rolls back by itself on a full disk or an I/O error; then there is nothing left to roll back.
      // A connection to PostgreSQL that can't even do this is gone.
      usable = state_.engine->backend() == Backend::kSqlite;
    }
  }
  state_.give_back(session_, usable);
  if (mode_ != Mode::kRead) state_.write_mutex.unlock();
}

void Database::Lease::commit() {
  // Either statement fails where an earlier one did and `work` overlooked it: PostgreSQL would take the
  // COMMIT of such a transaction and roll it back without an error.
  if (mode_ == Mode::kWrite) {
    std::uint64_t stamp = 0;
    random_bytes(&stamp, sizeof(stamp));
    *session_ << "UPDATE store_changes SET counter = " + std::to_string(stamp >> 1);
  } else {
    *session_ << "SELECT 1";
  }
  try {
    *session_ << "COMMIT";
  } catch (const soci::soci_error& failure) {
    if (!state_.engine->lost_connection(failure)) throw;
    throw CommitBroken(failure.what());
  }
  open_ = false;
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

Backend Database::backend() const { return state_->engine->backend(); }

Result<> Database::prepare() {
  return write_quietly([](soci::session& sql) -> Result<> {
    sql << "CREATE TABLE IF NOT EXISTS store_changes (counter BIGINT NOT NULL)";
    sql << "INSERT INTO store_changes (counter) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM store_changes)";
    return {};
  });
}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  if (options.sessions == 0)
    return fail(ErrorCode::kInvalidArgument, "a database needs at least one session");
  const bool embedded = options.url.empty();
  std::error_code failure;
  if (embedded && options.file.has_parent_path())
    std::filesystem::create_directories(options.file.parent_path(), failure);
  if (failure) {
    return fail(ErrorCode::kIo, "cannot create the data directory: " + failure.message(),
                options.file.parent_path().string());
  }
  auto state = std::make_unique<State>();
  state->engine = embedded ? sqlite_engine(options) : postgresql_engine(options);
  try {
    for (std::uint32_t i = 0; i < options.sessions; ++i) {
      auto session = std::make_unique<soci::session>();
      state->engine->open(*session);
      state->idle.push_back(session.get());
      state->sessions.push_back(std::move(session));
    }
  } catch (const std::exception& exception) {
    Error error = describe_database_error(exception);
    error.where = embedded ? options.file.string() : "store.url";
    return fail(std::move(error));
  }
  std::unique_ptr<Database> database(new Database(std::move(state)));
  SLIPWAY_TRY(database->prepare());
  return database;
}

Result<std::int64_t> Database::changes() {
  return read([](soci::session& sql) -> Result<std::int64_t> {
    long long counter = 0;
    sql << "SELECT counter FROM store_changes", soci::into(counter);
    return counter;
  });
}

}  // namespace slipway::store
