// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

namespace slipway {

namespace {

constexpr std::size_t kFieldLimitBytes = 2048;

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "info";
}

void append_value(std::string& line, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    append_json_string(line, ellipsize(*text, kFieldLimitBytes));
  } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(line), "{}", *integer);
  } else if (const auto* number = std::get_if<double>(&field.value)) {
    fmt::format_to(std::back_inserter(line), "{:.6g}", *number);
  } else {
    line += std::get<bool>(field.value) ? "true" : "false";
  }
}

}  // namespace

struct Logger::Sink {
  spdlog::logger logger;
};

Logger Logger::to_stderr(LogLevel level) {
  Logger log;
  log.sink_ = std::make_shared<Sink>(
      Sink{spdlog::logger("slipway", std::make_shared<spdlog::sinks::stderr_sink_mt>())});
  log.sink_->logger.set_pattern("%v");
  log.sink_->logger.set_level(level_of(level));
  log.sink_->logger.flush_on(spdlog::level::debug);
  return log;
}

bool Logger::enabled(LogLevel level) const {
  return sink_ != nullptr && sink_->logger.should_log(level_of(level));
}

void Logger::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
  if (!enabled(level)) return;
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","event":)", format_time_us(unix_now_us()), name_of(level));
  append_json_string(line, event);
  for (const LogField& field : fields) {
    line += ',';
    append_json_string(line, field.name);
    line += ':';
    append_value(line, field);
  }
  line += '}';
  sink_->logger.log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
}

void Logger::debug(std::string_view event, std::initializer_list<LogField> fields) const {
  write(LogLevel::kDebug, event, fields);
}
void Logger::info(std::string_view event, std::initializer_list<LogField> fields) const {
  write(LogLevel::kInfo, event, fields);
}
void Logger::warning(std::string_view event, std::initializer_list<LogField> fields) const {
  write(LogLevel::kWarning, event, fields);
}
void Logger::error(std::string_view event, std::initializer_list<LogField> fields) const {
  write(LogLevel::kError, event, fields);
}

}  // namespace slipway
