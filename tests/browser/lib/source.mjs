// SPDX-License-Identifier: MIT
// Known content in place of camera and microphone: one canvas and one WebAudio graph in the page, so that a receiver can
// tell who it sees, who it hears, and how far sound and picture are apart. All pages flash at once, by the wall clock.
//
// Picture: four quadrants in the person's colours, a bar that moves with every frame, and a centre square that flashes
// white for 150 ms each second. Sound: a steady tone at the person's pitch, and a 2 kHz beep with every flash.

export const PEOPLE = {
  Alice: { colors: ['#e01010', '#10c010', '#1010e0', '#e0e010'], hz: 440 },
  Bob: { colors: ['#10c010', '#1010e0', '#e0e010', '#e01010'], hz: 620 },
  Carol: { colors: ['#1010e0', '#e0e010', '#e01010', '#10c010'], hz: 880 },
  Dave: { colors: ['#e0e010', '#e01010', '#10c010', '#1010e0'], hz: 1180 },
};
export const BEEP_HZ = 2000;

// Runs in the page, before any script of it.
export function installSource({ colors, hz, width, height, fps, beepHz }) {
  const flashing = () => Date.now() % 1000 < 150;

  function video() {
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    const g = canvas.getContext('2d');
    let frame = 0;
    const draw = () => {
      colors.forEach((c, i) => {
        g.fillStyle = c;
        g.fillRect((i % 2) * width / 2, Math.floor(i / 2) * height / 2, width / 2, height / 2);
      });
      g.fillStyle = flashing() ? '#ffffff' : '#000000';
      g.fillRect(width * 0.375, height * 0.375, width * 0.25, height * 0.25);
      g.fillStyle = '#808080';
      g.fillRect((frame++ * 4) % width, height - 8, 16, 8);
    };
    draw();
    setInterval(draw, 1000 / fps);
    return canvas.captureStream(fps).getVideoTracks()[0];
  }

  let graph;
  function audio() {
    if (!graph) {
      const ctx = new AudioContext();
      const out = ctx.createMediaStreamDestination();
      const tone = new OscillatorNode(ctx, { frequency: hz });
      const toneGain = new GainNode(ctx, { gain: 0.25 });
      const beep = new OscillatorNode(ctx, { frequency: beepHz });
      const beepGain = new GainNode(ctx, { gain: 0 });
      tone.connect(toneGain).connect(out);
      beep.connect(beepGain).connect(out);
      tone.start();
      beep.start();
      // Schedules the next second's beep on the audio clock, from the clock the flash uses.
      const schedule = () => {
        const ahead = (1000 - (Date.now() % 1000)) / 1000;
        const at = ctx.currentTime + ahead;
        beepGain.gain.setValueAtTime(0.5, at);
        beepGain.gain.setValueAtTime(0, at + 0.15);
        setTimeout(schedule, ahead * 1000 + 500);
      };
      schedule();
      graph = out;
    }
    return graph.stream.getAudioTracks()[0].clone();
  }

  async function media(constraints) {
    const tracks = [];
    if (constraints?.audio)
      tracks.push(audio());
    if (constraints?.video)
      tracks.push(video());
    return new MediaStream(tracks);
  }
  navigator.mediaDevices.getUserMedia = media;
  const legacy = (constraints, done, fail) => media(constraints).then(done, fail); // the stock SDK's way
  for (const name of ['getUserMedia', 'webkitGetUserMedia'])
    Object.defineProperty(navigator, name, { value: legacy, writable: true, configurable: true });
  navigator.mediaDevices.getDisplayMedia = (c) => media({ video: c?.video ?? true });
}
