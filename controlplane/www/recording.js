// SPDX-License-Identifier: MIT
// What has become of a room's recording: looks into the recorder's index until there is something to see.

const INTERVAL_MS = 3_000;
const MIX_PATIENCE = 2; // looks at a ready room before nothing is expected to mix it

export const recordingUrl = (file) => `/client/records/#${encodeURIComponent(file)}`;

/** The name that the mixing hook gives to its picture of a room. */
const mixedName = (file) => file.replace(/\.[^.]*$/, '-mixed.mp4');

/** Calls onReady(file, kind) once: with the mix when there is one, with the room's file when nothing mixes it. */
export class RecordingWatch {
  #timer = null;
  #unmixed = 0; // looks at the ready room without a mix
  #onReady;

  constructor(onReady) {
    this.#onReady = onReady;
  }

  start(file) {
    this.stop();
    this.#unmixed = 0;
    this.#timer = setInterval(() => this.#look(file), INTERVAL_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  async #look(file) {
    const index = await fetch('/client/records/index.json', { cache: 'no-cache' }).then((r) => r.json()).catch(() => []);
    const stateOf = (name) => index.find((record) => record.name === name)?.state;
    const mix = mixedName(file);
    if (!this.#timer) return; // stopped meanwhile
    if (stateOf(mix) === 'ready') this.#end(mix, 'mix');
    else if (stateOf(file) === 'ready' && !stateOf(mix) && ++this.#unmixed > MIX_PATIENCE) this.#end(file, 'room');
  }

  #end(file, kind) {
    this.stop();
    this.#onReady(file, kind);
  }
}
