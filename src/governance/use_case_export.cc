// SPDX-License-Identifier: Apache-2.0
#include "governance/use_case_export.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::governance {

namespace {

constexpr std::string_view kCsvHeader =
    "slug,name,state,tier,owner,purpose,users_affected,data_classes,risk_reasons,required_reviews,reviews,"
    "reviews_open,approved_until,conditions,mitigations,known_limits,kpis,thresholds,cost_tags,links,created_"
    "at,"
    "updated_at,version,retire_reason\r\n";

json::value time_or_null(std::int64_t us) {
  return us == 0 ? json::value(nullptr) : json::value(format_time_us(us));
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object review_json(const Review& review) {
  return {{"discipline", review.discipline},
          {"state", to_string(review.state)},
          {"reviewer", text_or_null(review.reviewer)},
          {"comment", review.comment},
          {"conditions", json::value_from(review.conditions)},
          {"decided_at", time_or_null(review.decided_us)},
          {"expires_at", time_or_null(review.expires_us)}};
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += between;
    out += text;
  }
  return out;
}

std::string date(std::int64_t us) { return us == 0 ? std::string() : format_time_us(us).substr(0, 10); }

// "approved with conditions by ada until 2027-01-31"
std::string review_words(const Review& review) {
  std::string words(to_string(review.state));
  std::ranges::replace(words, '_', ' ');
  if (!review.reviewer.empty()) words += " by " + review.reviewer;
  const bool holds =
      review.state == ReviewState::kApproved || review.state == ReviewState::kApprovedWithConditions;
  if (holds) words += " until " + date(review.expires_us);
  if (review.state == ReviewState::kExpired) words += " on " + date(review.expires_us);
  return words;
}

std::string kpi_words(const Kpi& kpi) {
  return fmt::format("{} {} {}{}{}", kpi.name, kpi.direction == "at_most" ? "at most" : "at least",
                     kpi.target, kpi.unit.empty() ? "" : " ", kpi.unit);
}

std::string threshold_words(const Threshold& threshold) {
  return fmt::format("{} {} {}", threshold.metric, threshold.op, threshold.value);
}

template <class T>
std::vector<std::string> words_of(const std::vector<T>& items, std::string (*words)(const T&)) {
  std::vector<std::string> out;
  for (const T& item : items) out.push_back(words(item));
  return out;
}

std::vector<std::string> tags_of(const UseCase& use_case) {
  std::vector<std::string> tags;
  for (const auto& [key, value] : use_case.cost_tags) tags.push_back(fmt::format("{}={}", key, value));
  return tags;
}

std::vector<std::string> conditions_of(const UseCase& use_case) {
  std::vector<std::string> conditions;
  for (const Review& review : use_case.reviews)
    if (review.state == ReviewState::kApprovedWithConditions)
      for (const std::string& condition : review.conditions)
        conditions.push_back(fmt::format("{}: {}", review.discipline, condition));
  return conditions;
}

// ---- CSV

void append_cell(std::string& out, std::string_view text) {
  if (!out.empty() && out.back() != '\n') out += ',';
  // A spreadsheet takes a cell that begins with one of these for a formula.
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  out += '"';
  if (formula) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_csv(std::string& out, const UseCase& use_case) {
  std::vector<std::string> reviews;
  for (const Review& review : use_case.reviews)
    reviews.push_back(fmt::format("{}: {}", review.discipline, review_words(review)));
  std::vector<std::string> links;
  for (const Link& link : use_case.links) links.push_back(fmt::format("{} <{}>", link.title, link.url));
  for (const std::string& cell : {use_case.slug,
                                  use_case.name,
                                  std::string(to_string(use_case.state)),
                                  use_case.tier,
                                  use_case.owner,
                                  use_case.purpose,
                                  use_case.users_affected,
                                  joined(use_case.data_classes, "; "),
                                  joined(use_case.risk_reasons, " "),
                                  joined(use_case.required_reviews, "; "),
                                  joined(reviews, "; "),
                                  std::to_string(use_case.reviews_open),
                                  date(use_case.approved_until_us),
                                  joined(conditions_of(use_case), "; "),
                                  use_case.mitigations,
                                  use_case.known_limits,
                                  joined(words_of(use_case.kpis, kpi_words), "; "),
                                  joined(words_of(use_case.thresholds, threshold_words), "; "),
                                  joined(tags_of(use_case), "; "),
                                  joined(links, "; "),
                                  format_time_us(use_case.created_us),
                                  format_time_us(use_case.updated_us),
                                  std::to_string(use_case.version),
                                  use_case.retire_reason})
    append_cell(out, cell);
  out += "\r\n";
}

// ---- Markdown

// People write these texts: nothing in them may become a heading, a table's bar, a link or HTML.
std::string plain(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (c == '\r') continue;
    if (c == '\n') {
      out += ' ';
      line_begins = true;
      continue;
    }
    const std::string_view special = line_begins ? "\\`*_[]<>|#+-" : "\\`*_[]<>|";
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
    line_begins = false;
  }
  return out;
}

void append_paragraph(std::string& out, std::string_view title, std::string_view text) {
  if (!text.empty()) out += fmt::format("**{}:** {}\n\n", title, plain(text));
}

void append_bullets(std::string& out, std::string_view title, const std::vector<std::string>& items) {
  if (items.empty()) return;
  out += fmt::format("**{}:**\n\n", title);
  for (const std::string& item : items) out += fmt::format("- {}\n", plain(item));
  out += '\n';
}

void append_section(std::string& out, const UseCase& use_case, const Questionnaire& questionnaire) {
  const RiskTier* tier = questionnaire.tier(use_case.tier);
  out += fmt::format("## {} (`{}`)\n\n", plain(use_case.name), use_case.slug);
  std::string state(to_string(use_case.state));
  std::ranges::replace(state, '_', ' ');
  append_paragraph(out, "State",
                   use_case.approved_until_us == 0
                       ? state
                       : fmt::format("{} until {}", state, date(use_case.approved_until_us)));
  append_paragraph(out, "Retired because", use_case.retire_reason);
  append_paragraph(out, "Owner", use_case.owner);
  append_paragraph(out, "Purpose", use_case.purpose);
  append_paragraph(out, "People affected", use_case.users_affected);
  append_paragraph(out, "Data", joined(use_case.data_classes, ", "));
  append_paragraph(out, "Risk tier", tier == nullptr ? std::string("not assessed yet") : tier->label);
  append_bullets(out, "Why", use_case.risk_reasons);
  if (!use_case.reviews.empty()) {
    out += "| Review | State | Comment |\n|---|---|---|\n";
    for (const Review& review : use_case.reviews)
      out += fmt::format("| {} | {} | {} |\n", review.discipline, plain(review_words(review)),
                         plain(review.comment));
    out += '\n';
  }
  append_bullets(out, "Conditions", conditions_of(use_case));
  append_paragraph(out, "Mitigations", use_case.mitigations);
  append_paragraph(out, "Known limits", use_case.known_limits);
  append_bullets(out, "Business goals", words_of(use_case.kpis, kpi_words));
  append_bullets(out, "Quality agreed", words_of(use_case.thresholds, threshold_words));
  append_bullets(out, "Cost tags", tags_of(use_case));
  std::vector<std::string> links;
  for (const Link& link : use_case.links) links.push_back(fmt::format("{}: {}", link.title, link.url));
  append_bullets(out, "Links", links);
}

std::string markdown(const std::vector<UseCase>& use_cases, const Questionnaire& questionnaire,
                     std::int64_t now_us) {
  std::string out = fmt::format(
      "# Use cases of generative AI\n\n{} use cases as of {}, assessed with the "
      "questionnaire `{}`.\n\n",
      use_cases.size(), format_time_us(now_us), questionnaire.version());
  out +=
      "| Use case | State | Risk tier | Owner | Open reviews | Approved until "
      "|\n|---|---|---|---|---:|---|\n";
  for (const UseCase& use_case : use_cases)
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", use_case.slug, plain(to_string(use_case.state)),
                       plain(use_case.tier), plain(use_case.owner), use_case.reviews_open,
                       date(use_case.approved_until_us));
  out += '\n';
  for (const UseCase& use_case : use_cases) append_section(out, use_case, questionnaire);
  return out;
}

}  // namespace

