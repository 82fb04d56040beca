// SPDX-License-Identifier: MIT
// A room page: binds one Call to the pieces on the page. The three pages differ only in the options given here.

import { Call } from './call.js';
import { icon } from './icons.js';
import { roomMarkup } from './layout.js';
import { canCapture, canShareScreen, capture, captureScreen, listDevices } from './media.js';
import { byId, Chat, copyText, Notice, setTool, showDevices, showPeople, Stage, statsLines, Tile } from './ui.js';
import { isTerminal, randomHex } from './wcs.js';

const STATS_INTERVAL_MS = 1_000;
const SPEAKING_INTERVAL_MS = 300;
const SPEAKING_LEVEL = 0.02;
const LOGIN_KEY = 'roomline.login';

const params = new URLSearchParams(location.search);
const ownServer = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;

function remembered() {
  try {
    return localStorage.getItem(LOGIN_KEY) ?? '';
  } catch {
    return ''; // storage may be closed to us
  }
}

function remember(login) {
  try {
    localStorage.setItem(LOGIN_KEY, login);
  } catch { /* see above */ }
}

/** sharing: true, false or 'prominent'. */
export function openRoomPage({ title, layout, capacity, sharing = true }) {
  document.body.innerHTML = roomMarkup(title);
  new RoomPage({ layout, capacity, sharing }).open();
}

class RoomPage {
  #call;
  #stage;
  #notice = new Notice();
  #chat = new Chat(byId('chat-log'));
  #tiles = new Map(); // key: stream name of a screen or second camera, or `person ${login}` -> Tile
  #unread = 0;
  #statsOn = false;
  #narrow = matchMedia('(max-width: 899px)');

