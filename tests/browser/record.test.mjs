// SPDX-License-Identifier: MIT
// Recordings, from the box on the page to the film in the browser: of a room by our page and by the stock one, and of a
// stream by the SDK.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './lib/chromium.mjs';
import { Roomline, sleep, until } from './lib/daemons.mjs';
import { sees } from './lib/oracle.mjs';
import { enter, notice, onAir, pageUrl, read, videoOf } from './lib/own.mjs';
import { join, leave, open, published } from './lib/stock.mjs';

const TALK_MS = 6000;
const FINISH_S = 60;
const MIX_S = 120;

let roomline;
let browser;
before(async () => {
  roomline = await Roomline.start({}, { recorder: true });
  browser = await Browser.start();
  await until('the recorder is linked', 10, async () => (await roomline.health()).recorder === 'up');
});
after(async () => {
  await browser?.stop();
  await roomline?.stop();
});

const index = async () => (await fetch(`${roomline.http}/client/records/index.json`)).json();

/** The one recording that fits, once it is ready. */
function recorded(what, seconds, fits) {
  return until(what, seconds, async () => (await index()).find((record) => fits(record) && record.state === 'ready'));
}

/** Waits for the red mark to say this; '': for it to be gone. */
const mark = (page, text) => page.waitForFunction((wanted) => {
  const { hidden, textContent } = document.querySelector('#recording');
  return (hidden ? '' : textContent) === wanted;
}, text, { timeout: 10000 });

/** Plays the only video of the page for a second; resolves to its width, height and length in seconds. */
async function plays(page) {
  await page.waitForFunction(() => document.querySelector('video')?.currentTime > 1, null, { timeout: 20000 });
  return page.evaluate(() => {
    const { videoWidth, videoHeight, duration } = document.querySelector('video');
    return [videoWidth, videoHeight, duration];
  });
}

test('Conference: the box records the room; everybody sees it; the list shows room and mix', async () => {
  const alice = await browser.person('Alice');
  await alice.goto(`${roomline.http}/conference.html`);
  await alice.fill('#login', 'Alice');
  await alice.check('#record');
  await alice.click('#join');
  await onAir(alice);
  await mark(alice, 'REC');
  const room = await alice.textContent('#room-name');

  const bob = await browser.person('Bob');
  await bob.goto(await alice.inputValue('#invite'));
  assert.equal(await bob.isVisible('#record'), false);
  await bob.fill('#login', 'Bob');
  await bob.click('#join');
  await onAir(bob);
  await mark(bob, 'REC');
  await read(bob, 'This room is being recorded');
  await sees(await videoOf(bob, 'Alice'), 'Alice');
  await sleep(TALK_MS);
  for (const page of [alice, bob])
    await page.click('#leave');
  await notice(alice, 'was recorded');

  const whole = await recorded('the room', FINISH_S, (record) => record.kind === 'room' && record.room === room);
  assert.ok(whole.duration_ms > TALK_MS && whole.bytes > 10000, JSON.stringify(whole));
  const mix = await recorded('the mix', MIX_S, (record) => record.name === whole.name.replace('.mkv', '-mixed.mp4'));
  await notice(alice, 'in one picture');

  await alice.goto(`${roomline.http}/client/records/#${encodeURIComponent(mix.name)}`);
  const [width, height, seconds] = await plays(alice);
  assert.ok(width > 0 && height > 0, `${width}x${height}`);
  assert.ok(Math.abs(seconds * 1000 - whole.duration_ms) < 1500, `${seconds} s of ${whole.duration_ms} ms`);
  assert.equal(await alice.textContent('.record[data-kind=mix] h2'), room);
  assert.deepEqual(alice.errors, []);
  await Promise.all([alice.context().close(), bob.context().close()]);
});

test('stock Conference: its box records the room', async () => {
  const alice = await browser.person('Alice');
  await open(alice, roomline, 'conference');
  await alice.check('#recordCheckBox');
  const before_ = (await index()).length;
  await join(alice, 'Alice');
  await published(alice);
  await sleep(TALK_MS);
  await leave(alice);
  await until('one more recording', FINISH_S, async () => (await index()).length > before_);
  const newest = (await index()).sort((a, b) => b.start_unix_ms - a.start_unix_ms)[0];
  const whole = await recorded('the room', FINISH_S, (record) => record.kind === 'room' && record.room === newest.room);
  const response = await fetch(`${roomline.http}/client/records/${encodeURIComponent(whole.name)}`);
  const head = new Uint8Array(await response.arrayBuffer()).slice(0, 4);
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'video/x-matroska']);
  assert.deepEqual([...head], [0x1a, 0x45, 0xdf, 0xa3]); // EBML
  await alice.context().close();
});

