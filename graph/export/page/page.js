'use strict';
(() => {
const data = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id);
const stage = $('stage'), sheet = $('sheet'), panel = $('panel');
const levels = [...new Set(data.views.map(v => v.level))];
const places = new Map(); // of each view: where it was looked at
let at = null; // the view shown
let x = 0, y = 0, k = 1; // place of the sheet
let chosen = null, found = [], foundAt = -1;
let folded = data.folded; // as asked for; the level model is always folded
let live = null; // times by dispatch that replace the profile's
let working = null; // first and last dispatch that run now

// make is an element with text and children; nothing is ever parsed as HTML
// but the pictures, whose text is escaped.
function make(tag, props, ...children) {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
}

function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let u = 0;
  for (; n >= 1000 && u < units.length - 1; u++) n /= 1024;
  return (u === 0 || n >= 100 ? n.toFixed(0) : n.toPrecision(3)) + ' ' + units[u];
}

function time(ns) {
  for (const [unit, size] of [['s', 1e9], ['ms', 1e6], ['µs', 1e3]])
    if (ns >= size) return (ns / size).toPrecision(3) + ' ' + unit;
  return ns.toFixed(0) + ' ns';
}

const percent = f => (100 * f).toFixed(1) + '%';
// label names a node: a dispatch by its stage and what it computes there.
const label = n => (n.params ? `${n.name} ${n.kind}` : n.name) + (n.count > 1 ? ' ×' + n.count : '');
const node = id => at.view.nodes.find(n => n.id === id);
const card = id => sheet.querySelector(`.card[data-id="${id}"]`);

// show draws a view and, if dispatches are given, goes to the box of the first.
function show(level, fold, dispatch) {
  folded = fold;
  const next = data.views.find(v => v.level === level && v.folded === folded) || data.views.find(v => v.level === level);
  if (at) places.set(at, [x, y, k]);
  at = next;
  sheet.innerHTML = at.svg;
  for (const c of sheet.querySelectorAll('.card')) {
    c.setAttribute('tabindex', '0');
    c.setAttribute('role', 'button');
  }
  for (const b of $('levels').children) b.setAttribute('aria-pressed', b.value === at.level);
  $('fold').checked = at.folded;
  $('fold').disabled = at.level === 'model';
  $('subtitle').textContent = at.subtitle;
  chosen = null;
  paint();
  mark();
  search(false);
  const place = places.get(at);
  if (place) { [x, y, k] = place; move(); } else fit();
  const goal = dispatch === undefined ? null : at.view.nodes.find(n => n.dispatches.includes(dispatch));
  if (goal) { choose(goal.id); centre(goal.id); } else details();
}

// cost is a node's time: of the profile, or of what came since.
function cost(n) {
  if (live) return n.dispatches.reduce((sum, d) => sum + (live[d] || 0), 0);
  return n.profile ? n.profile.nanoseconds : 0;
}

// paint colours the cards by time.
function paint() {
  const on = $('heat').checked, most = Math.max(...at.view.nodes.map(cost), 1e-9);
  for (const n of at.view.nodes) {
    const h = Math.round(100 * cost(n) / most);
    card(n.id).querySelector('.body').style.fill = on ? `color-mix(in srgb, #ffa070 ${h}%, #f6f8fa)` : '';
  }
}

// mark shows which cards work now.
function mark() {
  for (const n of at.view.nodes)
    card(n.id).classList.toggle('working', working !== null && n.dispatches.some(d => d >= working[0] && d < working[1]));
}

function move() { sheet.style.transform = `translate(${x}px, ${y}px) scale(${k})`; }

function zoom(by, cx = stage.clientWidth / 2, cy = stage.clientHeight / 2) {
  const next = Math.min(6, Math.max(0.02, k * by));
  x = cx - (cx - x) * next / k;
  y = cy - (cy - y) * next / k;
  k = next;
  move();
}

// fit shows the whole width, and the height too where that stays legible.
function fit() {
  const svg = sheet.firstElementChild, w = svg.width.baseVal.value, h = svg.height.baseVal.value;
  k = Math.min(1.25, stage.clientWidth / w);
  k = Math.max(Math.min(k, stage.clientHeight / h), Math.min(k, 0.75));
  x = (stage.clientWidth - w * k) / 2;
  y = Math.max(0, (stage.clientHeight - h * k) / 2);
  move();
}

// centre brings a card to the middle.
function centre(id) {
  k = Math.max(k, 0.8);
  const b = card(id).querySelector('.body');
  const [bx, by, bw, bh] = ['x', 'y', 'width', 'height'].map(a => +b.getAttribute(a));
  x = stage.clientWidth / 2 - (bx + bw / 2) * k;
  y = stage.clientHeight / 2 - (by + bh / 2) * k;
  move();
}

function choose(id) {
  chosen = id;
  for (const c of sheet.querySelectorAll('.card')) c.classList.toggle('chosen', c.dataset.id === id);
  for (const w of sheet.querySelectorAll('.wire')) w.classList.toggle('lit', w.dataset.from === id || w.dataset.to === id);
  sheet.firstElementChild.classList.toggle('one', id !== null);
  details();
}