  constructor({ layout, capacity, sharing }) {
    const url = params.get('ws') || ownServer;
    const codecs = { audio: params.get('audio'), video: params.get('video') };
    this.#call = new Call({ url, capacity, codecs });
    this.#stage = new Stage(byId('stage'), layout);
    byId('share-toggle').hidden = !sharing || !canShareScreen();
    byId('share-toggle').classList.toggle('prominent', sharing === 'prominent');
    byId('server').hidden = url === ownServer;
    byId('server').textContent = `Server: ${url}`;
    this.#bindCall();
    this.#bindLobby();
    this.#bindToolbar();
    this.#bindPanel();
    setInterval(() => this.#showStats(), STATS_INTERVAL_MS);
    setInterval(() => this.#showSpeaking(), SPEAKING_INTERVAL_MS);
  }

  async open() {
    byId('login').value = params.get('login') ?? remembered();
    byId('room').value = params.get('roomName') || `room-${randomHex(6)}`;
    (byId('login').value ? byId('join') : byId('login')).focus();
    this.#showState('idle');
    this.#showMuted();
    await this.#showDeviceLists();
    const permission = await navigator.permissions?.query({ name: 'camera' }).catch(() => null);
    if (permission?.state === 'granted' && this.#call.state === 'idle' && !this.#call.camera.media) await this.#preview();
  }

  // ---- lobby ----

  #bindLobby() {
    byId('lobby-form').onsubmit = (event) => {
      event.preventDefault();
      this.#join();
    };
    byId('preview-start').onclick = () => this.#preview();
    byId('preview-start').hidden = !canCapture();
    for (const id of ['camera', 'microphone']) {
      byId(id).onchange = () => this.#call.camera.media && this.#preview();
    }
    navigator.mediaDevices?.addEventListener?.('devicechange', () => this.#showDeviceLists());
  }

  async #showDeviceLists() {
    showDevices(byId('camera'), await listDevices('videoinput'), { usual: 'Default camera', none: 'No camera' });
    showDevices(byId('microphone'), await listDevices('audioinput'), { usual: 'Default microphone', none: 'No microphone' });
  }

  #wanted(id) {
    const { value } = byId(id);
    return value === 'none' ? false : value || true;
  }

  /** Captures what the selects say; resolves to false if the person has been told why not. */
  async #capture() {
    const wanted = { audio: this.#wanted('microphone'), video: this.#wanted('camera') };
    if (!wanted.audio && !wanted.video) return true;
    try {
      const media = await capture(wanted);
      this.#notice.hide();
      if (wanted.video && media.getVideoTracks().length === 0) this.#notice.show('No camera was found: others will only hear you.');
      if (wanted.audio && media.getAudioTracks().length === 0) this.#notice.show('No microphone was found: others will only see you.');
      for (const track of media.getTracks()) {
        track.onended = () => this.#notice.show('The camera or microphone was unplugged or taken away by the system.');
      }
      this.#call.publishCamera(media);
      this.#showDeviceLists();
      return true;
    } catch (error) {
      const actions = [{ id: 'join-without-media', label: 'Join without camera', run: () => this.#join({ receiveOnly: true }) }];
      this.#notice.show(error.message, { code: error.code, actions: this.#call.state === 'idle' ? actions : [] });
      return false;
    }
  }

  async #preview() {
    this.#call.unpublishCamera();
    await this.#capture();
  }

  async #join({ receiveOnly = false } = {}) {
    if (this.#call.state !== 'idle' || byId('join').disabled) return;
    if (!byId('lobby-form').reportValidity()) return;
    const login = byId('login').value.trim();
    const roomName = byId('room').value.trim();
    this.#notice.hide();
    byId('join').disabled = true;
    try {
      if (receiveOnly) this.#call.unpublishCamera();
      else if (!this.#call.camera.media && !await this.#capture()) return;
      remember(login);
      this.#chat.clear();
      this.#showRoom(roomName);
      await this.#call.enter(login, roomName);
    } catch (error) {
      this.#explain(error, { login });
    } finally {
      byId('join').disabled = false;
    }
  }

  #explain(error, { login }) {
    const info = error.message;
    const texts = {
      full: 'The room is full.',
      taken: `The name “${login}” is taken: somebody with it is already in this room. Choose another name.`,
      unreachable: 'The server cannot be reached. Check your connection and try again.',
      closed: 'The server closed the connection.',
      aborted: '',
    };
    const text = texts[error.code] ?? `Joining failed: ${info}`;
    if (text) this.#notice.show(text, { code: error.code, info });
    if (error.code === 'taken') byId('login').select();
  }

  // ---- the call ----

  #bindCall() {
    const call = this.#call;
    call.on('state', (state) => this.#showState(state));
    call.on('retry', (delayMs, error) => this.#showLost(delayMs, error));
    call.on('joined', (login) => this.#onJoined(login));
    call.on('left', (login) => this.#onLeft(login));
    call.on('incoming', (incoming) => this.#showIncoming(incoming));
    call.on('incoming-removed', (incoming) => this.#onIncomingRemoved(incoming));
    call.on('outgoing', (outgoing) => this.#showOutgoing(outgoing));
    call.on('message', (from, text) => this.#onMessage(from, text));
    addEventListener('online', () => call.rejoin());
  }

  #showState(state) {
    const inCall = state === 'joined' || state === 'lost';
    document.body.dataset.state = state;
    byId('lobby').hidden = inCall;
    byId('call').hidden = !inCall;
    byId('join').textContent = state === 'joining' ? 'Joining…' : 'Join';
    if (state === 'joined') {
      this.#notice.hide();
      this.#addOwnTile();
      history.replaceState(null, '', byId('invite').value);
    }
    if (state === 'idle') this.#removeTiles();
    for (const id of ['mute-audio', 'mute-video', 'publish-toggle', 'share-toggle', 'chat-send']) byId(id).disabled = state !== 'joined';
    this.#showOutgoing(this.#call.camera);
    this.#showPeople();
  }

  #showRoom(roomName) {
    const link = new URL(location.href);
    link.hash = '';
    link.searchParams.delete('login');
    link.searchParams.set('roomName', roomName);
    byId('invite').value = link.href;
    byId('room-name').textContent = roomName;
  }

  #showLost(delayMs, error) {
    const seconds = Math.round(delayMs / 1000);
    this.#notice.show(`Connection lost. Trying again ${seconds > 1 ? `in ${seconds} s` : 'now'}…`, {
      code: 'lost',
      info: error.message,
      actions: [{ id: 'rejoin', label: 'Rejoin', run: () => this.#call.rejoin() }],
    });
  }

  #onJoined(login) {
    this.#personTile(login);
    this.#chat.note(`${login} is here`);
    this.#showPeople();
  }

  #onLeft(login) {
    this.#removeTile(`person ${login}`);
    if (this.#call.state === 'joined') this.#chat.note(`${login} left`);
    this.#showPeople();
  }

  async #onMessage(from, text) {
    this.#chat.message(from, from, typeof text === 'string' ? text : JSON.stringify(text), false);
    if (byId('panel').classList.contains('open')) return;
    this.#unread++;
    this.#showUnread();
  }

  // ---- tiles ----

  #addTile(key, options) {
    const tile = new Tile({ ...options, onBlocked: () => this.#offerSound() });
    this.#tiles.set(key, tile);
    this.#stage.add(tile);
    return tile;
  }

  #removeTile(key) {
    const tile = this.#tiles.get(key);
    if (!tile) return;
    this.#tiles.delete(key);
    this.#stage.remove(tile);
  }

  #removeTiles() {
    for (const key of [...this.#tiles.keys()]) this.#removeTile(key);
  }

  #personTile(login) {
    const key = `person ${login}`;
    return this.#tiles.get(key) ?? this.#addTile(key, { login });
  }

  #addOwnTile() {
    const { login } = this.#call;
    if (this.#tiles.has('own camera')) return;
    const tile = this.#addTile('own camera', { login, caption: `${login} (you)`, own: true });
    tile.root.classList.add('local');
  }

  /** A person's first camera stream lives in the tile of the person; every further stream has a tile of its own. */
  #tileOf(incoming) {
    const { login, name, kind } = incoming;
    if (this.#tiles.has(name)) return this.#tiles.get(name);
    const tile = this.#personTile(login);
    const taken = tile.root.dataset.stream;
    if (kind === 'camera' && (!taken || taken === name)) return tile;
    return this.#addTile(name, { login, caption: kind === 'screen' ? `${login}, screen` : login, screen: kind === 'screen' });
  }

  #showIncoming(incoming) {
    const tile = this.#tileOf(incoming);
    tile.setStream(incoming.name, incoming.link?.media ?? null);
    tile.setMuted(incoming.kind === 'screen' ? { audio: false, video: false } : incoming.muted);
    tile.root.dataset.status = incoming.status;
    if (incoming.status === 'PENDING') tile.setBadge('connecting…', 'wait');
    else if (incoming.unstable) tile.setBadge('unstable', 'wait');
    else tile.setBadge('');
    if (isTerminal(incoming.status)) {
      const action = incoming.restarting ? null : { label: 'Try again', run: () => incoming.start() };
      tile.setMessage(incoming.restarting ? 'Interrupted, trying again…' : `Cannot be shown: ${incoming.info}`, action);
    } else {
      tile.setMessage('');
    }
    this.#showPeople();
  }

  #onIncomingRemoved({ login, name }) {
    if (this.#tiles.has(name)) {
      this.#removeTile(name);
    } else {
      const tile = this.#tiles.get(`person ${login}`);
      if (tile?.root.dataset.stream === name) {
        tile.setStream('', null);
        tile.setMuted({ audio: false, video: false });
        tile.setBadge('');
        tile.setMessage('');
        tile.setStats(null);
        tile.setSpeaking(false);
        tile.root.dataset.status = '';
      }
    }
    this.#showPeople();
  }

  #showOutgoing(outgoing) {
    if (outgoing.kind === 'screen') this.#showOwnScreen(outgoing);
    else this.#showOwnCamera(outgoing);
    this.#showPeople();
  }

  #showOwnScreen(screen) {
    const sharing = Boolean(screen.media);
    setTool(byId('share-toggle'), { image: sharing ? 'screenOff' : 'screen', label: sharing ? 'Stop sharing' : 'Share screen', pressed: sharing });
    byId('share-toggle').dataset.status = screen.status;
    if (!sharing || this.#call.state === 'idle') {
      this.#removeTile('own screen');
      return;
    }
    const { login } = this.#call;
    const tile = this.#tiles.get('own screen') ?? this.#addTile('own screen', { login, caption: 'Your screen', screen: true, own: true });
    tile.setStream(screen.link?.name ?? '', screen.media);
    tile.root.dataset.status = screen.status;
    tile.setBadge(...outgoingBadge(screen));
    if (screen.status === 'FAILED' && !screen.restarting) {
      this.#notice.show(`The screen could not be shared: ${screen.info}`, { code: 'share-failed', info: screen.info });
      this.#call.unshare();
    }
  }

