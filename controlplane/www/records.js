// SPDX-License-Identifier: MIT
// The list of recordings: the recorder's index, looked at again and again while the page is, with a player in each row.

import { icon } from './icons.js';
import { byId, element } from './ui.js';

const BUSY_INTERVAL_MS = 2_000; // something is being recorded or finished
const IDLE_INTERVAL_MS = 10_000;
const KINDS = {
  stream: { image: 'camera', word: 'Stream' },
  room: { image: 'people', word: 'Room, every track' },
  mix: { image: 'grid', word: 'Room, in one picture' },
};
const STATES = { recording: 'Recording', finishing: 'Being finished', failed: 'Failed' };

const url = (name) => `/client/records/${encodeURIComponent(name)}`;

function lengthText(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((n) => String(n).padStart(2, '0'));
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${parts.join(':')}` : parts.join(':').replace(/^0/, '');
}

function sizeText(bytes) {
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${value >= 99.95 || value === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** The name behind the # of the address, if there is a proper one. */
function addressed() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return '';
  }
}

const dateText = (ms) => new Date(ms).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });

/** The newest first; of what began together a room's picture before its tracks. */
function byTime(a, b) {
  const second = ({ start_unix_ms: ms = 0 }) => Math.floor(ms / 1000);
  const rank = ({ kind }) => ['mix', 'room', 'stream'].indexOf(kind);
  return second(b) - second(a) || rank(a) - rank(b) || a.name.localeCompare(b.name);
}

function button(tag, image, word) {
  const node = element(tag, `button ${image}`);
  node.innerHTML = `${icon(image)}<span></span>`;
  node.lastElementChild.textContent = word;
  return node;
}

/** One recording: a list item whose player stays while the facts around it change. */
class Row {
  root = element('li', 'record');
  #title = element('h2');
  #facts = element('div', 'record-facts');
  #actions = element('div', 'record-actions');
  #state = element('span', 'state');
  #play = button('button', 'play', 'Play');
  #download = button('a', 'download', 'Download');
  #player = null;

  constructor(name) {
    this.name = name;
    this.root.id = name;
    const kind = element('span', 'record-kind');
    this.#title.dir = 'auto';
    this.#play.type = 'button';
    this.#play.onclick = () => this.toggle();
    this.#download.href = `${url(name)}?download`;
    this.#actions.append(this.#state, this.#play, this.#download);
    this.root.append(kind, this.#title, this.#facts, this.#actions);
  }

  show(record) {
    const kind = KINDS[record.kind] ?? KINDS.stream;
    const ready = record.state === 'ready';
    this.record = record;
    if (this.root.dataset.kind !== record.kind) this.root.firstElementChild.innerHTML = icon(kind.image);
    this.root.dataset.kind = record.kind;
    this.root.dataset.state = record.state;
    this.#title.textContent = (record.kind === 'stream' ? record.stream : record.room) || record.name;
    const { progress = 0 } = record; // 0..1000
    this.#state.textContent = `${STATES[record.state] ?? ''}${progress > 0 ? ` ${Math.floor(progress / 10)} %` : ''}`;
    this.#state.dataset.state = record.state;
    this.#state.hidden = ready;
    this.#play.hidden = this.#download.hidden = !ready;
    this.#showFacts(kind.word);
  }

  #showFacts(word) {
    const { bytes, duration_ms: durationMs, start_unix_ms: startMs, state, kind, room, name } = this.record;
    const lasting = state === 'recording' && startMs ? Date.now() - startMs : durationMs;
    const facts = [
      word,
      startMs ? dateText(startMs) : null,
      lasting ? lengthText(lasting) : null,
      bytes ? sizeText(bytes) : null,
    ];
    const spans = facts.filter(Boolean).map((text) => element('span', '', text));
    const long = element('span', 'long');
    const inRoom = kind === 'stream' && room;
    if (inRoom) long.append('in ', element('bdi', '', room));
    else long.append(element('bdi', '', name));
    this.#facts.replaceChildren(...spans, long);
  }

  toggle() {
    if (this.#player) this.#close();
    else this.#open();
  }

  #open() {
    const video = element('video');
    video.controls = true;
    video.playsInline = true;
    video.preload = 'metadata';
    video.src = url(this.name);
    video.onloadedmetadata = () => video.classList.toggle('sound', video.videoWidth === 0);
    video.onerror = () => this.#player?.append(element('p', '', 'This browser cannot play it: download it instead.'));
    this.#player = element('div', 'player');
    this.#player.append(video);
    this.root.append(this.#player);
    this.root.classList.add('open');
    this.#setPlay('close', 'Close');
    video.play().catch(() => {}); // shown by its controls
  }

  #close() {
    const video = this.#player.querySelector('video');
    video.onerror = null;
    video.removeAttribute('src'); // stops the download
    video.load();
    this.#player.remove();
    this.#player = null;
    this.root.classList.remove('open');
    this.#setPlay('play', 'Play');
  }

  #setPlay(image, word) {
    this.#play.innerHTML = `${icon(image)}<span>${word}</span>`;
  }

  matches(words) {
    const { name, room = '', stream = '' } = this.record;
    return `${name}\n${room}\n${stream}`.toLowerCase().includes(words);
  }
}

class RecordsPage {
  #rows = new Map(); // name -> Row
  #timer = null;
  #opened = false; // the one that the address names

  constructor() {
    byId('find').oninput = () => this.#filter();
    document.addEventListener('visibilitychange', () => this.#look());
    this.#look();
  }

  async #look() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    let busy = true;
    try {
      const response = await fetch('/client/records/index.json', { cache: 'no-cache' });
      if (!response.ok) throw new Error(response.statusText);
      busy = this.#show(await response.json());
      byId('status').hidden = true;
    } catch {
      byId('status').hidden = false;
      byId('status').dataset.tone = 'bad';
      byId('status').textContent = 'The server does not answer';
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), busy ? BUSY_INTERVAL_MS : IDLE_INTERVAL_MS);
  }

  /** True: something is in the making. */
  #show(index) {
    const records = (Array.isArray(index) ? index : []).filter((record) => typeof record?.name === 'string');
    records.sort(byTime);
    const names = new Set(records.map(({ name }) => name));
    for (const [name, row] of this.#rows) {
      if (names.has(name)) continue;
      row.root.remove();
      this.#rows.delete(name);
    }
    records.forEach((record, index_) => this.#place(this.#showOne(record), index_));
    this.#filter();
    this.#openAddressed();
    return records.some(({ state }) => state === 'recording' || state === 'finishing');
  }

  #showOne(record) {
    let row = this.#rows.get(record.name);
    if (!row) this.#rows.set(record.name, row = new Row(record.name));
    row.show(record);
    return row;
  }

  /** Moves only what is not where it belongs: moving a row would stop its player. */
  #place({ root }, index) {
    const list = byId('records');
    if (list.children[index] !== root) list.insertBefore(root, list.children[index] ?? null);
  }

  #filter() {
    const words = byId('find').value.trim().toLowerCase();
    let shown = 0;
    for (const row of this.#rows.values()) {
      row.root.hidden = !row.matches(words);
      shown += row.root.hidden ? 0 : 1;
    }
    byId('find').hidden = this.#rows.size === 0;
    byId('nothing').hidden = shown > 0;
    byId('nothing').textContent = this.#rows.size > 0
      ? 'No recording is called like that.'
      : 'Nothing has been recorded yet. Tick “Record this room” when you open a conference.';
  }

  #openAddressed() {
    const row = this.#rows.get(addressed());
    if (this.#opened || !row) return;
    row.root.scrollIntoView({ block: 'nearest' });
    if (row.record.state !== 'ready') return;
    this.#opened = true;
    row.toggle();
  }
}

new RecordsPage();
