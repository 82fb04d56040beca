// SPDX-License-Identifier: MIT
// What a receiver really sees and hears, measured in its page on the remote element. Each function runs in the browser.
import assert from 'node:assert/strict';
import { BEEP_HZ, PEOPLE } from './source.mjs';

// Colours of the four quadrants, and how many frames were shown so far.
function look(el) {
  if (el.__frames === undefined) {
    el.__frames = 0;
    const count = () => {
      el.__frames++;
      el.requestVideoFrameCallback(count);
    };
    el.requestVideoFrameCallback(count);
  }
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 48;
  const g = canvas.getContext('2d', { willReadFrequently: true });
  g.drawImage(el, 0, 0, 64, 48);
  const at = (x, y) => [...g.getImageData(x, y, 1, 1).data.slice(0, 3)];
  return {
    width: el.videoWidth,
    height: el.videoHeight,
    frames: el.__frames,
    quadrants: [at(12, 9), at(52, 9), at(12, 36), at(52, 36)],
  };
}

// Loudest frequency of the element's sound over 0.4 s, and its level in dB above the median of the spectrum.
async function listen(el) {
  const ctx = (window.__oracleAudio ??= new AudioContext());
  await ctx.resume();
  const source = ctx.createMediaStreamSource(new MediaStream(el.srcObject.getAudioTracks()));
  const analyser = new AnalyserNode(ctx, { fftSize: 8192, smoothingTimeConstant: 0 });
  source.connect(analyser);
  await new Promise((r) => setTimeout(r, 400));
  const bins = new Float32Array(analyser.frequencyBinCount);
  // away from the beep, which is louder than the tone
  const limit = Math.floor(1600 / ctx.sampleRate * analyser.fftSize);
  analyser.getFloatFrequencyData(bins);
  source.disconnect();
  const heard = bins.slice(8, limit);
  const best = heard.indexOf(Math.max(...heard));
  const median = [...heard].sort((a, b) => a - b)[heard.length >> 1];
  return { hz: (best + 8) * ctx.sampleRate / analyser.fftSize, db: heard[best], above: heard[best] - median };
}

// Onsets of flash and beep over `seconds`, on one clock; their differences in ms (positive: sound is late).
async function lipSync(el, { seconds, beepHz }) {
  const ctx = (window.__oracleAudio ??= new AudioContext());
  await ctx.resume();
  const source = ctx.createMediaStreamSource(new MediaStream(el.srcObject.getAudioTracks()));
  const filter = new BiquadFilterNode(ctx, { type: 'bandpass', frequency: beepHz, Q: 12 });
  const analyser = new AnalyserNode(ctx, { fftSize: 256 });
  source.connect(filter).connect(analyser);
  const samples = new Float32Array(256);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 8;
  const g = canvas.getContext('2d', { willReadFrequently: true });
  const flashes = [];
  const beeps = [];
  let lit = true;
  let loud = true;
  let running = true;
  const onFrame = (now, meta) => {
    g.drawImage(el, el.videoWidth * 0.45, el.videoHeight * 0.45, el.videoWidth * 0.1, el.videoHeight * 0.1, 0, 0, 8, 8);
    const bright = g.getImageData(4, 4, 1, 1).data[1] > 128;
    if (bright && !lit)
      flashes.push(meta.expectedDisplayTime ?? now);
    lit = bright;
    if (running)
      el.requestVideoFrameCallback(onFrame);
  };
  el.requestVideoFrameCallback(onFrame);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const level = Math.sqrt(samples.reduce((s, x) => s + x * x, 0) / samples.length);
    const on = level > 0.05;
    if (on && !loud)
      beeps.push(performance.now());
    loud = on;
  }, 4);
  await new Promise((r) => setTimeout(r, seconds * 1000));
  running = false;
  clearInterval(timer);
  source.disconnect();
  const offsets = flashes.map((f) => {
    const b = beeps.reduce((best, x) => (Math.abs(x - f) < Math.abs(best - f) ? x : best), Infinity);
    return b - f;
  }).filter((d) => Math.abs(d) < 500);
  return { flashes: flashes.length, beeps: beeps.length, offsets };
}

function nearest(rgb) {
  const names = PEOPLE.Alice.colors;
  const distance = (hex) => [1, 3, 5].reduce((s, o, i) => s + Math.abs(parseInt(hex.slice(o, o + 2), 16) - rgb[i]), 0);
  return names.reduce((best, c) => (distance(c) < distance(best) ? c : best));
}

const poll = async (what, seconds, attempt) => {
  const until = Date.now() + seconds * 1000;
  for (let last; ;) {
    try {
      return await attempt();
    } catch (e) {
      last = e;
    }
    if (Date.now() > until)
      throw new Error(`${what}: ${last.message}`);
    await new Promise((r) => setTimeout(r, 250));
  }
};

// The element (a Playwright locator of a <video>) shows this person's picture, and it moves.
export async function sees(video, who, { seconds = 20 } = {}) {
  return poll(`sees ${who}`, seconds, async () => {
    const before = await video.evaluate(look);
    await new Promise((r) => setTimeout(r, 600));
    const after = await video.evaluate(look);
    assert.ok(after.width > 0, 'no picture');
    assert.deepEqual(after.quadrants.map(nearest), PEOPLE[who].colors, `quadrants ${JSON.stringify(after.quadrants)}`);
    assert.ok(after.frames >= before.frames + 3, `frames stand still: ${before.frames} -> ${after.frames}`);
    return after;
  });
}

// The element sounds at this person's pitch.
export async function hears(video, who, { seconds = 20 } = {}) {
  return poll(`hears ${who}`, seconds, async () => {
    const { hz, above } = await video.evaluate(listen);
    assert.ok(Math.abs(hz - PEOPLE[who].hz) < 15, `hears ${hz.toFixed(0)} Hz, not ${PEOPLE[who].hz}`);
    assert.ok(above > 20, `only ${above.toFixed(0)} dB above the floor`);
    return hz;
  });
}

export async function silent(video, { seconds = 15 } = {}) {
  return poll('silent', seconds, async () => {
    const { db } = await video.evaluate(listen);
    assert.ok(db < -70, `still ${db.toFixed(0)} dB`);
  });
}

// Median distance of sound and picture, in ms.
export async function lipSyncMs(video, { seconds = 8 } = {}) {
  const { flashes, beeps, offsets } = await video.evaluate(lipSync, { seconds, beepHz: BEEP_HZ });
  assert.ok(offsets.length >= seconds / 2, `flashes ${flashes}, beeps ${beeps}, pairs ${offsets.length} in ${seconds} s`);
  return offsets.sort((a, b) => a - b)[offsets.length >> 1];
}
