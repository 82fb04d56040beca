// SPDX-License-Identifier: MIT
// The unmodified WebSDK examples, driven as a person drives them.

const PAGES = {
  conference: 'conference/conference.html',
  'video-chat': 'video-chat/video-chat.html',
  'screen-sharing': 'video-chat-and-screen-sharing/video-chat-and-screen-sharing.html',
};

export async function open(page, roomline, example, { room, secure = false } = {}) {
  const base = secure ? roomline.https : roomline.http;
  const query = room ? `?roomName=${encodeURIComponent(room)}` : '';
  await page.goto(`${base}/client2/examples/demo/streaming/${PAGES[example]}${query}`);
  await page.fill('#url', base.replace(/^http/, 'ws'));
}

const text = (page, selector, wanted, seconds = 20) =>
  page.waitForFunction(([s, t]) => document.querySelector(s)?.textContent === t, [selector, wanted], { timeout: seconds * 1000 })
    .catch(async (e) => { throw new Error(`${selector} is "${await page.textContent(selector)}", not "${wanted}" (${e.message})`); });

export async function join(page, login) {
  if (await page.isEditable('#login'))
    await page.fill('#login', login);
  await page.click('#joinBtn');
  await text(page, '#status', 'ESTABLISHED');
  await text(page, '#joinBtn', 'Leave');
}

export async function leave(page) {
  await page.click('#joinBtn');
  await text(page, '#joinBtn', 'Join');
}

export const published = (page) => text(page, '#localStatus', 'PUBLISHING');
export const unpublished = (page) => text(page, '#localStatus', 'UNPUBLISHED');

// "participant1" for the login that stands in #participant1Name, or null.
export const participantOf = (page, login) => page.evaluate((name) => {
  const label = [...document.querySelectorAll('[id$=Name]')].find((e) => e.textContent === name);
  return label ? label.id.replace('Name', '') : null;
}, login);

// The SDK keeps the element of an ended stream, without a source, for the next one.
const PLAYING = '[...document.querySelectorAll(`${selector} video`)].some((v) => v.srcObject)';
const playing = (page, selector, wanted) =>
  page.waitForFunction(`((selector) => (${PLAYING}) === ${wanted})(${JSON.stringify(selector)})`, null, { timeout: 20000 });

export const plays = (page, selector) => playing(page, selector, true);
export const stopped = (page, selector) => playing(page, selector, false);

// The <video> that plays this person.
export async function remoteOf(page, login) {
  await page.waitForFunction((name) => [...document.querySelectorAll('[id$=Name]')].some((e) => e.textContent === name),
    login, { timeout: 20000 });
  const display = `#${await participantOf(page, login)}Display`;
  await plays(page, display);
  return page.locator(`${display} video`).last();
}

export async function say(page, message) {
  await page.fill('#message', message);
  await page.click('#sendMessageBtn');
}

export const chat = (page, line) =>
  page.waitForFunction((l) => document.querySelector('#chat').textContent.includes(l), line, { timeout: 10000 });
