// SPDX-License-Identifier: Apache-2.0
// Porter's stemmer for English (Porter 1980) with the changes that NLTK's PorterStemmer makes by default, so
// that ROUGE and METEOR say what their reference implementations say: a pool of irregular words; words of one
// or two letters stay; "ies" and "ied" of four-letter words become "ie"; y becomes i after a consonant only;
// "bli", "alli", "fulli" and "logi" as Porter's own later versions have them.
#pragma once

#include <string>
#include <string_view>

namespace slipway::evaluation {

// `word` in lower case. Bytes that are no ASCII letters count as consonants.
std::string porter_stem(std::string_view word);

}  // namespace slipway::evaluation
