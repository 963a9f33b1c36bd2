# SPDX-License-Identifier: Apache-2.0
"""Expected values of src/evaluation/metrics, from sacrebleu, rouge-score, NLTK, jsonschema and Python itself."""

import collections
import logging
import random
import re
import string
import unicodedata

import jsonschema
import nltk.translate.meteor_score as meteor
from nltk.stem.porter import PorterStemmer
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from expected_schemas import SCHEMAS

logging.getLogger("sacrebleu").setLevel(logging.ERROR)  # it advises against what is asked of it here

ROOTS = """agree relate condition value digit conform radical differ vile analog vietnam predict operate feudal decide
hope callous form sensitive triplic electric good revive allow infer airline gyroscope adjust defend irritate replace
depend adopt homolog commun activate angular effect bowdler probe rate cease control roll happy sky toy fly try say
enjoy play syzygy hop tan fall hiss fizz fail file bleed feed sing plaster motor conflat troubl size tie die lie spy
geo theo archaeo philo full skillful news inning proceed generous nation logic able hous argue""".split()
ENDINGS = """s es ed ing ings er ers ly ally ation ational ations ness fulness fulli ful ful ism ist ize izing ization ity
ities ive iveness ous ousli ement ments ment ent ence ance able ibly bli alli logi ied ies ying eed y e ion tion sses
ll lled""".split()
WORDS = """the a an The cat cats sat sitting on mat mats. Running, runner runs quickly; "quick" (brown) fox foxes jumped
over lazy dogs' dog's don't it's 3.14 1,000 10-20 state-of-the-art e.g. U.S. café Café naïve Straße STRASSE 東京 は
首都 です мир Мир λόγος ΛΟΓΟΣ I İstanbul ﬁne 🙂 👩‍👩‍👧 a&b &amp; &lt;tag&gt; x=y 50% $5 ... -- - .5 5. _under_
national nationally relational flies dying happiness happily généralement ñandú ١٢٣ ½""".split()


def text(source):
    kind = source.random()
    if kind < 0.03:
        return ""
    if kind < 0.05:
        return source.choice([" ", "\n", "\u3000\t", ".", "!?", "-\n"])
    length = source.choice([1, 2, 3, 5, 8, 13, 30])
    return source.choice(["", "", " "]) + source.choice([" ", " ", "  ", "\u00a0", "\n"]).join(
        source.choice(WORDS) for _ in range(length)) + source.choice(["", ".", " ", "\n"])


def changed(source, original):
    words = original.split(" ")
    for _ in range(source.randrange(1, 5)):
        at = source.randrange(len(words) + 1)
        kind = source.random()
        if kind < 0.4 and at < len(words):
            words[at] = source.choice(WORDS)
        elif kind < 0.6 and at < len(words):
            del words[at]
        elif kind < 0.8:
            words.insert(at, source.choice(WORDS))
        elif at + 1 < len(words):
            words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def pairs(source, count):
    for _ in range(count):
        expected = text(source)
        kind = source.random()
        answer = expected if kind < 0.08 else changed(source, expected) if kind < 0.8 else text(source)
        yield answer, expected


def squad_normalized(s):
    s = "".join(c for c in s.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", s).split())


def squad(answer, expected):
    ours, theirs = squad_normalized(answer).split(), squad_normalized(expected).split()
    if not ours or not theirs:
        return float(ours == theirs)
    common = sum((collections.Counter(ours) & collections.Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


class NoWordnet:
    """NLTK's third stage finds no synonyms in it."""

    @staticmethod
    def synsets(_word):
        return []


def overlap(source):
    bleu = {"exp": BLEU(effective_order=True), "none": BLEU(smooth_method="none"),
            "floor": BLEU(smooth_method="floor"), "add-k": BLEU(smooth_method="add-k", effective_order=True),
            "lower": BLEU(effective_order=True, lowercase=True)}
    plain, stemmed = (rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=s) for s in (False, True))
    tokens = Tokenizer13a()
    for answer, expected in pairs(source, 320):
        case = {"answer": answer, "expected": expected, "squad": squad(answer, expected),
                "normalized": squad_normalized(answer), "tokens": tokens(answer),
                "bleu": {name: metric.sentence_score(answer, [expected]).score / 100 for name, metric in bleu.items()},
                "chrf": [CHRF(word_order=n).sentence_score(answer, [expected]).score / 100 for n in (0, 2)]}
        for name, scorer in (("rouge", plain), ("stemmed", stemmed)):
            scores = scorer.score(expected, answer)
            case[name] = [v for key in ("rouge1", "rouge2", "rougeL")
                          for v in (scores[key].precision, scores[key].recall, scores[key].fmeasure)]
        # Python lowers a final sigma in its own way: such words say nothing about METEOR.
        case["meteor"] = None if "Σ" in answer + expected else meteor.single_meteor_score(
            tokens(expected).split(), tokens(answer).split(), wordnet=NoWordnet)
        if "Σ" in answer + expected:
            del case["normalized"]
        yield case


def several(source):
    for _ in range(40):
        references = [text(source) for _ in range(3)]
        answer = changed(source, references[0])
        yield {"answer": answer, "expected": references,
               "bleu": BLEU(effective_order=True).sentence_score(answer, references).score / 100,
               "chrf": CHRF(word_order=2).sentence_score(answer, references).score / 100}


def corpus(source):
    for size in (1, 5, 60):
        both = list(pairs(source, size))
        answers, expected = [a for a, _ in both], [e for _, e in both]
        yield {"answers": answers, "expected": expected, "bleu": BLEU().corpus_score(answers, [expected]).score / 100}


def stems(_source):
    stemmer = PorterStemmer()
    words = sorted({root[:cut] + ending for root in ROOTS for ending in ["", *ENDINGS] for cut in (len(root), -1)})
    words += ["é", "né", "élégance", "ééd", "wanted", "y", "yes", "sayyyed", "東京s", "naïvely"]
    random.Random(1).shuffle(words)
    words = words[:1500]
    for begin in range(0, len(words), 100):
        part = words[begin:begin + 100]
        yield {"words": part, "stems": [stemmer.stem(word) for word in part]}


def characters(source):
    for answer, expected in pairs(source, 120):
        yield {"answer": answer, "expected": expected, "pieces": answer.split(), "points": len(answer),
               "distance": distance(answer, expected),
               "folded": unicodedata.normalize("NFC", answer.casefold()),
               "composed": unicodedata.normalize("NFC", answer)}
    long = "".join(source.choice("abcd") for _ in range(300))
    other = "".join(source.choice("abcd") for _ in range(257))
    yield {"answer": long, "expected": other, "pieces": [long], "points": 300, "distance": distance(long, other),
           "folded": long, "composed": long}


def schemas(_source):
    for schema, values in SCHEMAS:
        jsonschema.Draft202012Validator.check_schema(schema)
        checker = jsonschema.Draft202012Validator(schema)
        yield {"schema": schema, "values": values, "valid": [checker.is_valid(value) for value in values]}


def make():
    parts = (overlap, several, corpus, stems, characters, schemas)
    return {part.__name__: list(part(random.Random(20_261_125 + i))) for i, part in enumerate(parts)}
