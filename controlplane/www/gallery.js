// SPDX-License-Identifier: MIT
// Which tile shows what: one tile per person, which holds the person's first camera stream, if any, and one for every
// further stream (a screen, a second camera).

import { statsLines, Stage, Tile } from './ui.js';
import { isTerminal } from './wcs.js';

const SPEAKING_LEVEL = 0.02;
const OWN_CAMERA = 'own camera';
const OWN_SCREEN = 'own screen';
const UNMUTED = { audio: false, video: false };

const personKey = (login) => `person ${login}`;
const streamKey = (name) => `stream ${name}`;

/** [words, tone] for something published. */
export function outgoingBadge({ status, unstable, restarting, media }) {
  if (restarting) return ['Reconnecting…', 'wait'];
  if (status === 'FAILED') return ['Publishing failed', 'bad'];
  if (unstable) return ['Unstable', 'wait'];
  if (status === 'PENDING') return ['Publishing…', 'wait'];
  if (status === 'PUBLISHING') return ['On air', 'good'];
  return [media ? 'Stopped' : 'Not publishing', ''];
}

export class Gallery {
  #stage;
  #tiles = new Map(); // key -> Tile
  #onBlocked;

  /** onBlocked(): the browser wants a touch before it plays. */
  constructor({ root, layout, onBlocked }) {
    this.#stage = new Stage(root, layout);
    this.#onBlocked = onBlocked;
  }

  addOwn(login) {
    if (this.#tiles.has(OWN_CAMERA)) return;
    const tile = this.#add(OWN_CAMERA, { login, remark: 'you', own: true });
    tile.root.classList.add('local');
  }

  addPerson(login) {
    return this.#tiles.get(personKey(login)) ?? this.#add(personKey(login), { login });
  }

  removePerson(login) {
    this.#remove(personKey(login));
  }

  clear() {
    for (const key of [...this.#tiles.keys()]) this.#remove(key);
  }

  playAll() {
    for (const tile of this.#tiles.values()) tile.play();
  }

  showIncoming(incoming) {
    const { status, info, kind, restarting } = incoming;
    const tile = this.#tileOf(incoming);
    tile.setStream(incoming.name, incoming.link?.media ?? null);
    tile.setStatus(status);
    tile.setMuted(kind === 'screen' ? UNMUTED : incoming.muted);
    if (status === 'PENDING') tile.setBadge('connecting…', 'wait');
    else tile.setBadge(incoming.unstable ? 'unstable' : '', 'wait');
    if (!isTerminal(status)) tile.setMessage('');
    else if (restarting) tile.setMessage('Interrupted, trying again…');
    else tile.setMessage(`Cannot be shown: ${info}`, { label: 'Try again', run: () => incoming.start() });
  }

  removeIncoming({ login, name }) {
    this.#remove(streamKey(name));
    const tile = this.#tiles.get(personKey(login));
    if (tile?.stream === name) tile.reset();
  }

  showOwnCamera(camera, { muted, onPublish }) {
    const tile = this.#tiles.get(OWN_CAMERA);
    if (!tile) return;
    tile.setStream(camera.link?.name ?? '', camera.media);
    tile.setStatus(camera.status);
    tile.setMuted(camera.media ? muted : UNMUTED);
    tile.setBadge(...outgoingBadge(camera));
    const failed = camera.status === 'FAILED' && !camera.restarting;
    tile.setMessage(failed ? `Publishing failed: ${camera.info}` : '', { label: 'Publish again', run: onPublish });
  }

  showOwnScreen(screen, login) {
    if (!screen.media) {
      this.#remove(OWN_SCREEN);
      return;
    }
    const tile = this.#tiles.get(OWN_SCREEN)
      ?? this.#add(OWN_SCREEN, { login, remark: 'your screen', screen: true, own: true });
    tile.setStream(screen.link?.name ?? '', screen.media);
    tile.setStatus(screen.status);
    tile.setBadge(...outgoingBadge(screen));
  }

  showSpeaking(call) {
    for (const incoming of call.incoming) {
      if (incoming.kind !== 'camera') continue;
      this.#tileOf(incoming).setSpeaking((incoming.link?.audioLevel() ?? 0) > SPEAKING_LEVEL && !incoming.muted.audio);
    }
  }

  async showStats(call) {
    const pairs = call.incoming.map((incoming) => [this.#tileOf(incoming), incoming]);
    pairs.push([this.#tiles.get(OWN_CAMERA), call.camera], [this.#tiles.get(OWN_SCREEN), call.screen]);
    await Promise.all(pairs.map(async ([tile, { link }]) => {
      const sample = await link?.sample().catch(() => null);
      tile?.setStats(sample ? statsLines(sample) : null);
    }));
  }

  hideStats() {
    for (const tile of this.#tiles.values()) tile.setStats(null);
  }

  #tileOf({ login, name, kind }) {
    const own = this.#tiles.get(streamKey(name));
    if (own) return own;
    const person = this.addPerson(login);
    if (kind === 'camera' && (person.stream === '' || person.stream === name)) return person;
    const screen = kind === 'screen';
    return this.#add(streamKey(name), { login, screen, remark: screen ? 'screen' : '' });
  }

  #add(key, options) {
    const tile = new Tile({ ...options, onBlocked: this.#onBlocked });
    this.#tiles.set(key, tile);
    this.#stage.add(tile);
    return tile;
  }

  #remove(key) {
    const tile = this.#tiles.get(key);
    if (!tile) return;
    this.#tiles.delete(key);
    this.#stage.remove(tile);
  }
}
