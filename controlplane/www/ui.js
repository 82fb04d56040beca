// SPDX-License-Identifier: MIT
// Pieces of a room page: tile, stage, people, chat, notice. They show what they are given and know nothing of calls.
// User text enters the document as text only.

import { icon } from './icons.js';

const GAP_PX = 10;
const CAMERA_RATIOS = { min: 0.8, max: 16 / 9 }; // what a camera tile may be cropped to
const SCREEN_RATIOS = { min: 16 / 10, max: 16 / 9 };
const DUO_RATIOS = { min: 0.4, max: 2.4 };
const STACKED_SHARE = 0.62; // of an upright stage, at most, for screens

export const byId = (id) => document.getElementById(id);

export function element(tag, className = '', text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function iconSpan(name, label) {
  const span = element('span', 'mark');
  span.innerHTML = icon(name);
  span.title = label;
  span.setAttribute('role', 'img');
  span.setAttribute('aria-label', label);
  return span;
}

/** Toggle buttons carry their state in icon, label and aria-pressed; word is the label in short. */
export function setTool(button, { image, label, word, pressed, alarm = false }) {
  button.querySelector('.icon').outerHTML = icon(image);
  button.querySelector('.word').textContent = word;
  button.title = label;
  button.setAttribute('aria-label', label);
  if (pressed !== undefined) button.setAttribute('aria-pressed', String(pressed));
  button.classList.toggle('alarm', alarm);
}

function initial(login) {
  const [first] = globalThis.Intl?.Segmenter ? new Intl.Segmenter().segment(login) : login;
  return (first?.segment ?? first ?? '?').toUpperCase();
}

/** One colour per person, the same on every screen. */
function hue(login) {
  let hash = 7;
  for (const character of login) hash = (hash * 31 + character.codePointAt(0)) % 65_521;
  return (hash * 137) % 360;
}

function avatar(login) {
  const node = element('span', 'avatar', initial(login));
  node.style.setProperty('--hue', hue(login));
  node.setAttribute('aria-hidden', 'true');
  return node;
}

/** A name keeps its own writing direction and does not disturb that of the words around it. */
export const person = (login) => element('bdi', '', login);

/** A link into another page, which leaves this one open. */
export function link(href, text) {
  const node = element('a', '', text);
  node.href = href;
  node.target = '_blank';
  node.dir = 'auto';
  return node;
}

/** The words an element shows for a person: the name, and a remark like "you" or "screen". */
function nameOf(login, remark) {
  const node = element('span', 'name');
  node.append(person(login));
  if (remark) node.append(element('span', 'remark', ` (${remark})`));
  return node;
}

/** A person, or a person's screen. own: shown without sound. */
export class Tile {
  root = element('article', 'tile');
  #video = element('video');
  #stats = element('div', 'tile-stats');
  #message = element('div', 'tile-message');
  #marks = element('span', 'marks');
  #badge = element('span', 'badge');
  #videoMuted = false;
  #onBlocked;

  constructor({ login, remark = '', screen = false, own = false, onBlocked = () => {} }) {
    this.screen = screen;
    this.#onBlocked = onBlocked;
    this.root.dataset.login = login;
    this.root.dataset.stream = '';
    this.root.dataset.status = '';
    this.root.classList.toggle('screen', screen);
    this.root.classList.toggle('own', own);
    this.root.setAttribute('aria-label', remark ? `${login} (${remark})` : login);
    this.#video.autoplay = true;
    this.#video.playsInline = true;
    this.#video.muted = own;
    for (const event of ['loadedmetadata', 'resize', 'emptied', 'playing']) {
      this.#video.addEventListener(event, () => this.#showPicture());
    }
    this.#video.addEventListener('loadedmetadata', () => this.play());
    const bar = element('div', 'caption');
    bar.append(nameOf(login, remark), this.#marks, this.#badge);
    this.#stats.hidden = true;
    this.#message.hidden = true;
    this.root.append(avatar(login), this.#video, this.#message, this.#stats, bar, this.#expandButton());
  }

  get stream() {
    return this.root.dataset.stream;
  }

  /** Back to a person without a stream. */
  reset() {
    this.setStream('', null);
    this.setStatus('');
    this.setMuted({ audio: false, video: false });
    this.setBadge('');
    this.setMessage('');
    this.setStats(null);
    this.setSpeaking(false);
  }

  setStream(name, media) {
    this.root.dataset.stream = name;
    if (this.#video.srcObject !== media) this.#video.srcObject = media;
    this.#showPicture();
  }

  setStatus(status) {
    this.root.dataset.status = status;
  }

  setMuted({ audio, video }) {
    this.#videoMuted = video;
    this.#marks.replaceChildren(...muteMarks({ audio, video }));
    this.root.dataset.muted = [audio && 'audio', video && 'video'].filter(Boolean).join(' ');
    this.#showPicture();
  }

  setBadge(text, state = '') {
    this.#badge.textContent = text;
    this.#badge.dataset.state = state;
  }

  /** action: { label, run } or nothing. */
  setMessage(text, action) {
    this.#message.hidden = !text;
    this.#message.replaceChildren(element('p', '', text));
    if (!action) return;
    const button = element('button', 'button', action.label);
    button.type = 'button';
    button.onclick = action.run;
    this.#message.append(button);
  }

  setSpeaking(speaking) {
    this.root.classList.toggle('speaking', speaking);
  }

  setStats(lines) {
    this.#stats.hidden = !lines;
    this.#stats.replaceChildren(...(lines ?? []).map((line) => element('div', '', line)));
  }

  play() {
    this.#video.play().catch((error) => {
      if (error.name === 'NotAllowedError') this.#onBlocked();
    });
  }

  #showPicture() {
    this.root.classList.toggle('has-picture', this.#video.videoWidth > 0 && !this.#videoMuted);
  }

  #expandButton() {
    const button = element('button', 'expand');
    button.type = 'button';
    button.title = 'Full screen';
    button.setAttribute('aria-label', 'Full screen');
    button.innerHTML = icon('expand');
    button.hidden = !document.fullscreenEnabled;
    button.onclick = () => (document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen());
    return button;
  }
}

function muteMarks({ audio, video }) {
  const marks = [];
  if (audio) marks.push(iconSpan('micOff', 'Microphone muted'));
  if (video) marks.push(iconSpan('cameraOff', 'Camera muted'));
  return marks;
}

/** The tile size that covers most of width x height with count tiles; their shape may vary within ratios. */
function bestFit(count, width, height, ratios) {
  let best = { area: 0, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - GAP_PX * (columns - 1)) / columns;
    const cellHeight = (height - GAP_PX * (rows - 1)) / rows;
    const tileWidth = Math.min(cellWidth, cellHeight * ratios.max);
    const tileHeight = Math.min(cellHeight, tileWidth / ratios.min);
    const area = tileWidth * tileHeight;
    if (area > best.area) best = { area, width: tileWidth, height: tileHeight };
  }
  return best;
}

