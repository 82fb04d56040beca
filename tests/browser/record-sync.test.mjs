// SPDX-License-Identifier: MIT
// What is in the recordings: sound and picture together, as long as it lasted, in step with each other, and the browser
// plays every kind of file.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './lib/chromium.mjs';
import { Roomline, sleep, until } from './lib/daemons.mjs';
import { apart, beepsOf, blackEnds, flashesOf, lengthOf, merge } from './lib/film.mjs';
import { BEEP_HZ } from './lib/source.mjs';
import { open } from './lib/stock.mjs';

const TALK_MS = 12000;
const LATE_MS = 4000;
const LEFT_MS = 3000;
const FPS = 30;
const FINISH_S = 60;
const TOGETHER_MS = 80;
const STEP_MS = 40;
const OTHER_HZ = 3000; // a beep that can be told from the first one's

let browser;
before(async () => {
  browser = await Browser.start();
});
after(() => browser?.stop());

async function start(t, settings) {
  const roomline = await Roomline.start(settings, { recorder: true });
  t.after(() => roomline.stop());
  await until('the recorder is linked', 10, async () => (await roomline.health()).recorder === 'up');
  return roomline;
}

const index = async (roomline) => (await fetch(`${roomline.http}/client/records/index.json`)).json();
const pathOf = (roomline, name) => join(roomline.settings['record.dir'], name);

function ready(roomline, what, fits) {
  return until(what, FINISH_S, async () => (await index(roomline)).find((r) => r.state === 'ready' && fits(r)));
}

/** Joins a room and publishes with record:true; resolves when that is on the air. */
async function publish(roomline, login, { room, whole = false, beepHz = BEEP_HZ }) {
  const page = await browser.person(login, { fps: FPS, beepHz });
  await open(page, roomline, 'conference');
  await page.evaluate(([urlServer, username, name, record]) => new Promise((done, fail) => {
    const { events, sdk } = window.RoomApi;
    const { PUBLISHING, UNPUBLISHED, FAILED } = sdk.constants.STREAM_STATUS;
    const publishing = { display: document.getElementById('localDisplay'), record: true, constraints: { audio: true, video: true } };
    const say = (joined) => joined.publish(publishing)
      .on(PUBLISHING, (stream) => {
        const began = performance.now();
        window.__stop = () => new Promise((stopped) => {
          stream.on(UNPUBLISHED, () => {
            joined.leave();
            stopped({ name: stream.getRecordInfo(), ms });
          });
          const ms = performance.now() - began;
          stream.stop();
        });
        done();
      })
      .on(FAILED, (stream) => fail(new Error(stream.getInfo())));
    window.RoomApi.connect({ urlServer, username })
      .on(sdk.constants.SESSION_STATUS.ESTABLISHED, (session) => session.join({ name, record }).on(events.STATE, say));
  }), [roomline.http.replace('http', 'ws'), login, room, whole]);
  return page;
}

/** Ends what publish() began; resolves to its file's name and how long it was on the air. */
async function stop(page) {
  const recorded = await page.evaluate(() => window.__stop());
  await page.context().close();
  return recorded;
}

/** Flash and beep are together all through the film. */
async function together(t, file, seconds) {
  const [flashes, beeps] = [await flashesOf(file), await beepsOf(file, BEEP_HZ)];
  const { pairs, median, p90 } = apart(flashes, beeps);
  t.diagnostic(`${file.split('.').pop()}: sound after picture ${median?.toFixed(0)} ms, p90 ${p90?.toFixed(0)} ms (${pairs} flashes)`);
  assert.ok(pairs >= seconds - 2, `${flashes.length} flashes, ${beeps.length} beeps in ${seconds} s`);
  assert.ok(p90 < TOGETHER_MS, `${flashes} and ${beeps}`);
}

/** The browser plays the file from its beginning, and from its middle. */
async function plays(page, roomline, name) {
  await page.goto(`${roomline.http}/client/records/`);
  const [width, middle] = await page.evaluate(async (src) => {
    const video = document.createElement('video');
    const happens = (event) => new Promise((done, fail) => {
      video.addEventListener(event, done, { once: true });
      video.addEventListener('error', () => fail(new Error(`${src}: ${video.error.message}`)), { once: true });
    });
    const passes = async (time) => {
      while (video.currentTime < time)
        await happens('timeupdate');
    };
    video.src = src;
    document.body.append(video);
    await video.play();
    await passes(0.5);
    const half = video.duration / 2;
    video.currentTime = half;
    await happens('seeked');
    await passes(half + 0.5);
    return [video.videoWidth, video.currentTime > half];
  }, `/client/records/${encodeURIComponent(name)}`);
  assert.ok(width > 0 && middle, `${name}: ${width} wide`);
}

