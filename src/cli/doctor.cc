// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/settings.h"
#include "base/text.h"
#include "cli/api_client.h"

namespace slipway::cli {
namespace {

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool ok() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::string error_text() { return std::strerror(errno); }

// The folder itself or, before the first start, the nearest one above that exists.
std::string existing_part(const std::string& folder) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(folder, error);
  while (!path.empty() && !std::filesystem::exists(path, error) && path.has_parent_path() &&
         path != path.parent_path())
    path = path.parent_path();
  return path.string();
}

std::string host_of(const std::string& url) {
  const std::size_t start = url.find("://");
  if (start == std::string::npos) return url;
  std::string rest = url.substr(start + 3);
  rest = rest.substr(0, rest.find('/'));
  if (rest.starts_with('[')) return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find(':'));
}

std::string resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, [](addrinfo* p) {
    if (p != nullptr) ::freeaddrinfo(p);
  });
  return code == 0 ? "" : ::gai_strerror(code);
}

}  // namespace

Finding check_data_dir(const std::string& data_dir) {
  Finding finding{"data directory", Health::kOk, data_dir, ""};
  struct stat info{};
  if (::stat(data_dir.c_str(), &info) != 0) {
    const std::string parent = existing_part(data_dir);
    if (::access(parent.c_str(), W_OK | X_OK) == 0) {
      finding.detail += " will be made at the first start";
    } else {
      finding = {"data directory", Health::kFailed,
                 data_dir + " does not exist and can't be made in " + parent,
                 fmt::format("sudo install -d -o {} -m 0700 {}, or set data_dir", ::geteuid(), data_dir)};
    }
    return finding;
  }
  if (!S_ISDIR(info.st_mode))
    return {"data directory", Health::kFailed, data_dir + " is not a directory",
            "move it away, or set data_dir"};
  if (::access(data_dir.c_str(), R_OK | W_OK | X_OK) != 0)
    return {"data directory", Health::kFailed, data_dir + " can't be written by this account",
            "sudo chown -R $(id -u) " + data_dir + ", or run as the account that owns it"};
  if ((info.st_mode & 0077) != 0)
    return {"data directory", Health::kWarning,
            fmt::format("{} is open to other accounts (mode {:04o}): it holds keys, prompts and answers",
                        data_dir, info.st_mode & 07777),
            "chmod 700 " + data_dir};
  const std::string token = data_dir + "/" + std::string(kAdminTokenFile);
  if (::stat(token.c_str(), &info) == 0 && (info.st_mode & 0077) != 0)
    return {"data directory", Health::kFailed, token + " is readable by other accounts",
            "chmod 600 " + token};
  return finding;
}

