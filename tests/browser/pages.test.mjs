// SPDX-License-Identifier: MIT
// Our own pages: the same as the stock examples, and the words they find when something is in the way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './lib/chromium.mjs';
import { Roomline } from './lib/daemons.mjs';
import { hears, lipSyncMs, sees, silent } from './lib/oracle.mjs';
import { enter, gone, notice, onAir, pageUrl, read, say, videoOf } from './lib/own.mjs';

let roomline;
let browser;
before(async () => {
  roomline = await Roomline.start({ 'workers.count': 2 });
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  await roomline?.stop();
});

async function meet(name, roomName, ...names) {
  const pages = {};
  for (const login of names) {
    const page = await browser.person(login);
    await enter(page, pageUrl(roomline, name, { roomName, login }));
    await onAir(page);
    pages[login] = page;
  }
  return pages;
}

const close = (pages) => Promise.all(Object.values(pages).map((p) => p.context().close()));

test('Conference: four people over two workers see, hear and read each other, in step', async () => {
  const pages = await meet('conference', 'встреча', 'Alice', 'Bob', 'Carol', 'Dave');
  for (const [me, page] of Object.entries(pages))
    for (const other of Object.keys(pages))
      if (me !== other)
        await sees(await videoOf(page, other), other);
  for (const other of ['Bob', 'Carol', 'Dave'])
    await hears(await videoOf(pages.Alice, other), other);
  const ms = await lipSyncMs(await videoOf(pages.Carol, 'Alice'));
  assert.ok(Math.abs(ms) <= 80, `sound is ${ms.toFixed(0)} ms from the picture`);
  await say(pages.Bob, 'Всем привет 👋 <b>not bold</b>');
  for (const login of ['Alice', 'Carol', 'Dave'])
    await read(pages[login], 'Всем привет 👋 <b>not bold</b>');
  await pages.Alice.click('#stats-toggle');
  await pages.Alice.waitForFunction(() => /320/.test(document.querySelector('.tile[data-login=Bob] .tile-stats')?.textContent));
  for (const page of Object.values(pages))
    assert.deepEqual(page.errors, []);
  await close(pages);
});

test('Conference: mute, stop, publish again, share, unshare, leave, reload', async () => {
  const { Alice, Bob } = await meet('conference', 'room-own', 'Alice', 'Bob');
  await hears(await videoOf(Bob, 'Alice'), 'Alice');
  await Alice.click('#mute-audio');
  await silent(await videoOf(Bob, 'Alice'));
  await Alice.click('#mute-audio');
  await hears(await videoOf(Bob, 'Alice'), 'Alice');

  await Alice.click('#publish-toggle');
  await gone(Bob, 'Alice');
  await Alice.click('#publish-toggle');
  await onAir(Alice);
  await sees(await videoOf(Bob, 'Alice'), 'Alice');

  await Alice.click('#share-toggle');
  await sees(await videoOf(Bob, 'Alice', { screen: true }), 'Alice');
  await Alice.click('#share-toggle');
  await gone(Bob, 'Alice', { screen: true });

  await Alice.click('#leave');
  await gone(Bob, 'Alice');
  await enter(Alice, pageUrl(roomline, 'conference', { roomName: 'room-own', login: 'Alice' }));
  await onAir(Alice);
  await sees(await videoOf(Bob, 'Alice'), 'Alice');
  await sees(await videoOf(Alice, 'Bob'), 'Bob');
  await close({ Alice, Bob });
});

test('Two Way: the third person is told that the room is full; a taken name is told so', async () => {
  const pages = await meet('two-way', 'room-pair', 'Alice', 'Bob');
  await sees(await videoOf(pages.Bob, 'Alice'), 'Alice');
  for (const [login, words] of [['Carol', 'room is full'], ['Alice', 'is taken']]) {
    const third = await browser.person('Carol');
    await third.goto(pageUrl(roomline, 'two-way', { roomName: 'room-pair', login }));
    await third.click('#join');
    await notice(third, words);
    await third.context().close();
  }
  await sees(await videoOf(pages.Alice, 'Bob'), 'Bob');
  await close(pages);
});

test('a link cannot send the camera to a server of another host', async () => {
  const page = await browser.person('Alice');
  const asked = [];
  page.on('websocket', (ws) => asked.push(new URL(ws.url()).host));
  await enter(page, pageUrl(roomline, 'conference', { roomName: 'room-ws', login: 'Alice', ws: `ws://localhost:${roomline.ws}/` }));
  await onAir(page);
  assert.deepEqual(asked, [`127.0.0.1:${roomline.ws}`]);
  await page.context().close();
});

test('wss with a self-signed certificate carries a conference', async () => {
  const pages = {};
  for (const login of ['Alice', 'Bob']) {
    const page = await browser.person(login);
    await enter(page, pageUrl(roomline, 'conference', { roomName: 'room-tls', login }, { secure: true }));
    await onAir(page);
    pages[login] = page;
  }
  await sees(await videoOf(pages.Bob, 'Alice'), 'Alice');
  await hears(await videoOf(pages.Alice, 'Bob'), 'Bob');
  await close(pages);
});

test('the connection is lost and comes back: the page says so and joins again', async () => {
  const { Alice, Bob } = await meet('conference', 'room-lost', 'Alice', 'Bob');
  await sees(await videoOf(Bob, 'Alice'), 'Alice');
  await roomline.kill('controlplane');
  await notice(Alice, 'Connection lost');
  await roomline.startControlplane();
  for (const page of [Alice, Bob])
    await page.waitForFunction(() => document.body.dataset.state === 'joined', null, { timeout: 30000 });
  await sees(await videoOf(Bob, 'Alice'), 'Alice', { seconds: 30 });
  await hears(await videoOf(Alice, 'Bob'), 'Bob', { seconds: 30 });
  await close({ Alice, Bob });
});