  #showOwnCamera(camera) {
    const { media, status, info } = camera;
    const failed = status === 'FAILED' && !camera.restarting;
    const preview = byId('preview-video');
    const shown = this.#call.state === 'idle' || this.#call.state === 'joining' ? media : null;
    if (preview.srcObject !== shown) preview.srcObject = shown;
    byId('preview').classList.toggle('live', Boolean(shown?.getVideoTracks().length));

    const publishing = Boolean(camera.link) || camera.restarting;
    setTool(byId('publish-toggle'), publishing
      ? { image: 'stop', label: 'Stop publishing' }
      : { image: 'air', label: media ? 'Publish again' : 'Start publishing', alarm: failed });
    byId('publish-toggle').dataset.status = status;
    this.#showStatus(camera);
    this.#showMuted();

    const tile = this.#tiles.get('own camera');
    if (!tile) return;
    tile.setStream(camera.link?.name ?? '', media);
    tile.setMuted(media ? this.#call.muted : { audio: false, video: false });
    tile.root.dataset.status = status;
    tile.setBadge(...outgoingBadge(camera));
    tile.setMessage(failed ? `Publishing failed: ${info}` : '', { label: 'Publish again', run: () => this.#togglePublish() });
  }

  #showStatus(camera) {
    const { state } = this.#call;
    const texts = { idle: 'Not connected', joining: 'Connecting…', lost: 'Connection lost' };
    const node = byId('status');
    node.dataset.call = state;
    node.dataset.publish = camera.status;
    node.textContent = texts[state] ?? outgoingBadge(camera)[0];
    node.dataset.tone = state === 'joined' ? outgoingBadge(camera)[1] : state === 'lost' ? 'bad' : '';
  }

  #showMuted() {
    const { muted, camera } = this.#call;
    const has = (kind) => camera.media?.getTracks().some((track) => track.kind === kind) ?? false;
    const joined = this.#call.state === 'joined';
    setTool(byId('mute-audio'), {
      image: muted.audio ? 'micOff' : 'mic', pressed: muted.audio, alarm: muted.audio,
      label: muted.audio ? 'Unmute microphone' : 'Mute microphone',
    });
    setTool(byId('mute-video'), {
      image: muted.video ? 'cameraOff' : 'camera', pressed: muted.video, alarm: muted.video,
      label: muted.video ? 'Unmute camera' : 'Mute camera',
    });
    byId('mute-audio').disabled = !joined || !has('audio');
    byId('mute-video').disabled = !joined || !has('video');
  }