Finding check_disk_space(const std::string& data_dir, std::uint64_t reserve_bytes) {
  struct statvfs info{};
  const std::string folder = existing_part(data_dir);
  if (::statvfs(folder.c_str(), &info) != 0)
    return {"disk space", Health::kWarning, folder + ": " + error_text(), "check the file system"};
  const std::uint64_t free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  const std::string detail = fmt::format("{:.1f} GiB free", static_cast<double>(free) / (1u << 30));
  if (free < reserve_bytes)
    return {"disk space", Health::kFailed, detail + ", less than telemetry.disk_reserve",
            "make room, or move data_dir to a larger disk"};
  if (free < reserve_bytes + (1ull << 30))
    return {"disk space", Health::kWarning, detail,
            "make room, shorten the retention, or move data_dir to a larger disk"};
  if (info.f_files > 0 && info.f_favail < 1'000)
    return {"disk space", Health::kFailed, "the file system has hardly any inodes left",
            "delete small files"};
  return {"disk space", Health::kOk, detail, ""};
}

Finding check_disk_speed(const std::string& data_dir) {
  const std::string path = existing_part(data_dir) + "/.slipway-doctor-" + std::to_string(::getpid());
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.ok())
    return {"disk writes", Health::kFailed, path + ": " + error_text(),
            "check who may write there and that the file system is not read-only"};
  ::unlink(path.c_str());
  const std::string block(128u << 10, 'x');
  std::vector<std::int64_t> times;
  for (int i = 0; i < 8; ++i) {
    const std::int64_t before = mono_now_ns();
    if (::write(file.get(), block.data(), block.size()) != static_cast<ssize_t>(block.size()) ||
        ::fdatasync(file.get()) != 0)
      return {"disk writes", Health::kFailed, error_text(),
              "the disk does not take writes: is it full or failing?"};
    times.push_back((mono_now_ns() - before) / 1'000);
  }
  std::sort(times.begin(), times.end());
  const std::int64_t median_us = times[times.size() / 2];
  const std::string detail =
      fmt::format("write and flush of 128 KiB takes {:.1f} ms", static_cast<double>(median_us) / 1000);
  if (median_us > 100'000)
    return {"disk writes", Health::kWarning, detail,
            "records would reach the disk later than 100 ms after a call: use a faster disk, not a network "
            "share"};
  return {"disk writes", Health::kOk, detail, ""};
}

Finding check_clock() {
  // 2025-01-01; a machine that starts with a dead battery wakes up long before.
  if (unix_now_us() < 1'735'689'600'000'000)
    return {"clock", Health::kFailed, "it says " + format_time_us(unix_now_us()),
            "set it: sudo timedatectl set-ntp true"};
  struct timex info{};
  const int state = ::adjtimex(&info);
  const std::string detail = format_time_us(unix_now_us());
  if (state == TIME_ERROR || (info.status & STA_UNSYNC) != 0)
    return {"clock", Health::kWarning, detail + ", kept by no time service (containers take their host's)",
            "sudo timedatectl set-ntp true; expiry of keys and certificates depends on it"};
  return {"clock", Health::kOk, detail, ""};
}

Finding check_open_files(std::uint64_t connections) {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return {"open files", Health::kWarning, error_text(), "check ulimit -n"};
  // Two for each call: the client's connection and the provider's.
  const std::uint64_t wanted = std::min<std::uint64_t>(2 * connections + 64, 20'000);
  const std::string detail = fmt::format("{} allowed (at most {})", limit.rlim_cur, limit.rlim_max);
  if (limit.rlim_max < 1'024)
    return {"open files", Health::kFailed, detail,
            "raise it: ulimit -n 65536, or LimitNOFILE=65536 in the unit"};
  if (limit.rlim_max < wanted)
    return {"open files", Health::kWarning,
            detail + fmt::format(", server.limits.connections asks for {}", wanted),
            "raise it: ulimit -n 65536, or LimitNOFILE=65536 in the unit"};
  return {"open files", Health::kOk, detail, ""};
}

Finding check_port(const ServerConfig& server) {
  const std::string where = server.address + ":" + std::to_string(server.port);
  if (server.port == 0) return {"port", Health::kOk, "any free one", ""};
  const bool six = server.address.find(':') != std::string::npos;
  sockaddr_in6 address6{};
  sockaddr_in address4{};
  address6.sin6_family = AF_INET6;
  address6.sin6_port = htons(server.port);
  address4.sin_family = AF_INET;
  address4.sin_port = htons(server.port);
  const std::string host = server.address == "localhost" ? "127.0.0.1" : server.address;
  if (::inet_pton(six ? AF_INET6 : AF_INET, host.c_str(),
                  six ? static_cast<void*>(&address6.sin6_addr) : static_cast<void*>(&address4.sin_addr)) !=
      1)
    return {"port", Health::kFailed, server.address + " is no IP address",
            "set server.address, for instance 127.0.0.1 or 0.0.0.0"};
  const File socket(::socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.ok())
    return {"port", Health::kFailed, error_text(), "check that this machine has the address family"};
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const int bound =
      six ? ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address6), sizeof(address6))
          : ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address4), sizeof(address4));
  if (bound == 0) return {"port", Health::kOk, where + " is free", ""};
  if (errno == EACCES)
    return {"port", Health::kFailed, where + " needs a privilege",
            "take a port above 1023, or give AmbientCapabilities=CAP_NET_BIND_SERVICE"};
  if (errno == EADDRNOTAVAIL)
    return {"port", Health::kFailed, server.address + " is no address of this machine",
            "set server.address to one of: ip -brief address"};
  std::string reach = host == "0.0.0.0" ? "127.0.0.1"
                      : host == "::"    ? "[::1]"
                      : six             ? "[" + host + "]"
                                        : host;
  const bool tls = !server.tls.certificate_file.empty();
  const auto answer =
      fetch("GET", (tls ? "https://" : "http://") + reach + ":" + std::to_string(server.port) + "/healthz",
            {}, {}, {}, false, 2'000);
  if (answer && answer->status == 200)
    return {"port", Health::kOk, where + " is in use by a server that answers /healthz", ""};
  return {"port", Health::kFailed, where + " is in use by another program",
          "see which: ss -ltnp 'sport = :" + std::to_string(server.port) + "'; or set server.port"};
}

Finding check_connection(const ConnectionConfig& connection) {
  const std::string name = "connection " + connection.name;
  if (connection.dialect == Dialect::kSimulated)
    return {name, Health::kOk, "built in, answers are made up", ""};
  std::string url = connection.base_url;
  if (url.empty())
    url = connection.dialect == Dialect::kAnthropic ? "https://api.anthropic.com/v1"
                                                    : "https://api.openai.com/v1";
  while (url.ends_with('/')) url.pop_back();
  const std::string host = host_of(url);
  if (const std::string complaint = resolve(host); !complaint.empty())
    return {name, Health::kFailed, "the name " + host + " can't be resolved: " + complaint,
            "check base_url, /etc/resolv.conf and the proxy rules of your network"};
  std::vector<std::pair<std::string, std::string>> headers;
  if (connection.dialect == Dialect::kAnthropic) {
    headers = {{"x-api-key", connection.api_key}, {"anthropic-version", "2023-06-01"}};
    // The public endpoint is given without a version by many.
    if (!url.ends_with("/v1")) url += "/v1";
  } else if (!connection.api_key.empty()) {
    headers = {{"authorization", "Bearer " + connection.api_key}};
  }
  const auto answer =
      fetch("GET", url + "/models", headers, {}, connection.ca_file, connection.verify, 10'000);
  if (!answer)
    return {name, Health::kFailed, answer.error().describe(),
            url.starts_with("https") ? "check base_url, firewall and, for a certificate of your own, ca_file"
                                     : "is the server running, and is base_url right?"};
  switch (answer->status) {
    case 200: return {name, Health::kOk, url + " answers, the credentials are good", ""};
    case 401:
    case 403:
      return {name, Health::kFailed,
              url + " refuses the credentials (" + std::to_string(answer->status) + ")",
              "check connections." + connection.name + ".api_key"};
    case 404:
      return {name, Health::kWarning, url + " answers, but has no list of models (404)",
              "if calls fail, too, check base_url: it usually ends in /v1"};
    default:
      return {name, Health::kWarning, url + " answers " + std::to_string(answer->status),
              "try again later; if it stays, check base_url"};
  }
}

void examine(const LoadedConfig& loaded, const std::function<void(const Finding&)>& on_finding) {
  if (!loaded.report.ok()) {
    for (const Error& problem : loaded.report.problems)
      on_finding({"settings", Health::kFailed,
                  (problem.where.empty() ? "" : problem.where + ": ") + problem.message, problem.hint});
  } else {
    on_finding({"settings", Health::kOk, "sound", ""});
  }
  for (const std::string& warning : loaded.report.warnings)
    on_finding({"settings", Health::kWarning, warning, "unset it, or correct its name"});
  const Config& config = loaded.config;
  on_finding(check_data_dir(config.data_dir));
  on_finding(check_disk_space(config.data_dir, config.telemetry.disk_reserve_bytes));
  on_finding(check_disk_speed(config.data_dir));
  on_finding(check_clock());
  on_finding(check_open_files(config.server.limits.connections));
  on_finding(check_port(config.server));
  for (const ConnectionConfig& connection : config.connections) on_finding(check_connection(connection));
}

}  // namespace slipway::cli
