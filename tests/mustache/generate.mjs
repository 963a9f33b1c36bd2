// SPDX-License-Identifier: Apache-2.0
// Prints one JSON line a case: {template, partials, view, expected} as npm's mustache renders it with escaping
// off, or {…, expected: null} where it refuses. Same seed, same cases.
//
// Left out is what the specification does not say or the package does otherwise: values that are lists or
// objects, a dotted name whose first part is found in two contexts, `.` inside of a section over `true`, partials
// indented although they share their line.
import mustache from "mustache";

const [seed, count, harmed] = process.argv.slice(2).map(Number);

// mulberry32
let state = seed >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const chance = (p) => random() < p;
const repeat = (n, make) => Array.from({ length: n }, make);

const words = ["Hello", "dear", "{x}", "}", "{", "a & b", "<b>", "\"q\"", "ünï", "漢字", "🚢", "{ y }", "=", "#1", "/", "!", ">",
  "don't", "%", "|", "$1", "\\n", "[ok]"];
const hostile = ["{{a}}", "{{#t}}x{{/t}}", "{{{z}}}", "{{! c }}", "{{=<% %>=}}", "<script>", "&amp;", "}}", "{{", "", " ",
  "a\nb", "  {{>p0}}\n", "plain", "ñ", "0"];
const scalar = () => pick([
  () => pick(hostile), () => pick(words), () => below(1000) - 500, () => below(100000) / 1000, () => true, () => false,
  () => 0, () => 1e21, () => 0.000001])();

function makeView() {
  const inner = () => ({ k: scalar(), w: pick(hostile), o: { q: scalar() }, s: repeat(below(3), scalar), y: chance(0.5) });
  return { a: scalar(), b: scalar(), c: pick(hostile), t: true, f: false, z: null, d: inner(), g: {},
    e: repeat(below(4), inner), l: repeat(below(4), scalar), n: repeat(below(3), () => repeat(below(3), scalar)), h: [] };
}

const roots = ["a", "b", "c", "t", "f", "z", "missing", "d.k", "d.w", "d.o.q", "d.none", "d.o.none.x", "g.x", "a.x"];
const inners = ["k", "w", "o.q", "y", "o.none"];
// Sections: [name, what stands inside]; null: nothing that has a name or may be called `.`
const rootSections = [["a", null], ["t", null], ["f", null], ["z", null], ["missing", null], ["d", "inner"], ["e", "inner"],
  ["l", "scalar"], ["n", "lists"], ["h", null], ["g", "inner"], ["d.s", "scalar"], ["d.o", "inner"], ["d.y", null], ["c", "scalar"]];
const innerSections = [["y", null], ["s", "scalar"], ["o", "inner"], ["k", null], ["t", null], ["f", null]];
const space = () => pick(["", "", "", " ", "  ", "\t"]);
const indent = () => pick(["", "", "  ", "\t", " \t "]);

