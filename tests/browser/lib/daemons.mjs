// SPDX-License-Identifier: MIT
// The real daemons, as tools/run starts them, on free ports and in a folder of their own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TOP = resolve(HERE, '../../..');
const BUILD = resolve(TOP, process.env.ROOMLINE_BUILD ?? 'build');
export const SDK = resolve(HERE, '../node_modules/@flashphoner/websdk');

const freePort = () => new Promise((done, fail) => {
  const s = createServer();
  s.on('error', fail);
  s.listen(0, '127.0.0.1', () => {
    const { port } = s.address();
    s.close(() => done(port));
  });
});

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

export async function until(what, seconds, test) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) {
    const got = await Promise.resolve().then(test).catch(() => false);
    if (got)
      return got;
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

export class Roomline {
  static #nextMediaPort = 31001 + (process.pid % 200) * 100;

  // settings: conf keys, e.g. { 'workers.count': 2 }. recorder: for tests that record; the others do without.
  static async start(settings = {}, { recorder = false } = {}) {
    const r = new Roomline();
    r.dir = mkdtempSync(join(tmpdir(), 'roomline-'));
    r.ws = await freePort();
    r.wss = await freePort();
    r.settings = {
      run_dir: join(r.dir, 'run'), state_dir: join(r.dir, 'state'),
      'record.dir': join(r.dir, 'records'), 'ws.port': r.ws, 'wss.port': r.wss,
      'media.port': (Roomline.#nextMediaPort += 20), 'media.announce': '127.0.0.1', 'static.dir': SDK, ...settings,
    };
    r.log = { dataplane: '', controlplane: '', recorder: '' };
    try {
      await r.startDataplane();
      if (recorder)
        await r.startRecorder();
      await r.startControlplane();
    } catch (e) {
      r.kill('dataplane');
      r.kill('controlplane');
      r.kill('recorder');
      throw new Error(`${e.message}\n${r.log.dataplane}${r.log.controlplane}${r.log.recorder}`);
    }
    return r;
  }

  #spawn(name) {
    const args = Object.entries(this.settings).flatMap(([k, v]) => ['--set', `${k}=${v}`]);
    const child = spawn(join(BUILD, name, `roomline-${name}`), args, { cwd: TOP, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (data) => { this.log[name] = (this.log[name] + data).slice(-200000); };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('exit', (code, signal) => { child.ended = { code, signal }; });
    this[name] = child;
    return child;
  }

  async startDataplane() {
    const child = this.#spawn('dataplane');
    await until('dataplane ready', 20, () => child.ended || existsSync(join(this.settings.run_dir, 'dataplane.ctl')));
    if (child.ended)
      throw new Error(`dataplane ended: ${JSON.stringify(child.ended)}`);
  }

  async startRecorder() {
    const child = this.#spawn('recorder');
    await until('recorder ready', 20, () => child.ended || existsSync(join(this.settings.run_dir, 'recorder.ctl')));
    if (child.ended)
      throw new Error(`recorder ended: ${JSON.stringify(child.ended)}`);
  }

  async startControlplane() {
    this.#spawn('controlplane');
    await until('controlplane healthy', 20, async () => (await this.health()).status === 'ok');
  }

  async health() {
    return (await fetch(`${this.http}/healthz`)).json();
  }

  get http() { return `http://127.0.0.1:${this.ws}`; }
  get https() { return `https://127.0.0.1:${this.wss}`; }

  kill(name, signal = 'SIGKILL') {
    const child = this[name];
    child?.kill(signal);
    return child && until(`${name} ended`, 10, () => child.ended);
  }

  async stop() {
    for (const name of ['controlplane', 'recorder', 'dataplane']) {
      const child = this[name];
      if (child && !child.ended) {
        child.kill('SIGTERM');
        await until(`${name} stops on SIGTERM`, 10, () => child.ended).catch((e) => { child.kill('SIGKILL'); throw e; });
      }
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
