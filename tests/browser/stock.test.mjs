// SPDX-License-Identifier: MIT
// The unmodified WebSDK examples, with known content, as their users use them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './lib/chromium.mjs';
import { Roomline } from './lib/daemons.mjs';
import { hears, lipSyncMs, sees, silent } from './lib/oracle.mjs';
import { chat, join, leave, open, participantOf, published, plays, remoteOf, say, stopped, unpublished } from './lib/stock.mjs';

let roomline;
let browser;
before(async () => {
  roomline = await Roomline.start();
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  await roomline?.stop();
});

// Opens one page per name in the same room, joins them one after the other, waits until all publish.
async function meet(example, room, ...names) {
  const pages = {};
  for (const name of names) {
    const page = await browser.person(name);
    await open(page, roomline, example, { room });
    await join(page, name);
    await published(page);
    pages[name] = page;
  }
  return pages;
}

async function everyoneSeesAndHears(pages) {
  for (const [me, page] of Object.entries(pages))
    for (const other of Object.keys(pages))
      if (other !== me) {
        await sees(await remoteOf(page, other), other);
        await hears(await remoteOf(page, other), other);
      }
}

const close = (pages) => Promise.all(Object.values(pages).map((p) => p.context().close()));

test('Conference: three people see, hear and read each other, in step', async () => {
  const pages = await meet('conference', 'room-three', 'Alice', 'Bob', 'Carol');
  await everyoneSeesAndHears(pages);
  const ms = await lipSyncMs(await remoteOf(pages.Bob, 'Alice'));
  assert.ok(Math.abs(ms) <= 80, `sound is ${ms.toFixed(0)} ms from the picture`);
  for (const text of ['hello', 'Привет, как дела?', 'שלום 👩‍👩‍👧 🎉']) {
    await say(pages.Alice, text);
    await chat(pages.Bob, `Alice - ${text}`);
    await chat(pages.Carol, `Alice - ${text}`);
  }
  for (const page of Object.values(pages))
    assert.deepEqual(page.errors.filter((e) => !e.includes('404')), []);
  await close(pages);
});

test('Conference: mute, stop, publish again, leave, join again at once, reload', async () => {
  const { Alice, Bob } = await meet('conference', 'room-again', 'Alice', 'Bob');
  await hears(await remoteOf(Bob, 'Alice'), 'Alice');

  await Alice.click('#localAudioToggle');
  await silent(await remoteOf(Bob, 'Alice'));
  await Alice.click('#localAudioToggle');
  await hears(await remoteOf(Bob, 'Alice'), 'Alice');

  await Alice.click('#localStopBtn');
  await unpublished(Alice);
  await stopped(Bob, '#participant1Display');
  await Alice.click('#localStopBtn');
  await published(Alice);
  await sees(await remoteOf(Bob, 'Alice'), 'Alice');

  await leave(Alice);
  await chat(Bob, 'Alice - left');
  await join(Alice, 'Alice');
  await published(Alice);
  await sees(await remoteOf(Bob, 'Alice'), 'Alice');
  await sees(await remoteOf(Alice, 'Bob'), 'Bob');

  await Alice.reload();
  await open(Alice, roomline, 'conference', { room: 'room-again' });
  await join(Alice, 'Alice');
  await published(Alice);
  await everyoneSeesAndHears({ Alice, Bob });
  await close({ Alice, Bob });
});

test('Conference: the invite link leads into the room; a taken name is refused in words', async () => {
  const alice = await browser.person('Alice');
  await open(alice, roomline, 'conference');
  await join(alice, 'Alice');
  await published(alice);
  const invite = await alice.textContent('#inviteAddress');
  assert.match(invite, /\?roomName=room-/);

  const other = await browser.person('Dave');
  await other.goto(invite);
  await other.fill('#url', roomline.http.replace('http', 'ws'));
  await other.fill('#login', 'Alice');
  await other.click('#joinBtn');
  await other.waitForFunction(
    () => document.querySelector('#failedInfo').textContent === 'Room already has user with such login', null, { timeout: 10000 });

  await other.fill('#login', 'Dave');
  await other.click('#joinBtn');
  await published(other);
  await sees(await remoteOf(other, 'Alice'), 'Alice');
  await close({ alice, other });
});

test('Two Way Video Chat: two talk, the third is told that the room is full', async () => {
  const pages = await meet('video-chat', 'room-two', 'Alice', 'Bob');
  await everyoneSeesAndHears(pages);
  const carol = await browser.person('Carol');
  await open(carol, roomline, 'video-chat', { room: 'room-two' });
  await carol.fill('#login', 'Carol');
  await carol.click('#joinBtn');
  await carol.waitForFunction(() => /full/.test(document.querySelector('#failedInfo').textContent), null, { timeout: 10000 });
  await sees(await remoteOf(pages.Bob, 'Alice'), 'Alice');
  assert.equal(await participantOf(pages.Bob, 'Carol'), null);
  await close({ ...pages, carol });
});

test('Screen sharing: camera and shared screen side by side, unshare', async () => {
  const { Alice, Bob } = await meet('screen-sharing', 'room-share', 'Alice', 'Bob');
  await sees(await remoteOf(Bob, 'Alice'), 'Alice');
  await Alice.click('#shareBtn');
  await Alice.waitForFunction(() => document.querySelector('#shareBtn').textContent === 'Unshare', null, { timeout: 15000 });
  await plays(Bob, '#sharedDisplay');
  await sees(Bob.locator('#sharedDisplay video').last(), 'Alice');
  await sees(await remoteOf(Bob, 'Alice'), 'Alice');
  await Alice.click('#shareBtn');
  await stopped(Bob, '#sharedDisplay');
  await sees(await remoteOf(Bob, 'Alice'), 'Alice');
  await close({ Alice, Bob });
});
