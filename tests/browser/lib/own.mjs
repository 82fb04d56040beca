// SPDX-License-Identifier: MIT
// Our own pages, driven as a person drives them. Works for Playwright and Puppeteer pages.

const wait = (page, what, fn, arg, seconds = 20) => {
  const waiting = page.keyboard && page.locator && page.context
    ? page.waitForFunction(fn, arg, { timeout: seconds * 1000 })
    : page.waitForFunction(fn, { timeout: seconds * 1000, polling: 100 }, arg);
  return waiting.catch((e) => { throw new Error(`${what}: ${e.message}`); });
};

export const pageUrl = (roomline, name, query, { secure = false } = {}) =>
  `${secure ? roomline.https : roomline.http}/${name}.html?${new URLSearchParams(query)}`;

export async function enter(page, url) {
  await page.goto(url);
  await wait(page, 'lobby', () => document.body.dataset.state === 'idle' && !document.querySelector('#join').disabled);
  await page.click('#join');
  await wait(page, 'joined', () => document.body.dataset.state === 'joined');
}

export const onAir = (page) =>
  wait(page, 'on air', () => document.querySelector('#status').dataset.publish === 'PUBLISHING');

const TILE = (login, screen) => `.tile${screen ? '.screen' : ':not(.screen)'}:not(.own)[data-login="${login}"][data-status="PLAYING"]`;

// The <video> that plays this person: a handle that the oracle's functions take.
export async function videoOf(page, login, { screen = false } = {}) {
  const selector = `${TILE(login, screen)} video`;
  await wait(page, `plays ${login}`, (s) => document.querySelector(s), selector);
  return page.$(selector);
}

export const gone = (page, login, { screen = false } = {}) =>
  wait(page, `${login} gone`, (s) => !document.querySelector(s), TILE(login, screen));

export async function say(page, text) {
  await page.fill('#chat-text', text);
  await page.click('#chat-send');
}

export const read = (page, text) =>
  wait(page, `chat shows ${text}`, (t) => document.querySelector('#chat-log').textContent.includes(t), text);

export const notice = (page, pattern) =>
  wait(page, `notice ${pattern}`, (p) => new RegExp(p).test(document.querySelector('#error').textContent), pattern);
