#!/usr/bin/env node
// Runs the model with `moeflow run --watch` and looks at its page in a headless
// Chromium, and fails where it does not follow the run. Not part of the tests: it
// needs Node, playwright-core (found through NODE_PATH) and Chromium.
//
//   NODE_PATH=DIR/node_modules scripts/check-live.cjs bin/moeflow [SCREENSHOT.png]
const { chromium } = require('playwright-core');
const { spawn } = require('child_process');
const assert = require('assert');

(async () => {
  const [moeflow, shot] = process.argv.slice(2);
  const run = spawn(moeflow, ['run', '--completion', '-p', 'package main\n\nimport "fmt"\n\nfunc main() {\n', '-n', '1900', '--ignore-eos', '--watch'],
    { stdio: ['ignore', 'pipe', 'pipe'] }); // an open pipe would be the end of the prompt
  const exited = new Promise(done => run.on('exit', done));
  run.stdout.resume();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  try {
    const url = await new Promise((found, lost) => {
      let text = '';
      run.stderr.on('data', d => { text += d; const m = text.match(/watch at (\S+)/); if (m) found(m[1]); });
      run.on('exit', () => lost(new Error('moeflow ended: ' + text)));
    });
    const p = await browser.newPage({ viewport: { width: 1300, height: 900 } });
    const errors = [], requests = [];
    p.on('pageerror', e => errors.push(String(e)));
    p.on('console', m => errors.push(m.text()));
    p.on('request', r => requests.push(r.url()));
    await p.goto(url);
    const facts = () => p.innerText('#live dl');
    await p.waitForFunction(() => /decode, 1 row/.test(document.querySelector('#live dl').innerText));
    await p.waitForFunction(() => !document.getElementById('heat').disabled); // times came
    await p.check('#heat');
    const stages = new Set();
    for (let i = 0; i < 40 && stages.size < 3; i++) {
      await p.waitForTimeout(100);
      stages.add((await facts()).match(/works now\s+(\S+)/)[1]);
    }
    assert(stages.size >= 3, `only ${[...stages]} was seen at work`);
    await p.waitForFunction(() => document.querySelector('.card.working') && document.querySelector('.worker.now'), null, { polling: 30 });
    assert.match(await facts(), /\d tokens\/s/);
    if (shot) await p.screenshot({ path: shot });
    await p.check('#live-total');
    await p.hover('#live canvas');
    assert.match(await p.innerText('#live .experts p'), /layer \d+, expert \d+: chosen \d+ times/);
    run.kill('SIGINT');
    assert.strictEqual(await exited, 130);
    await p.waitForFunction(() => /has ended/.test(document.querySelector('#live dl').innerText));
    assert.strictEqual(await p.locator('.card.working, .worker.now').count(), 0);
    assert.deepStrictEqual(errors, []);
    assert.deepStrictEqual(requests, [url, url + 'events']);
    console.log('the live page works:', [...stages].join(', '));
  } finally {
    run.kill('SIGKILL');
    await browser.close();
  }
})().catch(e => {
  console.error(e.message || e);
  process.exit(1);
});