// colour is that of a type in the legend.
const colour = type => (at.view.legend.find(l => l.type === type) || {colour: '#888'}).colour;

function tensorItem(t, note, other) {
  const li = make('li', {}, make('span', {className: 'swatch', style: `background:${colour(t.type)}`}));
  if (other) {
    const b = make('button', {textContent: label(node(other)), title: 'go there'});
    b.onclick = () => { choose(other); centre(other); };
    li.append(b);
  }
  const parts = [(t.shape || []).join('×'), t.type, bytes(t.bytes)].filter(Boolean);
  if (t.count > 1) parts.push('×' + t.count);
  if (t.traffic) parts.push(bytes(t.traffic) + ' a step');
  li.append(t.name, make('small', {textContent: [parts.join(' '), note].filter(Boolean).join(' · ')}));
  return li;
}

function list(title, items) {
  if (items.length) panel.append(make('h3', {textContent: title}), make('ul', {}, ...items));
}

function facts(pairs) {
  const dl = make('dl');
  for (const [name, value] of pairs)
    if (value !== undefined && value !== '') dl.append(make('dt', {textContent: name}), make('dd', {textContent: value}));
  panel.append(dl);
}

// details fills the panel: of the chosen node, or of the whole.
function details() {
  panel.textContent = '';
  if (chosen === null) return overview();
  const n = node(chosen), v = at.view;
  panel.append(make('h2', {textContent: label(n)}));
  facts([['kind', n.kind], ['layers', n.layers ? n.layers.join(', ') : ''], ['segment', n.segment], ['device', n.device],
    ['dispatches', n.dispatches.length], ['barriers', n.barriers],
    ['waits', n.starts_segment ? 'starts its segment' : n.barrier ? 'for all before it' : n.waits_for ? `until ${n.waits_for} workgroups of the segment have reported` : '']]);
  if (n.profile || live) {
    const p = live ? {} : n.profile, ns = cost(n), all = v.nodes.reduce((sum, n) => sum + cost(n), 0);
    panel.append(make('h3', {textContent: 'measured, all together'}));
    facts([['time', time(ns)], ['share of the step', all ? percent(ns / all) : ''],
      ['weights and kv cache', p.bytes ? bytes(p.bytes) : ''], ['GB/s', p.gb_per_s ? p.gb_per_s.toPrecision(3) : ''],
      ['of the bandwidth', p.bandwidth_share ? percent(p.bandwidth_share) : '']]);
  }
  list('kernels', n.kernels.map(q => make('li', {}, q.name + (q.count > 1 ? ' ×' + q.count : ''),
    n.kind === 'layers' ? '' : make('small', {textContent: 'grid ' + q.groups.join('×')}))));
  list('parameters', (n.params || []).map(q => make('li', {textContent: `${q.name} = ${q.value}`})));
  list('reads from', v.edges.filter(e => e.to === n.id).map(e => tensorItem(e, '', e.from)));
  list('weights, state, input and output', n.tensors.map(t => tensorItem(t,
    t.role + ', ' + {r: 'read', w: 'written', rw: 'read and written'}[t.access])));
  list('writes for', v.edges.filter(e => e.from === n.id).map(e => tensorItem(e, '', e.to)));
}

// overview is the panel while nothing is chosen: the costliest nodes.
function overview() {
  const v = at.view, hot = v.nodes.filter(n => cost(n) > 0).sort((a, b) => cost(b) - cost(a)).slice(0, 15);
  const all = v.nodes.reduce((sum, n) => sum + cost(n), 0);
  panel.append(make('h2', {textContent: v.title}));
  facts([['plan', v.plan], ['rows of a step', v.rows], ['device', v.device], ['dispatches', v.dispatches], ['barriers', v.barriers],
    ['segments', v.segments], ['activations', bytes(v.arena_bytes)], ['time of a step', all ? time(all) : ''],
    ['bandwidth', v.bandwidth ? (v.bandwidth / 1e9).toPrecision(3) + ' GB/s' : '']]);
  list('where the time goes', hot.map(n => {
    const b = make('button', {textContent: label(n)});
    b.onclick = () => { choose(n.id); centre(n.id); };
    return make('li', {}, b, `${time(cost(n))} · ${percent(cost(n) / all)}`,
      make('div', {className: 'meter'}, make('i', {style: `width:${100 * cost(n) / cost(hot[0])}%`})));
  }));
}

// words are all that a search looks at.
function words(n) {
  if (!n.words) {
    const own = at.view.edges.filter(e => e.from === n.id || e.to === n.id);
    n.words = [n.name, n.kind, n.segment, ...n.kernels.map(q => q.name), ...[...n.tensors, ...own].flatMap(t => [t.name, t.type])]
      .join('\n').toLowerCase();
  }
  return n.words;
}

function search(go) {
  const text = $('search').value.trim().toLowerCase();
  found = text ? at.view.nodes.filter(n => words(n).includes(text)).map(n => n.id) : [];
  foundAt = -1;
  for (const c of sheet.querySelectorAll('.card')) c.classList.toggle('hit', found.includes(c.dataset.id));
  sheet.firstElementChild.classList.toggle('searching', text !== '');
  $('hits').textContent = text ? `${found.length} found` : '';
  if (go && found.length) step(1);
}

