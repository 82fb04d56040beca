// SPDX-License-Identifier: MIT
// Takes the screenshots of README.md over the real daemons: three people in a conference, on a laptop and on a phone;
// then what was recorded of them: the page of recordings, and a frame of the mix.
// Usage: node tests/browser/shots.mjs (after tests/browser/run has installed its packages and the daemons are built)
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser } from './lib/chromium.mjs';
import { Roomline, sleep, until } from './lib/daemons.mjs';
import { enter, onAir, pageUrl, say, videoOf } from './lib/own.mjs';

const SHOTS = fileURLToPath(new URL('./shots/', import.meta.url));
const PEOPLE = [
  { login: 'Alice', sky: ['#31456b', '#c98a6b'], skin: '#f0c9a8', hair: '#3a2418', shirt: '#2f7f79' },
  { login: 'Борис', sky: ['#22382f', '#9fb36f'], skin: '#c9946a', hair: '#15120f', shirt: '#8a3f4d' },
  { login: 'Carol', sky: ['#3d2b52', '#d9a0b4'], skin: '#8d5a3b', hair: '#1d1410', shirt: '#c7a23c' },
];

// Runs in the page: a drawn person who nods and breathes, in place of the camera.
function installPortrait({ sky, skin, hair, shirt }) {
  const ellipse = (g, color, x, y, rx, ry) => {
    g.fillStyle = color;
    g.beginPath();
    g.ellipse(x, y, rx, ry, 0, 0, 7);
    g.fill();
  };
  const draw = (g, t) => {
    const nod = 4 * Math.sin(t * 2);
    const back = g.createLinearGradient(0, 0, 640, 480);
    sky.forEach((c, i) => back.addColorStop(i, c));
    g.fillStyle = back;
    g.fillRect(0, 0, 640, 480);
    for (let i = 0; i < 6; i++)
      ellipse(g, 'rgba(255,255,255,0.06)', 110 * i + 40, 90 + 60 * Math.sin(i * 2 + t / 3), 70, 70);
    ellipse(g, shirt, 320, 520, 190, 170 + 2 * Math.sin(t));
    ellipse(g, skin, 320, 350, 46, 60);
    ellipse(g, hair, 320, 208 + nod, 112, 122);
    ellipse(g, skin, 320, 232 + nod, 92, 108);
    for (const x of [285, 355])
      ellipse(g, '#1b1b1b', x, 222 + nod, 9, t % 4 < 0.2 ? 2 : 10);
    ellipse(g, '#8c3b3b', 320, 288 + nod, 26, 5 + 5 * Math.abs(Math.sin(t * 5)));
  };
  navigator.mediaDevices.getUserMedia = async ({ audio }) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const g = canvas.getContext('2d');
    setInterval(() => draw(g, performance.now() / 1000), 66);
    const ctx = new AudioContext();
    const out = ctx.createMediaStreamDestination();
    const voice = new OscillatorNode(ctx, { frequency: 180 });
    voice.connect(out);
    voice.start();
    return new MediaStream([...canvas.captureStream(15).getVideoTracks(), ...(audio ? out.stream.getAudioTracks() : [])]);
  };
}

const ROOM = 'friday-demo';

// The first of them has the room recorded: the box is there for who comes without an invitation.
async function begin(page, roomline, login) {
  await page.goto(pageUrl(roomline, 'conference', {}).replace(/\?$/, ''));
  await page.waitForFunction(() => document.body.dataset.state === 'idle');
  await page.fill('#login', login);
  await page.fill('#room', ROOM);
  await page.check('#record');
  await page.click('#join');
  await page.waitForFunction(() => document.body.dataset.state === 'joined');
}

async function talk(browser, roomline) {
  const pages = [];
  for (const [i, person] of PEOPLE.entries()) {
    const viewport = i === 2 ? { width: 390, height: 844 } : { width: 1280, height: 800 };
    const page = await browser.person('Alice', { source: false, viewport });
    await page.addInitScript(installPortrait, person);
    await (i ? enter(page, pageUrl(roomline, 'conference', { roomName: ROOM, login: person.login }))
      : begin(page, roomline, person.login));
    await onAir(page);
    pages.push(page);
  }
  for (const [i, page] of pages.entries())
    for (const { login } of PEOPLE.filter((_, j) => j !== i))
      await videoOf(page, login);
  await say(pages[0], 'Can everybody hear me?');
  await say(pages[1], 'Да, отлично слышно 👍');
  await sleep(500);
  await pages[0].click('#stats-toggle');
  await sleep(6000);
  await pages[0].screenshot({ path: `${SHOTS}conference.png` });
  await pages[2].screenshot({ path: `${SHOTS}phone.png` });
  return pages;
}

const recordings = async (roomline) => (await fetch(`${roomline.http}/client/records/index.json`)).json();

async function showRecordings(browser, roomline) {
  const mix = await until('the mix is ready', 60, async () =>
    (await recordings(roomline)).find(({ kind, state }) => kind === 'mix' && state === 'ready'));
  const page = await browser.person('Alice', { source: false, viewport: { width: 1280, height: 800 } });
  await page.goto(`${roomline.http}/client/records/`);
  await page.waitForFunction((name) => document.body.textContent.includes(name), mix.name);
  await page.screenshot({ path: `${SHOTS}recordings.png` });
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-ss', String(mix.duration_ms / 2000), '-i',
    join(roomline.settings['record.dir'], mix.name), '-frames:v', '1', `${SHOTS}mix.png`]);
}

const roomline = await Roomline.start({ 'dataplane.port': 'socket', 'room.idle_timeout': 500 }, { recorder: true });
const browser = await Browser.start();
try {
  for (const page of await talk(browser, roomline))
    await page.close();
  await showRecordings(browser, roomline);
} catch (e) {
  console.error(roomline.log.controlplane.slice(-4000), roomline.log.recorder.slice(-4000));
  throw e;
} finally {
  await browser.stop();
  await roomline.stop();
}
