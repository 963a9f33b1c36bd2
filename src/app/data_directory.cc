// SPDX-License-Identifier: Apache-2.0
#include "app/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace slipway::app {

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return fail(ErrorCode::kIo, fmt::format("the data directory can't be made: {}", error.message()), path,
                "Choose another one with the setting data_dir.");
  ::chmod(path.c_str(), 0700);
  const std::string lock = path + "/lock";
  const int file = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return fail(ErrorCode::kIo, fmt::format("the data directory can't be written: {}", std::strerror(errno)),
                path, "Check who owns it, or choose another one with the setting data_dir.");
  std::unique_ptr<DataDirectory> directory(new DataDirectory(file));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::kConflict, "another Slipway uses this data directory", path,
                "Stop it first, or choose another directory with the setting data_dir.");
  return directory;
}

DataDirectory::~DataDirectory() { ::close(lock_file_); }

}  // namespace slipway::app