class Maker {
  constructor(partials) {
    this.partials = partials;
    this.open = "{{";
    this.close = "}}";
    this.eol = chance(0.15) ? "\r\n" : "\n";
  }
  // Nothing that could be taken for the beginning of a tag.
  text() {
    const able = words.filter((word) => !word.includes(this.open[0]) || (this.open === "{{" && word === "{x}"));
    return repeat(1 + below(3), () => pick(able)).join(pick([" ", "", "  "]));
  }
  tag(sigil, name, end = "") {
    return `${this.open}${sigil}${space()}${name}${space()}${end}${this.close}`;
  }
  variable(scope) {
    const names = scope === "scalar" || scope === "lists" ? [...roots] : scope === "inner" ? [...roots, ...inners] : roots;
    const name = scope === "scalar" && chance(0.6) ? "." : pick(names);
    const how = below(4);
    return how === 0 ? this.tag("{", name, "}") : how === 1 ? this.tag("&", name) : this.tag("", name);
  }
  comment() {
    return this.tag("!", pick(["note", "a b c", "{x}", "two" + this.eol + "  lines", ""]));
  }
  delimiters() {
    [this.open, this.close] = (() => {
      const next = pick([["{{", "}}"], ["<%", "%>"], ["[[", "]]"], ["|", "|"], ["@{", "}@"]]);
      this.change = `${this.open}=${space()}${next[0]} ${space()}${next[1]}${space()}=${this.close}`;
      return next;
    })();
    return this.change;
  }
  section(scope) {
    const [name, inside] = scope === "lists" ? [".", "scalar"]
      : pick(scope === "inner" ? [...rootSections, ...innerSections] : rootSections);
    const inverted = name !== "." && chance(0.25);
    return { begin: (o) => o.tag(inverted ? "^" : "#", name), end: (o) => o.tag("/", name),
      inside: inverted ? scope : inside };
  }
  inline(scope, depth) {
    const roll = below(depth > 0 ? 10 : 8);
    if (roll < 3) return this.text();
    if (roll < 6) return this.variable(scope);
    if (roll < 7) return this.comment();
    if (roll < 8) return " ";
    const s = this.section(scope);
    return s.begin(this) + this.inlines(s.inside, depth - 1, 3) + s.end(this);
  }
  inlines(scope, depth, most) {
    return repeat(below(most + 1), () => this.inline(scope, depth)).join("");
  }
  line(scope, depth) {
    const roll = below(depth > 0 ? 14 : 9);
    if (roll < 5) return indent() + this.inlines(scope, depth, 4) + indent() + this.eol;
    if (roll < 6) return indent() + this.comment() + indent() + this.eol;
    if (roll < 7) return indent() + this.delimiters() + indent() + this.eol;
    if (roll < 8) return this.eol;
    if (roll < 9) {
      if (this.partials.length === 0) return this.text() + this.eol;
      const own = pick(this.partials);
      // In a line of text only what has one line: the package indents the others even there.
      return own.lines || chance(0.5) ? indent() + this.tag(">", own.name) + indent() + this.eol
        : "x" + this.tag(">", own.name) + this.text() + this.eol;
    }
    const s = this.section(scope);
    const first = indent() + s.begin(this) + indent() + this.eol;
    const body = this.lines(s.inside, depth - 1, 3);
    return first + body + indent() + s.end(this) + indent() + this.eol;
  }
  lines(scope, depth, most) {
    return repeat(below(most + 1), () => this.line(scope, depth)).join("");
  }
}

function makeCase(most) {
  const partials = [];
  for (let i = 0; i < below(most + 1); ++i) {
    const maker = new Maker([...partials]);
    const lines = chance(0.6);
    partials.push({ name: `p${i}`, lines,
      text: lines ? maker.lines(null, 1, 4) : maker.text() + maker.variable(null) });
  }
  const maker = new Maker(partials);
  let template = maker.lines(null, 3, 6) + (chance(0.4) ? maker.inlines(null, 2, 4) : "");
  if (chance(0.3)) template = template.replace(/\r?\n$/, "");
  return { template, partials: Object.fromEntries(partials.map((p) => [p.name, p.text])), view: makeView() };
}

function render({ template, partials, view }) {
  try {
    return new mustache.Writer().render(template, view, partials, { escape: String });
  } catch {
    return null;
  }
}

// One character taken out, put in or doubled.
function harm(one) {
  const at = below(one.template.length + 1);
  const extra = pick(["{", "}", "#", "/", "^", "!", "=", " ", "\n", "a", "."]);
  const how = below(3);
  const template = one.template.slice(0, at) + (how > 0 ? extra : "") + one.template.slice(how === 0 ? at + 1 : at);
  return { ...one, template, harmed: true };
}

for (let i = 0; i < count + harmed; ++i) {
  let one = makeCase(i < count ? 2 : 0);
  if (i >= count) one = harm(one);
  one.expected = render(one);
  process.stdout.write(JSON.stringify(one) + "\n");
}
