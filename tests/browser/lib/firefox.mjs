// SPDX-License-Identifier: MIT
// Headless Firefox ESR over WebDriver BiDi, one page of one person with known content. Without any sound device Firefox
// leaves every AudioContext suspended, so a PulseAudio of our own with a null sink stands in for one.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { until } from './daemons.mjs';
import { BEEP_HZ, PEOPLE, installSource } from './source.mjs';

const PREFS = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
};

export class Firefox {
  static async start() {
    const f = new Firefox();
    f.dir = mkdtempSync(join(tmpdir(), 'roomline-firefox-'));
    const socket = join(f.dir, 'pulse/native');
    const script = join(f.dir, 'pulse.pa');
    writeFileSync(script, `load-module module-native-protocol-unix auth-anonymous=1\nload-module module-null-sink\n`);
    const env = { ...process.env, HOME: f.dir, XDG_RUNTIME_DIR: f.dir };
    f.pulse = spawn('pulseaudio', ['--daemonize=no', '--exit-idle-time=-1', '-n', '-F', script], { env, stdio: 'ignore' });
    await until('PulseAudio listens', 10, () => existsSync(socket));
    f.browser = await puppeteer.launch({
      browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', headless: true,
      extraPrefsFirefox: PREFS, acceptInsecureCerts: true, env,
    });
    return f;
  }

  async person(who, { width = 320, height = 240, fps = 15 } = {}) {
    const page = await this.browser.newPage();
    await page.evaluateOnNewDocument(installSource, { ...PEOPLE[who], width, height, fps, beepHz: BEEP_HZ });
    return page;
  }

  async stop() {
    await this.browser?.close();
    this.pulse.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