json::object use_case_summary(const UseCase& use_case) {
  json::object tags;
  for (const auto& [key, value] : use_case.cost_tags) tags[key] = value;
  return {{"slug", use_case.slug},
          {"name", use_case.name},
          {"owner", use_case.owner},
          {"created_at", format_time_us(use_case.created_us)},
          {"updated_at", format_time_us(use_case.updated_us)},
          {"state", to_string(use_case.state)},
          {"purpose", use_case.purpose},
          {"tier", text_or_null(use_case.tier)},
          {"reviews_open", use_case.reviews_open},
          {"approved_until", time_or_null(use_case.approved_until_us)},
          {"cost_tags", std::move(tags)}};
}

json::object use_case_detail(const UseCase& use_case) {
  json::object detail = use_case_summary(use_case);
  for (auto& [key, value] : content_json(use_case)) detail[key] = value;
  detail["version"] = use_case.version;
  detail["risk_reasons"] = json::value_from(use_case.risk_reasons);
  detail["required_reviews"] = json::value_from(use_case.required_reviews);
  json::array reviews;
  for (const Review& review : use_case.reviews) reviews.emplace_back(review_json(review));
  detail["reviews"] = std::move(reviews);
  detail["submitted_at"] = time_or_null(use_case.submitted_us);
  detail["submitted_by"] = text_or_null(use_case.submitted_by);
  detail["retire_reason"] = text_or_null(use_case.retire_reason);
  return detail;
}

std::string export_registry(const std::vector<UseCase>& use_cases, const Questionnaire& questionnaire,
                            RegistryFormat format, std::int64_t now_us) {
  if (format == RegistryFormat::kMarkdown) return markdown(use_cases, questionnaire, now_us);
  if (format == RegistryFormat::kCsv) {
    std::string out(kCsvHeader);
    for (const UseCase& use_case : use_cases) append_csv(out, use_case);
    return out;
  }
  json::array items;
  for (const UseCase& use_case : use_cases) items.emplace_back(use_case_detail(use_case));
  return json::serialize(json::object{{"exported_at", format_time_us(now_us)},
                                      {"questionnaire", questionnaire.to_json()},
                                      {"use_cases", std::move(items)}});
}

}  // namespace slipway::governance