function step(by) {
  if (!found.length) return;
  foundAt = (foundAt + by + found.length) % found.length;
  $('hits').textContent = `${foundAt + 1} of ${found.length}`;
  centre(found[foundAt]);
}

function inside(id) {
  const n = node(id), next = levels[levels.indexOf(at.level) + 1];
  if (next) show(next, folded, n.dispatches[0]);
}

function listen() {
  const down = new Map(); // pointers on the stage
  let moved = 0;
  stage.addEventListener('pointerdown', e => {
    down.set(e.pointerId, [e.clientX, e.clientY]);
    moved = 0;
  });
  stage.addEventListener('pointermove', e => {
    const p = down.get(e.pointerId);
    if (!p) return;
    const others = [...down].filter(([id]) => id !== e.pointerId).map(([, q]) => q);
    moved += Math.abs(e.clientX - p[0]) + Math.abs(e.clientY - p[1]);
    if (moved > 4 && !stage.hasPointerCapture(e.pointerId)) {
      stage.setPointerCapture(e.pointerId);
      stage.classList.add('moving');
    }
    if (others.length) {
      const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1, o = others[0], r = stage.getBoundingClientRect();
      zoom(far([e.clientX, e.clientY], o) / far(p, o), o[0] - r.left, o[1] - r.top);
    } else if (moved > 4) {
      x += e.clientX - p[0];
      y += e.clientY - p[1];
      move();
    }
    down.set(e.pointerId, [e.clientX, e.clientY]);
  });
  for (const end of ['pointerup', 'pointercancel']) stage.addEventListener(end, e => {
    down.delete(e.pointerId);
    stage.classList.remove('moving');
  });
  stage.addEventListener('click', e => {
    if (moved > 4) return;
    const c = e.target.closest('.card'), f = e.target.closest('.frame text');
    if (f) {
      const id = f.parentNode.dataset.id, own = g => g && (g === id || own((at.view.groups.find(o => o.id === g) || {}).parent));
      show(at.level, !at.folded, at.view.nodes.find(n => own(n.group)).dispatches[0]);
    } else choose(c ? c.dataset.id : null);
  });
  stage.addEventListener('dblclick', e => {
    const c = e.target.closest('.card');
    if (c) inside(c.dataset.id);
  });
  stage.addEventListener('wheel', e => {
    e.preventDefault();
    const r = stage.getBoundingClientRect(), unit = e.deltaMode === 1 ? 16 : 1;
    if (e.ctrlKey || e.metaKey) return zoom(Math.exp(-e.deltaY * unit / 300), e.clientX - r.left, e.clientY - r.top);
    x -= (e.shiftKey && !e.deltaX ? e.deltaY : e.deltaX) * unit;
    y -= (e.shiftKey && !e.deltaX ? 0 : e.deltaY) * unit;
    move();
  }, {passive: false});
  $('fold').onchange = () => show(at.level, $('fold').checked, chosen === null ? undefined : node(chosen).dispatches[0]);
  $('heat').onchange = paint;
  $('search').oninput = () => search(true);
  $('in').onclick = () => zoom(1.3);
  $('out').onclick = () => zoom(1 / 1.3);
  $('fit').onclick = fit;
  document.addEventListener('keydown', keys);
}

function keys(e) {
  const typing = e.target === $('search');
  if (typing && e.key === 'Enter') return step(e.shiftKey ? -1 : 1);
  if (e.key === 'Escape') {
    $('search').value = '';
    search(false);
    choose(null);
    stage.focus();
  }
  if (typing || e.ctrlKey || e.metaKey || e.altKey) return;
  const c = document.activeElement && document.activeElement.closest('.card');
  const does = {'/': () => $('search').focus(), '+': () => zoom(1.3), '-': () => zoom(1 / 1.3), '0': fit,
    Enter: c && (() => choose(c.dataset.id))}[e.key];
  if (does) {
    e.preventDefault();
    does();
  }
}

document.querySelector('h1').textContent = data.title;
for (const l of levels) {
  const b = make('button', {textContent: l, value: l});
  b.onclick = () => show(l, folded, chosen === null ? undefined : node(chosen).dispatches[0]);
  $('levels').append(b);
}
for (const l of data.views[0].view.legend) {
  const text = l.weights ? `${l.type}: ${l.weights} weights, ${bytes(l.weight_bytes)}` : l.type;
  $('legend').append(make('span', {}, make('span', {className: 'swatch', style: `background:${l.colour}`}), text));
}
$('heat').checked = data.profiled;
$('heat').disabled = !data.profiled;
listen();
show(data.level, data.folded);

// For what feeds the page while a model runs: times is nanoseconds by dispatch of
// the plan, working the dispatches [first, last) that run now, or null.
window.moeflow = {
  show,
  working(range) {
    if (String(range) === String(working)) return;
    working = range;
    mark();
  },
  times(byDispatch) {
    live = byDispatch;
    $('heat').disabled = false;
    paint();
    details();
  },
};
})();