  #showPeople() {
    const call = this.#call;
    const nobody = { audio: false, video: false };
    const others = call.people.map((login) => {
      const streams = call.streamsOf(login);
      const camera = streams.find(({ kind }) => kind === 'camera');
      return { login, caption: login, muted: camera?.muted ?? nobody, sharing: streams.some(({ kind }) => kind === 'screen'), silent: !camera };
    });
    const own = {
      login: call.login ?? '', caption: `${call.login} (you)`, muted: call.camera.media ? call.muted : nobody,
      sharing: Boolean(call.screen.media), silent: !call.camera.media,
    };
    showPeople(byId('people'), call.state === 'joined' ? [own, ...others] : []);
    byId('people-count').textContent = call.state === 'joined' ? String(others.length + 1) : '';
    byId('alone').hidden = !(call.state === 'joined' && others.length === 0);
  }

  #offerSound() {
    this.#notice.show('The browser holds back sound and picture until you touch the page.', {
      code: 'autoplay',
      actions: [{ id: 'play-all', label: 'Play', run: () => {
        this.#notice.hide();
        for (const tile of this.#tiles.values()) tile.play();
      } }],
    });
  }

  #showSpeaking() {
    for (const incoming of this.#call.incoming) {
      if (incoming.kind !== 'camera') continue;
      this.#tileOf(incoming).setSpeaking((incoming.link?.audioLevel() ?? 0) > SPEAKING_LEVEL && !incoming.muted.audio);
    }
  }

  async #showStats() {
    if (!this.#statsOn || this.#call.state !== 'joined') return;
    const { camera, screen, incoming } = this.#call;
    const pairs = [[this.#tiles.get('own camera'), camera], [this.#tiles.get('own screen'), screen]];
    for (const one of incoming) pairs.push([this.#tileOf(one), one]);
    await Promise.all(pairs.map(async ([tile, { link }]) => {
      const sample = await link?.sample().catch(() => null);
      tile?.setStats(this.#statsOn && sample ? statsLines(sample) : null);
    }));
  }

  // ---- toolbar and panel ----

  #bindToolbar() {
    const call = this.#call;
    byId('mute-audio').onclick = () => call.mute('audio', !call.muted.audio);
    byId('mute-video').onclick = () => call.mute('video', !call.muted.video);
    byId('publish-toggle').onclick = () => this.#togglePublish();
    byId('share-toggle').onclick = () => this.#toggleShare();
    byId('leave').onclick = () => {
      this.#notice.hide();
      call.leave();
    };
    byId('stats-toggle').onclick = () => {
      this.#statsOn = !this.#statsOn;
      byId('stats-toggle').setAttribute('aria-pressed', String(this.#statsOn));
      if (!this.#statsOn) for (const tile of this.#tiles.values()) tile.setStats(null);
      this.#showStats();
    };
    byId('copy-invite').onclick = async () => {
      await copyText(byId('invite'));
      this.#announceCopied();
    };
  }

  #announceCopied() {
    const button = byId('copy-invite');
    button.innerHTML = `${icon('check')}<span>Copied</span>`;
    byId('announce').textContent = 'Invite link copied';
    setTimeout(() => {
      button.innerHTML = `${icon('link')}<span>Copy invite link</span>`;
      byId('announce').textContent = '';
    }, 2_000);
  }

  async #togglePublish() {
    const { camera } = this.#call;
    const button = byId('publish-toggle');
    if (camera.link || camera.restarting) this.#call.unpublishCamera();
    else if (camera.media) camera.start();
    else {
      button.disabled = true;
      const room = this.#call.room;
      await this.#capture();
      button.disabled = this.#call.state !== 'joined';
      if (this.#call.room !== room && this.#call.state === 'idle') this.#call.unpublishCamera();
    }
  }

  async #toggleShare() {
    if (this.#call.screen.media) {
      this.#call.unshare();
      return;
    }
    const { room } = this.#call;
    try {
      const media = await captureScreen();
      if (!media) return;
      if (room && this.#call.room === room) this.#call.share(media);
      else for (const track of media.getTracks()) track.stop();
    } catch (error) {
      this.#notice.show(error.message, { code: error.code });
    }
  }

  #bindPanel() {
    this.#setPanel(!this.#narrow.matches);
    this.#narrow.onchange = () => this.#setPanel(!this.#narrow.matches);
    byId('panel-toggle').onclick = () => this.#setPanel(!byId('panel').classList.contains('open'));
    byId('panel-close').onclick = () => this.#setPanel(false);
    addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#narrow.matches) this.#setPanel(false);
    });
    const text = byId('chat-text');
    text.oninput = () => {
      text.style.height = 'auto';
      text.style.height = `${Math.min(text.scrollHeight, 120)}px`;
    };
    text.onkeydown = (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId('chat-form').requestSubmit();
    };
    byId('chat-form').onsubmit = (event) => {
      event.preventDefault();
      this.#say(text.value);
    };
  }

  async #say(value) {
    const message = value.trim();
    if (!message || this.#call.state !== 'joined') return;
    byId('chat-text').value = '';
    byId('chat-text').style.height = 'auto';
    this.#chat.message(this.#call.login, 'You', message, true);
    const missed = await this.#call.say(message);
    if (missed.length > 0) this.#chat.note(`Not delivered to ${missed.join(', ')}`);
  }

  #setPanel(open) {
    byId('panel').classList.toggle('open', open);
    byId('panel-toggle').setAttribute('aria-expanded', String(open));
    if (!open) return;
    this.#unread = 0;
    this.#showUnread();
  }

  #showUnread() {
    byId('panel-toggle').dataset.unread = this.#unread || '';
  }
}

/** [words, tone] for something published. */
function outgoingBadge({ status, unstable, restarting, media }) {
  if (restarting) return ['Reconnecting…', 'wait'];
  if (status === 'FAILED') return ['Publishing failed', 'bad'];
  if (unstable) return ['Unstable', 'wait'];
  if (status === 'PENDING') return ['Publishing…', 'wait'];
  if (status === 'PUBLISHING') return ['On air', 'good'];
  return [media ? 'Stopped' : 'Not publishing', ''];
}
