// SPDX-License-Identifier: MIT
// What is in a finished film: ffmpeg decodes, here it is looked at. Times in seconds from the film's beginning.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const GRID_HZ = 200; // pictures are repeated on this grid, so that a picture's number is its time
const SIDE = 8;
const SOUND_HZ = 16000;
const WINDOW = 160; // 10 ms
const HOP = 40;
const LIT = 128;
const DARK = 40;

async function decode(file, args) {
  const { stdout, stderr } = await run('ffmpeg', ['-v', 'error', '-i', file, ...args, '-'],
    { encoding: 'buffer', maxBuffer: 1 << 26 });
  assert.equal(stderr.toString(), '', file);
  return stdout;
}

/** Seconds the container says; ffprobe must have nothing to complain about. */
export async function lengthOf(file) {
  const { stdout, stderr } = await run('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', file]);
  assert.equal(stderr, '', file);
  return Number(stdout);
}

/** Brightness, 0..255, GRID_HZ times a second, of a part of the picture (ffmpeg's crop, w:h:x:y). */
async function brightness(file, crop) {
  const chain = `crop=${crop},scale=${SIDE}:${SIDE}:flags=area,format=gray,fps=${GRID_HZ}:start_time=0`;
  const bytes = await decode(file, ['-an', '-vf', chain, '-f', 'rawvideo']);
  const pixels = SIDE * SIDE;
  return Array.from({ length: bytes.length / pixels }, (_, i) =>
    bytes.subarray(i * pixels, (i + 1) * pixels).reduce((sum, p) => sum + p, 0) / pixels);
}

/** Begins of what is on, where it was off before. */
const onsets = (on, hz) => on.flatMap((x, i) => (i > 0 && x && !on[i - 1] ? [i / hz] : []));

/** When the middle of the picture, or of its left or right half, turns white. */
export async function flashesOf(file, { left = 0, width = 1 } = {}) {
  const crop = `iw*${width * 0.1}:ih*0.1:iw*${left + width * 0.45}:ih*0.45`;
  return onsets((await brightness(file, crop)).map((level) => level > LIT), GRID_HZ);
}

/** Whether the whole picture is black, at the first and at the last moment. */
export async function blackEnds(file) {
  const levels = await brightness(file, 'iw:ih:0:0');
  return [levels[0] < DARK, levels.at(-1) < DARK];
}

/** When the tone of this pitch sets in. */
export async function beepsOf(file, hz) {
  const bytes = await decode(file, ['-vn', '-af', 'aresample=async=1:first_pts=0', '-ar', SOUND_HZ, '-ac', 1, '-f', 's16le']);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  const turn = Array.from({ length: WINDOW }, (_, i) => {
    const hann = 1 - Math.cos(2 * Math.PI * (i + 0.5) / WINDOW);
    const phase = 2 * Math.PI * hz * i / SOUND_HZ;
    return [hann * Math.cos(phase), hann * Math.sin(phase)];
  });
  const levels = [];
  for (let at = 0; at + WINDOW <= samples.length; at += HOP) {
    const [re, im] = turn.reduce(([a, b], [c, s], i) => [a + samples[at + i] * c, b + samples[at + i] * s], [0, 0]);
    levels.push(Math.hypot(re, im));
  }
  const loud = levels.reduce((a, b) => Math.max(a, b), 0) / 4; // a sum of films clips, which takes up to half of a beep
  return onsets(levels.map((level) => level > loud), SOUND_HZ / HOP).map((t) => t + WINDOW / 2 / SOUND_HZ);
}

/** How far the nearest of others are from some, ms: the median (positive: others are later), and what nine in ten keep to. */
export function apart(some, others) {
  const nearest = (t) => others.reduce((best, o) => (Math.abs(o - t) < Math.abs(best - t) ? o : best), Infinity);
  const ms = some.map((t) => (nearest(t) - t) * 1000).filter((d) => Math.abs(d) < 500);
  const quantile = (values, share) => values.sort((a, b) => a - b)[Math.floor(values.length * share)];
  return { pairs: ms.length, median: quantile(ms, 0.5), p90: quantile(ms.map(Math.abs), 0.9) };
}

/** What operators do with two films in step: one picture beside the other, both sounds. */
export const merge = (first, second, output) => run('ffmpeg', ['-v', 'error', '-i', first, '-i', second, '-filter_complex',
  '[0:v]pad=iw*2:ih[int];[int][1:v]overlay=W/2:0[vid];[0:a][1:a]amerge[a]', '-map', '[vid]', '-map', '[a]', '-ac', '2',
  '-c:v', 'libx264', '-crf', '23', '-preset', 'veryfast', output]);
