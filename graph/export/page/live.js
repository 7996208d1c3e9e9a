'use strict';
// Shows what the server that the page comes from says of a run, by events:
//   hello    {segments: [{name, first, last}], layers, experts, top_k, counts: [[…]]}, once for each connection
//   state    {step, running, phase, rows, segment, busy: […], depths: […], prefilled, tokens,
//            tokens_per_s, prefill_per_s}
//   times    nanoseconds by dispatch of the plan that is drawn
//   experts  [[…]], how often each expert of each layer was chosen since the last such event
//   end      the run is over
(() => {
const make = (tag, props, ...children) => {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
};
const facts = {}, dl = make('dl');
for (const [key, name] of [['status', 'run'], ['step', 'step'], ['rate', 'decoding'], ['prefill', 'prompt'], ['stage', 'works now']])
  dl.append(make('dt', {textContent: name}), facts[key] = make('dd', {textContent: '–'}));
const chain = make('div', {className: 'chain'});
const canvas = make('canvas', {width: 1, height: 1}), hint = make('p');
const total = make('input', {type: 'checkbox', id: 'live-total'});
document.querySelector('main').before(make('section', {id: 'live'},
  make('div', {}, make('h3', {textContent: 'live'}), dl),
  make('div', {className: 'flow'}, make('h3', {textContent: 'goroutines, and tickets in the channels between'}), chain),
  make('div', {className: 'experts'}, make('h3', {}, 'experts chosen: a row a layer', make('label', {}, total, ' since the start')), canvas, hint)));

let about = null, workers = [], channels = [];
let counts = [], heat = []; // of each layer's experts: all, and what fades
const fade = 0.8; // of the heat stays at each event
let scale = [1, 1], under = null; // pixels a cell; the cell under the pointer

function hello(h) {
  about = h;
  counts = h.counts || [];
  heat = counts.map(l => l.map(() => 0));
  chain.textContent = '';
  chain.classList.toggle('many', h.segments.length > 12);
  workers = [...h.segments.map(s => s.name), 'waits for the device'].map(name =>
    make('span', {className: 'worker', title: name, textContent: h.segments.length > 12 ? '' : name}));
  channels = [...workers, null].map(() => make('span', {className: 'channel', title: 'tickets in the channel', textContent: '0'}));
  workers.forEach((w, i) => chain.append(channels[i], w));
  chain.append(channels[workers.length]);
  if (h.experts) {
    scale = [Math.max(3, Math.min(14, Math.floor(560 / h.experts))), Math.max(3, Math.min(9, Math.floor(150 / h.layers)))];
    canvas.width = h.experts * scale[0];
    canvas.height = h.layers * scale[1];
  }
  draw();
  status('running');
}

function status(text, off) {
  facts.status.textContent = text;
  facts.status.classList.toggle('off', !!off);
}

const rate = n => n ? n.toPrecision(3) + ' tokens/s' : '–';

function state(s) {
  facts.step.textContent = `${s.step} (${s.phase}, ${s.rows} ${s.rows === 1 ? 'row' : 'rows'})`;
  facts.rate.textContent = `${rate(s.tokens_per_s)}, ${s.tokens} so far`;
  facts.prefill.textContent = `${rate(s.prefill_per_s)}, ${s.prefilled} so far`;
  const now = about && about.segments[s.segment];
  facts.stage.textContent = now ? now.name : '–';
  workers.forEach((w, i) => {
    w.classList.toggle('busy', s.busy[i]);
    w.classList.toggle('now', i === s.segment);
  });
  channels.forEach((c, i) => {
    c.textContent = s.depths[i];
    c.classList.toggle('some', s.depths[i] > 0);
  });
  moeflow.working(now ? [now.first, now.last] : null);
}

function experts(fresh) {
  fresh.forEach((layer, l) => layer.forEach((n, e) => {
    counts[l][e] += n;
    heat[l][e] = heat[l][e] * fade + n;
  }));
  draw();
}

// draw colours each layer by its own most chosen expert.
function draw() {
  const g = canvas.getContext('2d'), shown = total.checked ? counts : heat;
  g.clearRect(0, 0, canvas.width, canvas.height);
  shown.forEach((layer, l) => {
    const most = Math.max(...layer, 1e-9);
    layer.forEach((n, e) => {
      if (n < 0.01 * most) return;
      const t = n / most;
      g.fillStyle = `rgb(${255 - 120 * t * t}, ${236 - 200 * t}, ${200 - 190 * t})`;
      g.fillRect(e * scale[0], l * scale[1], scale[0] - (scale[0] > 3), scale[1] - (scale[1] > 3));
    });
  });
  tell();
}

function tell() {
  const [e, l] = under || [-1, -1], layer = counts[l];
  hint.textContent = layer && layer[e] !== undefined
    ? `layer ${l}, expert ${e}: chosen ${layer[e]} times, ${(100 * layer[e] / Math.max(1, layer.reduce((a, b) => a + b, 0))).toFixed(2)}% of the layer's choices`
    : about && about.experts ? `${about.layers} layers × ${about.experts} experts, ${about.top_k} a token` : '';
}

canvas.onmousemove = e => { under = [Math.floor(e.offsetX / scale[0]), Math.floor(e.offsetY / scale[1])]; tell(); };
canvas.onmouseleave = () => { under = null; tell(); };
total.onchange = draw;

const source = new EventSource('events');
const on = (name, f) => source.addEventListener(name, e => f(JSON.parse(e.data)));
on('hello', hello);
on('state', state);
on('times', moeflow.times);
on('experts', experts);
on('end', () => {
  source.close();
  status('has ended');
  moeflow.working(null);
  for (const w of workers) w.classList.remove('busy', 'now');
});
source.onerror = () => status('connection lost', true);
})();