test('the recorder dies and comes back, then the controlplane: the mark tells, and each part is there', async () => {
  const alice = await browser.person('Alice');
  await alice.goto(`${roomline.http}/conference.html`);
  await alice.fill('#login', 'Alice');
  await alice.fill('#room', 'falls and rises');
  await alice.check('#record');
  await alice.click('#join');
  await onAir(alice);
  await mark(alice, 'REC');
  await sleep(2000);
  await roomline.kill('recorder');
  await mark(alice, 'Not recorded');
  await roomline.startRecorder();
  await mark(alice, 'REC');
  await sleep(2000);

  await roomline.kill('controlplane');
  await notice(alice, 'Connection lost');
  await roomline.startControlplane();
  await alice.waitForFunction(() => document.body.dataset.state === 'joined', null, { timeout: 30000 });
  await onAir(alice);
  await mark(alice, 'REC');
  await sleep(2000);
  await alice.click('#leave');
  const parts = await until('both parts', FINISH_S, async () => {
    const ready = (await index()).filter(({ kind, room, state }) => kind === 'room' && room === 'falls and rises' && state === 'ready');
    return ready.length === 2 && ready;
  });
  parts.sort((a, b) => a.start_unix_ms - b.start_unix_ms);
  assert.ok(parts[0].duration_ms > 3500 && parts[1].duration_ms > 1500, JSON.stringify(parts));
  await alice.context().close();
});

test('stock SDK: a stream published with record:true has a name, and its link works', async () => {
  const bob = await browser.person('Bob');
  await enter(bob, pageUrl(roomline, 'conference', { roomName: 'room-sdk', login: 'Bob' }));
  const alice = await browser.person('Alice');
  await open(alice, roomline, 'conference');
  const name = await alice.evaluate(([url, talkMs]) => new Promise((done, fail) => {
    const { events, sdk } = window.RoomApi;
    const { PUBLISHING, UNPUBLISHED, FAILED } = sdk.constants.STREAM_STATUS;
    const start = (room) => {
      const publishing = { display: document.getElementById('localDisplay'), record: true, constraints: { audio: true, video: true } };
      room.publish(publishing)
        .on(PUBLISHING, (stream) => setTimeout(() => stream.stop(), talkMs))
        .on(UNPUBLISHED, (stream) => done(stream.getRecordInfo()))
        .on(FAILED, (stream) => fail(new Error(stream.getInfo())));
    };
    window.RoomApi.connect({ urlServer: url, username: 'Alice' })
      .on(sdk.constants.SESSION_STATUS.ESTABLISHED, (session) =>
        session.join({ name: 'room-sdk' }).on(events.STATE, start));
  }), [roomline.http.replace('http', 'ws'), TALK_MS]);
  await mark(bob, '');
  assert.match(name, /^stream-[0-9a-f-]{36}-Alice\.(mp4|webm)$/);

  const link = `${roomline.http}/client/records/${name}`;
  assert.ok([200, 503].includes((await fetch(link)).status), 'the link is known at once');
  const file = await recorded('the stream', FINISH_S, (record) => record.name === name);
  assert.ok(file.duration_ms > TALK_MS / 2, JSON.stringify(file));
  await read(bob, 'Recorded: room-sdk-Alice');
  const viewer = await browser.person('Carol', { source: false });
  await viewer.goto(link);
  const [width, height, seconds] = await plays(viewer);
  assert.deepEqual([width, height], [320, 240]);
  assert.ok(Math.abs(seconds * 1000 - TALK_MS) < 2000, `${seconds} s`);
  const part = await fetch(link, { headers: { range: 'bytes=0-99' } });
  assert.deepEqual([part.status, (await part.arrayBuffer()).byteLength], [206, 100]);
  await Promise.all([alice.context().close(), bob.context().close(), viewer.context().close()]);
});
