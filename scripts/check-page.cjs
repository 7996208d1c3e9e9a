#!/usr/bin/env node
// Uses the page of `moeflow graph --format html` in a headless Chromium as a
// person would, and fails where it does not do what it should. Not part of the
// tests: it needs Node, playwright-core (found through NODE_PATH) and Chromium.
//
//   bin/moeflow graph --profile --format html -o page.html
//   NODE_PATH=DIR/node_modules scripts/check-page.cjs page.html [FOLDER FOR SCREENSHOTS]
const { chromium } = require('playwright-core');
const { resolve, join } = require('path');
const assert = require('assert');

(async () => {
  const [page, shots] = process.argv.slice(2);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  const p = await browser.newPage({ viewport: { width: 1300, height: 900 } });
  const errors = [], requests = [];
  p.on('pageerror', e => errors.push(String(e)));
  p.on('console', m => errors.push(m.text()));
  p.on('request', r => requests.push(r.url()));
  await p.goto('file://' + resolve(page));
  const shot = name => shots && p.screenshot({ path: join(shots, name + '.png') });
  const cards = () => p.locator('.card').count();
  const sheet = () => p.evaluate(() => document.getElementById('sheet').style.transform);
  const scale = async () => +(await sheet()).match(/scale\((.*)\)/)[1];

  const counts = {};
  for (const level of ['model', 'layer', 'stage', 'dispatch']) {
    await p.click(`#levels button[value=${level}]`);
    counts[level] = await cards();
    await shot(level);
  }
  assert(counts.model < counts.layer + 1 && counts.layer < counts.stage && counts.stage < counts.dispatch, JSON.stringify(counts));

  await p.click('#levels button[value=stage]');
  const before = await cards();
  await p.uncheck('#fold');
  assert(await cards() > before, 'unfolding draws more');
  await p.click('#levels button[value=model]');
  await p.click('#levels button[value=layer]');
  assert(!await p.isChecked('#fold'), 'unfolded stays unfolded');
  await p.check('#fold');
  await p.click('#levels button[value=stage]');
  await p.locator('.frame text').first().click();
  assert(!await p.isChecked('#fold') && await cards() > before, 'a click on a frame unfolds');
  await p.check('#fold');

  await p.click('#fit');
  await p.locator('.card .name').nth(1).click();
  const panel = await p.locator('#panel').innerText();
  for (const want of ['attention', 'KERNELS', 'attn_q.weight', 'Q4_K', 'k_cache'])
    assert(panel.toLowerCase().includes(want.toLowerCase()), `the panel says nothing of ${want}: ${panel}`);
  assert(await p.locator('.wire.lit').count() > 0, 'wires of the chosen card are lit');
  await shot('chosen');
  await p.locator('#panel li button').first().click();
  assert.notStrictEqual(await p.locator('#panel').innerText(), panel, 'a click on a neighbour goes there');
  await p.keyboard.press('Escape');
  assert.strictEqual(await p.locator('.card.chosen').count(), 0);

  await p.fill('#search', 'ffn_down');
  const hits = await p.locator('.card.hit').count();
  assert(hits > 0 && hits < before, `${hits} hits`);
  const first = await sheet();
  await p.press('#search', 'Enter');
  assert.match(await p.innerText('#hits'), /of/);
  if (hits > 1) assert.notStrictEqual(await sheet(), first, 'Enter goes to the next hit');
  await shot('search');
  await p.fill('#search', '');

  await p.click('#fit');
  const k = await scale(), box = await p.locator('#stage').boundingBox();
  await p.mouse.move(box.x + 30, box.y + 300);
  await p.keyboard.down('Control');
  await p.mouse.wheel(0, -200);
  await p.keyboard.up('Control');
  await p.waitForFunction(k => +document.getElementById('sheet').style.transform.match(/scale\((.*)\)/)[1] > k * 1.2, k);
  const zoomed = await sheet();
  await p.mouse.down();
  await p.mouse.move(box.x + 80, box.y + 350, { steps: 5 });
  await p.mouse.up();
  assert.notStrictEqual(await sheet(), zoomed, 'dragging moves');
  const dragged = await sheet();
  await p.mouse.wheel(0, 100);
  await p.waitForFunction(s => document.getElementById('sheet').style.transform !== s, dragged);
  await p.click('#fit');

  const fill = () => p.evaluate(() => [...document.querySelectorAll('.card .body')].map(e => getComputedStyle(e).fill).join());
  if (await p.isEnabled('#heat')) {
    const hot = await fill();
    await p.uncheck('#heat');
    assert.notStrictEqual(await fill(), hot, 'the heat map colours cards');
    await p.check('#heat');
  }
  await p.evaluate(() => moeflow.times([5, 1]));
  const top = await p.locator('#panel li').allInnerTexts();
  assert(top.length === 2 || top.length === 1, `live times: ${top}`);

  await p.locator('.card .name').nth(1).dblclick();
  assert.strictEqual(await cards(), counts.dispatch, 'a double click looks inside');
  assert.strictEqual(await p.locator('.card.chosen').count(), 1);
  await shot('inside');
  await p.setViewportSize({ width: 420, height: 800 });
  await shot('narrow');
  await browser.close();
  assert.deepStrictEqual(errors, []);
  assert.strictEqual(requests.length, 1, `the page asked for ${requests}`);
  console.log('the page works:', JSON.stringify(counts));
})().catch(e => {
  console.error(e.message || e);
  process.exit(1);
});