/** Places tiles: other people's screens large, with the people in a strip beside them or, on an upright stage, below;
 *  without screens the people in a grid ('grid') or the other one large and oneself in the corner ('duo'). */
export class Stage {
  #featured;
  #tiles;
  #layout;

  constructor(root, layout) {
    this.root = root;
    this.#layout = layout;
    this.#featured = root.querySelector('.featured');
    this.#tiles = root.querySelector('.tiles');
    const observer = new ResizeObserver(() => this.arrange());
    observer.observe(this.#featured);
    observer.observe(this.#tiles);
  }

  add(tile) {
    const featured = tile.screen && !tile.root.classList.contains('own');
    (featured ? this.#featured : this.#tiles).append(tile.root);
    this.arrange();
    tile.play();
  }

  remove(tile) {
    if (document.fullscreenElement === tile.root) document.exitFullscreen();
    tile.root.remove();
    this.arrange();
  }

  arrange() {
    const people = this.#tiles.children.length;
    const screens = this.#featured.children.length;
    const { clientWidth: width, clientHeight: height } = this.root;
    const strip = screens > 0 && width >= height;
    const corner = screens === 0 && this.#layout === 'duo' && people === 2;
    this.root.classList.toggle('with-screen', screens > 0);
    this.root.classList.toggle('with-strip', strip);
    this.root.classList.toggle('with-corner', corner);
    const stackedPx = Math.min(height * STACKED_SHARE, screens * (width / SCREEN_RATIOS.min + GAP_PX));
    this.#featured.style.setProperty('--stacked-height', `${Math.floor(stackedPx)}px`);
    this.#fit(this.#featured, screens, SCREEN_RATIOS);
    if (!strip) this.#fit(this.#tiles, corner ? 1 : people, corner ? DUO_RATIOS : CAMERA_RATIOS);
  }

  #fit(container, count, ratios) {
    const { width, height } = bestFit(count, container.clientWidth, container.clientHeight, ratios);
    container.style.setProperty('--tile-width', `${Math.floor(width)}px`);
    container.style.setProperty('--tile-height', `${Math.floor(height)}px`);
  }
}

/** people: [{ login, remark, muted: { audio, video }, sharing, silent }] */
export function showPeople(list, people) {
  list.replaceChildren(...people.map(({ login, remark, muted, sharing, silent }) => {
    const item = element('li');
    item.dataset.login = login;
    item.dataset.muted = [muted.audio && 'audio', muted.video && 'video'].filter(Boolean).join(' ');
    item.append(avatar(login), nameOf(login, remark));
    if (sharing) item.append(iconSpan('screen', 'Shares the screen'));
    if (silent) item.append(element('span', 'hint', 'listening'));
    item.append(...muteMarks(muted));
    return item;
  }));
}

export class Chat {
  #log;
  #lastAuthor = null;

  constructor(log) {
    this.#log = log;
  }

  clear() {
    this.#lastAuthor = null;
    this.#log.replaceChildren();
  }

  message(login, caption, text, own) {
    const item = element('div', own ? 'message own' : 'message');
    item.dataset.from = login;
    if (this.#lastAuthor !== login) {
      const head = element('div', 'message-head');
      const author = element('span', 'author', caption);
      author.dir = 'auto';
      author.style.setProperty('--hue', hue(login));
      const time = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
      head.append(author, element('time', '', time));
      item.append(head);
    }
    const body = element('div', 'message-text', text);
    body.dir = 'auto';
    item.append(body);
    this.#lastAuthor = login;
    this.#append(item);
  }

  /** parts: words, persons and links. */
  note(...parts) {
    const item = element('div', 'note');
    item.append(...parts);
    this.#lastAuthor = null;
    this.#append(item);
  }

  #append(item) {
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 80;
    this.#log.append(item);
    if (atEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }
}

/** The one place for news that need an answer; bad ones but for code 'recorded'. actions: [{ id, label, run }] */
export class Notice {
  #root = byId('error');

  constructor() {
    byId('error-close').onclick = () => this.hide();
  }

  show(text, { code = '', info = '', actions = [] } = {}) {
    this.#root.dataset.code = code;
    this.#root.dataset.info = info;
    byId('error-text').textContent = text;
    byId('error-actions').replaceChildren(...actions.map(({ id, label, run }) => {
      const button = element('button', 'button', label);
      button.id = id;
      button.type = 'button';
      button.onclick = run;
      return button;
    }));
    this.#root.hidden = false;
  }

  /** code: hide only this news. */
  hide(code = this.#root.dataset.code) {
    if (code !== this.#root.dataset.code) return;
    this.#root.hidden = true;
    this.#root.dataset.code = '';
    byId('error-text').textContent = '';
  }
}

/** The clipboard API is missing on plain http pages, hence the old way as well. */
export async function copyText(input) {
  try {
    await navigator.clipboard.writeText(input.value);
  } catch {
    input.select();
    document.execCommand('copy');
  }
}

const part = (value, unit, digits = 0) => (value === undefined ? null : `${value.toFixed(digits)} ${unit}`);

/** The sample of a media link as lines of text. */
export function statsLines({ video, audio, rttMs }) {
  const line = (...parts) => parts.filter(Boolean).join(' · ');
  const lines = [];
  if (video) {
    const size = video.width ? `${video.width}×${video.height}` : null;
    const rate = [part(video.fps, 'fps'), part(video.kbps, 'kbit/s')];
    lines.push(line(size, ...rate, video.codec, part(video.lossPercent, '% lost', 1)));
  }
  if (audio) lines.push(line(audio.codec, part(audio.kbps, 'kbit/s'), part(audio.lossPercent, '% lost', 1)));
  if (rttMs !== undefined) lines.push(`round trip ${rttMs} ms`);
  return lines.length > 0 ? lines : ['no statistics yet'];
}
