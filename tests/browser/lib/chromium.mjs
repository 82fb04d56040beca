// SPDX-License-Identifier: MIT
// Headless Chromium with one page per person, each with known content for camera and microphone.
import { chromium } from 'playwright-core';
import { BEEP_HZ, PEOPLE, installSource } from './source.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--ignore-certificate-errors',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
];

export class Browser {
  static async start(extraFlags = []) {
    const b = new Browser();
    b.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
      ignoreDefaultArgs: ['--headless', '--mute-audio'], args: ['--headless=new', ...FLAGS, ...extraFlags],
    });
    return b;
  }

  // A page of this person. Console errors and page errors are kept in page.errors.
  async person(who, { source = true, width = 320, height = 240, fps = 15, beepHz = BEEP_HZ, viewport } = {}) {
    const context = await this.browser.newContext({
      ignoreHTTPSErrors: true, permissions: ['camera', 'microphone', 'clipboard-read', 'clipboard-write'],
      viewport: viewport ?? { width: 1280, height: 800 },
    });
    const page = await context.newPage();
    page.errors = [];
    page.on('pageerror', (e) => page.errors.push(String(e)));
    page.on('console', (m) => m.type() === 'error' && page.errors.push(m.text()));
    if (source)
      await page.addInitScript(installSource, { ...PEOPLE[who], width, height, fps, beepHz });
    // Every peer connection of the page, for statistics.
    await page.addInitScript(() => {
      const Native = window.RTCPeerConnection;
      window.__pcs = [];
      window.RTCPeerConnection = class extends Native {
        constructor(...args) {
          super(...args);
          window.__pcs.push(this);
        }
      };
    });
    return page;
  }

  stop() {
    return this.browser.close();
  }
}

// getStats() of every live peer connection, as plain objects of the given types.
export function stats(page, ...types) {
  return page.evaluate(async (wanted) => {
    const all = [];
    for (const pc of window.__pcs) {
      if (pc.connectionState === 'closed')
        continue;
      (await pc.getStats()).forEach((s) => wanted.includes(s.type) && all.push({ ...s }));
    }
    return all;
  }, types);
}
