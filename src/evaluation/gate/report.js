// SPDX-License-Identifier: Apache-2.0
// The case explorer of the HTML report. Texts become text nodes only: nothing of a case is ever markup.
'use strict';
(() => {
  const kPage = 50;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const count = data.ids.length;
  const worst = new Map(data.worst.map((one) => [data.ids[one.at], one]));
  const format = new Intl.NumberFormat('en');
  // Lower-case texts are made when somebody searches.
  let haystack = null;
  let shown = [];
  let page = 0;

  function element(name, text, css) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (css) made.className = css;
    return made;
  }

  function option(select, value, text) {
    const made = element('option', text);
    made.value = value;
    select.append(made);
  }

  function state(index) {
    const chosen = byId('metric').value;
    if (chosen !== '') return data.metrics[chosen].states[index];
    // Of all metrics the worst.
    let best = '-';
    for (const metric of data.metrics) {
      const one = metric.states[index];
      if (one === 'f') return 'f';
      if (one === 'e') best = 'e';
      else if (one === 'p' && best !== 'e') best = 'p';
      else if (one === 'm' && best === '-') best = 'm';
    }
    return best;
  }

  function texts() {
    if (haystack) return haystack;
    haystack = data.ids.map((id) => {
      const one = worst.get(id);
      return (one ? [id, one.reason, one.input, one.expected, one.answer].join('\n') : id).toLowerCase();
    });
    return haystack;
  }

  // The worst come first, as in the report; the others keep their order.
  const order = (() => {
    const first = data.worst.map((one) => one.at).filter((index) => index !== undefined);
    const taken = new Uint8Array(count);
    for (const index of first) taken[index] = 1;
    const out = new Uint32Array(count);
    let at = 0;
    for (const index of first) if (taken[index] === 1) { out[at++] = index; taken[index] = 2; }
    for (let index = 0; index < count; ++index) if (taken[index] === 0) out[at++] = index;
    return out.subarray(0, at);
  })();

  function filter() {
    const text = byId('text').value.trim().toLowerCase();
    const result = byId('result').value;
    const tag = byId('tag').value;
    const number = tag === '' ? -1 : Number(tag);
    const found = text === '' ? null : texts();
    shown = [];
    for (const index of order) {
      if (result !== '' && state(index) !== result) continue;
      if (number >= 0 && !data.tagged[index].includes(number)) continue;
      if (found && !found[index].includes(text)) continue;
      shown.push(index);
    }
    page = 0;
    draw();
  }

  function link(address) {
    let url;
    try {
      url = new URL(address);
    } catch {
      return null;
    }
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
    const made = element('a', 'the call');
    made.href = url.href;
    made.rel = 'noreferrer';
    return made;
  }

  function detail(id) {
    const one = worst.get(id);
    if (!one) return element('span', id);
    const made = element('details');
    const summary = element('summary', id);
    summary.append(' ', element('span', one.state === 'unknown' ? 'failed' : one.state, 'badge ' + one.state));
    made.append(summary);
    made.addEventListener('toggle', () => {
      if (!made.open || made.childElementCount > 1) return;
      const box = element('div', undefined, 'texts');
      for (const [key, title] of [['reason', 'Why'], ['input', 'Input'], ['expected', 'Expected'], ['answer', 'Answer']]) {
        if (!one[key]) continue;
        const part = element('div');
        part.append(element('h3', title), element('pre', one[key]));
        box.append(part);
      }
      const call = one.link ? link(one.link) : null;
      if (call) box.append(call);
      made.append(box);
    });
    return made;
  }

  function score(metric, index) {
    const cell = element('td', undefined, 'n');
    const letter = metric.states[index];
    const value = metric.values[index];
    const word = {f: 'failed', e: 'error'}[letter];
    cell.append(element('span', value === null ? (word || '–') : String(value), word ? letter : ''));
    if (word && value !== null) cell.append(' ', element('span', word, letter));
    const before = metric.before ? metric.before[index] : null;
    if (before !== null && before !== value) cell.append(' ', element('span', '(was ' + before + ')', 'was'));
    return cell;
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(shown.length / kPage));
    const body = byId('cases').tBodies[0];
    body.replaceChildren();
    for (const index of shown.slice(page * kPage, (page + 1) * kPage)) {
      const row = element('tr');
      const head = element('th');
      head.scope = 'row';
      head.append(detail(data.ids[index]));
      row.append(head, element('td', data.tagged[index].map((tag) => data.tags[tag]).join(', ')));
      for (const metric of data.metrics) row.append(score(metric, index));
      body.append(row);
    }
    if (shown.length === 0) {
      const row = element('tr');
      const cell = element('td', 'No case is like this.', 'none');
      cell.colSpan = 2 + data.metrics.length;
      row.append(cell);
      body.append(row);
    }
    byId('found').textContent = format.format(shown.length) + ' of ' + format.format(count) + ' cases';
    byId('page').textContent = 'Page ' + format.format(page + 1) + ' of ' + format.format(pages);
    byId('before').disabled = page === 0;
    byId('next').disabled = page + 1 >= pages;
  }

  const heads = element('tr');
  for (const [index, text] of ['Case', 'Tags', ...data.metrics.map((metric) => metric.name)].entries()) {
    const head = element('th', text, index > 1 ? 'n' : '');
    head.scope = 'col';
    heads.append(head);
  }
  byId('cases').tHead.append(heads);
  data.metrics.forEach((metric, index) => option(byId('metric'), String(index), metric.name));
  // A thousand tags are more than a list can offer.
  data.tags.slice(0, 1000).forEach((tag, index) => option(byId('tag'), String(index), tag));
  byId('filter').addEventListener('submit', (event) => event.preventDefault());
  for (const id of ['metric', 'result', 'tag']) byId(id).addEventListener('change', filter);
  let timer = 0;
  byId('text').addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(filter, 120);
  });
  byId('before').addEventListener('click', () => { --page; draw(); });
  byId('next').addEventListener('click', () => { ++page; draw(); });
  for (const anchor of document.querySelectorAll('[data-case]'))
    anchor.addEventListener('click', () => {
      byId('text').value = anchor.dataset.case;
      for (const id of ['metric', 'result', 'tag']) byId(id).value = '';
      filter();
      const first = byId('cases').querySelector('details');
      if (first) first.open = true;
    });
  filter();
})();