/** One stream as a file of its own: how long, how well together, and played. */
async function own(t, roomline, viewer, { name, ms }, kind) {
  assert.ok(name.endsWith(kind), name);
  const record = await ready(roomline, name, (r) => r.name === name);
  const seconds = await lengthOf(pathOf(roomline, name));
  t.diagnostic(`${kind}: on the air ${(ms / 1000).toFixed(2)} s, film ${seconds.toFixed(2)} s`);
  assert.ok(Math.abs(seconds * 1000 - ms) < 500 && Math.abs(record.duration_ms - ms) < 500, `${seconds} s, ${JSON.stringify(record)}`);
  await together(t, pathOf(roomline, name), seconds);
  await plays(viewer, roomline, name);
}

test('H.264 and Opus: stream, room and mix keep sound and picture together, and play', async (t) => {
  const roomline = await start(t, { 'media.video_codecs': 'H264' });
  const alice = await publish(roomline, 'Alice', { room: 'sync', whole: true });
  await sleep(TALK_MS);
  const recorded = await stop(alice);
  const viewer = await browser.person('Carol', { source: false });
  await own(t, roomline, viewer, recorded, '.mp4');
  for (const kind of ['room', 'mix']) {
    const { name } = await ready(roomline, kind, (r) => r.kind === kind);
    const seconds = await lengthOf(pathOf(roomline, name));
    assert.ok(Math.abs(seconds * 1000 - recorded.ms) < 500, `${name}: ${seconds} s of ${recorded.ms} ms`);
    await together(t, pathOf(roomline, name), seconds);
    await plays(viewer, roomline, name);
  }
  await viewer.context().close();
});

test('VP8 and Opus: a stream keeps sound and picture together, and plays', async (t) => {
  const roomline = await start(t, { 'media.video_codecs': 'VP8' });
  const alice = await publish(roomline, 'Alice', { room: 'sync' });
  await sleep(TALK_MS);
  const recorded = await stop(alice);
  const viewer = await browser.person('Carol', { source: false });
  await own(t, roomline, viewer, recorded, '.webm');
  await viewer.context().close();
});

test('in step: two who come and go have films of one length that fit beside each other', async (t) => {
  const roomline = await start(t, { 'media.video_codecs': 'H264', enable_empty_shift_writer: 'true' });
  const alice = await publish(roomline, 'Alice', { room: 'step' });
  await sleep(LATE_MS);
  const bob = await publish(roomline, 'Bob', { room: 'step', beepHz: OTHER_HZ });
  await sleep(LATE_MS);
  const recorded = [await stop(alice)];
  await sleep(LEFT_MS);
  recorded.push(await stop(bob));
  await until('both films made anew', FINISH_S, async () =>
    (await index(roomline)).filter((r) => r.state === 'ready').length === 2 && !readdirSync(pathOf(roomline, '.captures')).length);

  const [first, second] = recorded.map(({ name }) => pathOf(roomline, name));
  const lengths = [await lengthOf(first), await lengthOf(second)];
  t.diagnostic(`films: ${lengths.join(' s, ')} s; on the air ${recorded.map(({ ms }) => ms.toFixed(0)).join(' ms, ')} ms`);
  assert.ok(Math.abs(lengths[0] - lengths[1]) * 1000 <= STEP_MS, lengths.join(' '));
  assert.ok(lengths[0] * 1000 > recorded[0].ms + LEFT_MS && lengths[1] * 1000 > recorded[1].ms + LATE_MS, lengths.join(' '));
  assert.deepEqual([await blackEnds(first), await blackEnds(second)], [[false, true], [true, false]]);

  const both = pathOf(roomline, 'output.mp4');
  await merge(first, second, both);
  const flashes = [await flashesOf(both, { width: 0.5 }), await flashesOf(both, { left: 0.5, width: 0.5 })];
  const beeps = [await beepsOf(both, BEEP_HZ), await beepsOf(both, OTHER_HZ)];
  for (const [what, [one, other]] of Object.entries({ flashes, beeps })) {
    const { pairs, median, p90 } = apart(one, other);
    t.diagnostic(`${what}: second after first ${median?.toFixed(0)} ms, p90 ${p90?.toFixed(0)} ms (${pairs} pairs)`);
    assert.ok(pairs >= LATE_MS / 1000 - 1, `${what}: ${one} and ${other}`);
    assert.ok(p90 < STEP_MS + 1000 / FPS, `${what}: ${one} and ${other}`);
  }
});
