// SPDX-License-Identifier: Apache-2.0
#include "cli/project_git.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"

// The process's environment, declared by POSIX nowhere else.
extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace slipway::cli {
namespace {

constexpr std::size_t kAnswerLimit = 64u << 20;
// A file's past beyond that is too long ago to have been the base of today's.
constexpr std::string_view kCommits = "200";

class Pipe {
 public:
  Pipe() { open_ = ::pipe2(ends_.data(), O_CLOEXEC) == 0; }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(std::size_t which) {
    if (open_ && ends_.at(which) >= 0) ::close(std::exchange(ends_.at(which), -1));
  }
  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] int end(std::size_t which) const { return ends_.at(which); }

 private:
  std::array<int, 2> ends_ = {-1, -1};
  bool open_ = false;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty()) lines.emplace_back(line);
  return lines;
}

// All that comes until the end.
Result<std::string> read_all(int file) {
  std::string out;
  std::array<char, 65'536> piece{};
  for (;;) {
    const ssize_t count = ::read(file, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorCode::kIo, "git's answer can't be read");
    if (count == 0) return out;
    out.append(piece.data(), static_cast<std::size_t>(count));
    if (out.size() > kAnswerLimit) return fail(ErrorCode::kResourceExhausted, "git's answer is too long");
  }
}

}  // namespace

Result<std::string> GitHistory::git(std::vector<std::string> arguments) const {
  // Nothing that a repository's settings could make git run.
  std::vector<std::string> words = {
      "git", "--no-pager", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-C", directory_};
  words.insert(words.end(), std::make_move_iterator(arguments.begin()),
               std::make_move_iterator(arguments.end()));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Pipe pipe;
  if (!pipe.is_open()) return fail(ErrorCode::kIo, "no pipe could be made");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe.end(1), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int spawned = ::posix_spawnp(&child, "git", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return fail(ErrorCode::kNotFound, "there is no git here");
  pipe.close_end(1);
  auto answer = read_all(pipe.end(0));
  pipe.close_end(0);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (answer && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
    return fail(ErrorCode::kNotFound, "git knows nothing of that");
  return answer;
}

std::vector<std::string> GitHistory::commits(const std::string& file) const {
  const auto answer = git({"log", "-n", std::string(kCommits), "--format=%H", "--", "./" + file});
  return answer ? lines_of(*answer) : std::vector<std::string>();
}

Result<std::string> GitHistory::content(const std::string& commit, const std::string& file) const {
  return git({"cat-file", "blob", commit + ":./" + file});
}

std::set<std::string> GitHistory::known_files() const {
  std::set<std::string> files;
  for (const auto& answer :
       {git({"ls-tree", "-r", "--name-only", "HEAD", "./"}),
        git({"log", "--diff-filter=D", "--no-renames", "--name-only", "--format=", "--relative", "--", "."})})
    if (answer)
      for (std::string& line : lines_of(*answer)) files.insert(std::move(line));
  return files;
}

bool GitHistory::shallow() const {
  const auto answer = git({"rev-parse", "--is-shallow-repository"});
  return answer && trim(*answer) == "true";
}

}  // namespace slipway::cli
