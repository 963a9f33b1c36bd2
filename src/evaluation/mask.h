// SPDX-License-Identifier: Apache-2.0
// Takes personal data out of texts before they become cases. What is found by form (addresses, numbers with a
// check digit) is replaced by what it was: "[EMAIL]". A help, not a proof: people look at the preview.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::evaluation {

struct MaskOptions {
  bool email = true;
  bool phone = true;
  bool card = true;  // by Luhn's check digit
  bool iban = true;  // by its check digits
  bool ip = true;
  // Members of objects whose values go as a whole, by name, without regard to case.
  std::vector<std::string> keys = {"password",      "passwd", "secret",      "token", "api_key", "apikey",
                                   "authorization", "ssn",    "credit_card", "iban",  "phone",   "email"};
  std::vector<std::pair<std::string, std::string>> patterns = {};  // name → RE2; replaced by "[NAME]"
};

class Masker {
 public:
  // kInvalidArgument for a pattern that RE2 does not take or that finds the empty text.
  static Result<std::unique_ptr<Masker>> make(const MaskOptions& options);
  ~Masker();
  Masker(const Masker&) = delete;
  Masker& operator=(const Masker&) = delete;

  // All texts inside. Not thread-safe: it counts.
  void mask(json::value& value);
  std::string mask_text(std::string_view text);
  // What was replaced, by name ("email", "key", …).
  [[nodiscard]] const std::map<std::string, std::int64_t>& counts() const { return counts_; }

 private:
  struct Detector;
  Masker();
  void add(std::string name, const std::string& pattern, bool (*accept)(std::string_view));
  [[nodiscard]] bool is_key(std::string_view name) const;
  std::vector<std::unique_ptr<Detector>> detectors_;
  std::vector<std::string> keys_;
  std::map<std::string, std::int64_t> counts_;
};

// Whether the digits (spaces and hyphens between them don't count) end in Luhn's check digit.
bool passes_luhn(std::string_view number);
// ISO 13616: the number's check digits are right.
bool passes_iban(std::string_view number);

}  // namespace slipway::evaluation
