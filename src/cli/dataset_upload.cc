// SPDX-License-Identifier: Apache-2.0
// A file of cases on its way to the server: in pieces, so that neither side holds it as a whole.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <thread>

#include "base/text.h"
#include "cli/dataset_commands.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kPieceBytes = 2u << 20;  // within any sensible limit of a server
constexpr auto kFirstPoll = std::chrono::milliseconds(50);
constexpr auto kSlowestPoll = std::chrono::milliseconds(1'000);

// One line on a terminal that is written over; nothing elsewhere.
class Progress {
 public:
  Progress(const Context& context, bool shown) : err_(context.surroundings.err), shown_(shown) {}
  void say(const std::string& text) {
    if (!shown_) return;
    err_ << "\r\x1b[K" << text << std::flush;
    said_ = true;
  }
  ~Progress() {
    if (said_) err_ << "\r\x1b[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  std::ostream& err_;
  bool shown_;
  bool said_ = false;
};

std::string megabytes(std::uint64_t bytes) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / 1e6 << " MB";
  return out.str();
}

Result<std::string> start_upload(const ApiClient& api, const std::string& owner, const std::string& path) {
  const std::string name = path == "-" ? std::string() : std::filesystem::path(path).filename().string();
  SLIPWAY_ASSIGN(const json::value upload,
                 api.post("/api/v1/dataset-uploads/" + url_encode(owner), json::object{{"file_name", name}}));
  if (!upload.is_object()) return fail(ErrorCode::kInternal, "the server's answer is no upload");
  return "/api/v1/dataset-uploads/" + url_encode(owner) + "/" + url_encode(text_of(upload.as_object(), "id"));
}

Result<> send_pieces(const ApiClient& api, std::istream& in, const std::string& upload, std::uint64_t total,
                     Progress& progress) {
  std::string piece;
  std::uint64_t sent = 0;
  while (true) {
    piece.resize(kPieceBytes);
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad()) return fail(ErrorCode::kIo, "the file can't be read");
    if (piece.empty()) break;
    const std::string path = upload + "?offset=" + std::to_string(sent);
    auto answer = api.put_bytes(path, piece);
    // A piece that was cut off is sent again: the server knows what it has.
    if (!answer && answer.error().code == ErrorCode::kUnavailable) answer = api.put_bytes(path, piece);
    if (!answer) return fail(answer.error());
    sent += piece.size();
    progress.say("Sending " + megabytes(sent) + (total == 0 ? "" : " of " + megabytes(total)));
  }
  if (sent == 0) return fail(ErrorCode::kInvalidArgument, "the file is empty");
  return {};
}

Error problems_error(const json::object& upload) {
  Error error{ErrorCode::kInvalidArgument, {}, {}, {}};
  const json::value* problems = upload.if_contains("problems");
  if (problems == nullptr || !problems->is_array()) return error;
  std::size_t told = 0;
  for (const json::value& item : problems->as_array()) {
    if (!item.is_object()) continue;
    const json::object& one = item.as_object();
    const std::string where = text_of(one, "where");
    const std::string hint = text_of(one, "hint");
    error.message +=
        (told++ == 0 ? "" : "\n  ") + (where.empty() ? "" : where + ": ") + text_of(one, "message");
    if (!hint.empty()) error.hint = hint;
  }
  if (told != 1) error.hint.clear();
  const json::value* count = upload.if_contains("problem_count");
  if (count != nullptr && count->is_int64() && count->as_int64() > static_cast<std::int64_t>(told))
    error.message +=
        "\n  and " + std::to_string(count->as_int64() - static_cast<std::int64_t>(told)) + " more";
  return error;
}

Result<json::object> wait_for(const ApiClient& api, const std::string& upload, Progress& progress) {
  auto pause = kFirstPoll;
  while (true) {
    SLIPWAY_ASSIGN(const json::value answer, api.get(upload));
    if (!answer.is_object()) return fail(ErrorCode::kInternal, "the server's answer is no upload");
    const json::object& state = answer.as_object();
    const std::string word = text_of(state, "state");
    if (word == "failed") return fail(problems_error(state));
    if (word == "done") return state.at("result").as_object();
    const json::value* cases = state.if_contains("cases");
    progress.say("Importing" + (cases == nullptr ? std::string() : " " + json::serialize(*cases) + " cases"));
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kSlowestPoll);
  }
}

// Sends the file and does with it what `then` does, which is given the upload's path.
Result<json::object> send_file(
    const Context& context, const ApiClient& api, const std::string& owner, const std::string& path,
    const std::function<Result<json::object>(const std::string&, Progress&)>& then) {
  std::ifstream file;
  std::uint64_t total = 0;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return fail(ErrorCode::kNotFound, "the file can't be read", path);
    std::error_code error;
    total = std::filesystem::file_size(path, error);
    if (error) total = 0;
  }
  Progress progress(context, context.surroundings.color && !context.json);
  SLIPWAY_ASSIGN(const std::string upload, start_upload(api, owner, path));
  Result<json::object> result;
  const Result<> sent =
      send_pieces(api, path == "-" ? context.surroundings.in : file, upload, total, progress);
  result = sent ? then(upload, progress) : Result<json::object>(fail(sent.error()));
  if (result) return result;
  // What failed is not left behind for a day. That it can't be removed would hide what failed first.
  static_cast<void>(api.remove(upload));
  Error error = result.error();
  if (error.where.empty() && error.code == ErrorCode::kInvalidArgument && path != "-") error.where = path;
  return fail(std::move(error));
}

}  // namespace

Result<DatasetName> parse_dataset_name(const std::string& text) {
  const auto parts = split(text, '/');
  if (parts.size() == 2) return DatasetName{std::string(parts[0]), std::string(parts[1])};
  if (parts.size() == 3 && parts[1] == "dataset")
    return DatasetName{std::string(parts[0]), std::string(parts[2])};
  return fail(ErrorCode::kInvalidArgument, "\"" + printable(text) + "\" names no dataset", "",
              "write OWNER/NAME, for instance support-assistant/golden");
}

Result<json::object> upload_cases(const Context& context, const ApiClient& api, const std::string& owner,
                                  const std::string& path, json::object wanted) {
  return send_file(context, api, owner, path,
                   [&](const std::string& upload, Progress& progress) -> Result<json::object> {
                     SLIPWAY_TRY(api.post(upload + "/import", wanted));
                     return wait_for(api, upload, progress);
                   });
}

Result<std::string> upload_file(const Context& context, const ApiClient& api, const std::string& owner,
                                const std::string& path) {
  SLIPWAY_ASSIGN(
      const json::object done,
      send_file(context, api, owner, path, [](const std::string& upload, Progress&) -> Result<json::object> {
        return json::object{{"id", upload.substr(upload.rfind('/') + 1)}};
      }));
  return text_of(done, "id");
}

void add_reading_options(Command command, ReadingOptions& options) {
  command
      ->add_option("--format", options.format,
                   "jsonl, openai, bedrock, promptfoo, csv or tsv; default: found out")
      ->type_name("FORMAT");
  command
      ->add_option("--column", options.columns,
                   "What a column of a table becomes, as notes=metadata.notes; repeat for more")
      ->type_name("COLUMN=FIELD")
      ->one_each();
}

Result<std::map<std::string, std::string>> columns_of(const ReadingOptions& options) {
  std::map<std::string, std::string> columns;
  for (const std::string& pair : options.columns) {
    const std::size_t equals = pair.rfind('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorCode::kInvalidArgument, "\"" + printable(pair) + "\" is not COLUMN=FIELD", "--column");
    columns[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return columns;
}

}  // namespace slipway::cli
