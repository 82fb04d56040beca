// SPDX-License-Identifier: MIT
// Each codec, each SRTP profile, each address family, end to end; the estimate leaves its start; Firefox beside Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser, stats } from './lib/chromium.mjs';
import { Roomline, sleep, until } from './lib/daemons.mjs';
import { Firefox } from './lib/firefox.mjs';
import { hears, sees } from './lib/oracle.mjs';
import { enter, onAir, pageUrl, videoOf } from './lib/own.mjs';

let browser;
before(async () => { browser = await Browser.start(); });
after(() => browser?.stop());

async function start(t, settings) {
  const roomline = await Roomline.start(settings);
  t.after(() => roomline.stop());
  return roomline;
}

async function pair(roomline, query, source = {}) {
  const pages = {};
  for (const login of ['Alice', 'Bob']) {
    pages[login] = await browser.person(login, source);
    await enter(pages[login], pageUrl(roomline, 'conference', { roomName: 'pair', login, ...query }));
    await onAir(pages[login]);
  }
  await sees(await videoOf(pages.Bob, 'Alice'), 'Alice');
  await hears(await videoOf(pages.Bob, 'Alice'), 'Alice');
  await sees(await videoOf(pages.Alice, 'Bob'), 'Bob');
  return { ...pages, close: () => Promise.all([pages.Alice.context().close(), pages.Bob.context().close()]) };
}

const received = async (page, kind) => {
  const all = await stats(page, 'inbound-rtp', 'codec', 'transport', 'candidate-pair', 'remote-candidate');
  const stream = all.find((s) => s.type === 'inbound-rtp' && s.kind === kind && s.packetsReceived > 0);
  return { stream, codec: all.find((s) => s.id === stream?.codecId), all };
};

for (const [video, audio] of [['H264', 'opus'], ['VP8', 'PCMU'], ['H264', 'PCMA'], ['VP9', 'opus'], ['AV1', 'opus']])
  test(`${video} and ${audio}`, async (t) => {
    const roomline = await start(t, { 'media.video_codecs': video, 'media.audio_codecs': audio });
    const people = await pair(roomline, {});
    for (const [kind, name] of [['video', video], ['audio', audio]]) {
      const { codec } = await received(people.Bob, kind);
      assert.equal(codec.mimeType.toLowerCase(), `${kind}/${name}`.toLowerCase());
    }
    await people.close();
  });

for (const [profile, cipher] of [['AEAD_AES_128_GCM', 'SRTP_AEAD_AES_128_GCM'], ['AEAD_AES_256_GCM', 'SRTP_AEAD_AES_256_GCM'],
  ['AES_CM_128_HMAC_SHA1_80', 'SRTP_AES128_CM_HMAC_SHA1_80']])
  test(`SRTP ${profile}`, async (t) => {
    const roomline = await start(t, { 'srtp.profiles': profile });
    const people = await pair(roomline, {});
    const { all } = await received(people.Bob, 'video');
    const ciphers = new Set(all.filter((s) => s.type === 'transport').map((s) => s.srtpCipher));
    assert.deepEqual([...ciphers], [cipher]);
    await people.close();
  });

test('IPv6', async (t) => {
  const roomline = await start(t, { 'media.announce': '::1' });
  const people = await pair(roomline, {});
  const { all } = await received(people.Bob, 'video');
  assert.ok(all.some((s) => s.type === 'remote-candidate' && s.address === '::1'), 'media does not flow over ::1');
  await people.close();
});

test('the publisher leaves its 300 kbit/s start', async (t) => {
  const roomline = await start(t);
  const people = await pair(roomline, {}, { width: 640, height: 360 });
  const kbps = await until('more than 800 kbit/s available', 30, async () => {
    const pairs = await stats(people.Alice, 'candidate-pair');
    const best = Math.max(...pairs.map((s) => s.availableOutgoingBitrate ?? 0)) / 1000;
    return best > 800 && best;
  });
  assert.ok(kbps > 800);
  await people.close();
});

test('Firefox and Chromium see and hear each other with VP8', async (t) => {
  // The host's own addresses: without a camera permission Firefox gathers no loopback candidate.
  const roomline = await start(t, { 'media.video_codecs': 'VP8 H264', 'media.announce': '' });
  const firefox = await Firefox.start();
  t.after(() => firefox.stop());
  const alice = await firefox.person('Alice');
  await enter(alice, pageUrl(roomline, 'conference', { roomName: 'foxes', login: 'Alice' }));
  await onAir(alice);
  const bob = await browser.person('Bob');
  await enter(bob, pageUrl(roomline, 'conference', { roomName: 'foxes', login: 'Bob' }));
  await onAir(bob);
  await sees(await videoOf(bob, 'Alice'), 'Alice');
  await hears(await videoOf(bob, 'Alice'), 'Alice');
  await sees(await videoOf(alice, 'Bob'), 'Bob');
  await hears(await videoOf(alice, 'Bob'), 'Bob');
  await bob.context().close();
});

test('late joiner gets a picture at once, and lost packets are repaired', async (t) => {
  const roomline = await start(t);
  const people = await pair(roomline, {});
  await sleep(3000);
  const carol = await browser.person('Carol');
  await enter(carol, pageUrl(roomline, 'conference', { roomName: 'pair', login: 'Carol' }));
  await sees(await videoOf(carol, 'Alice'), 'Alice', { seconds: 5 });
  await carol.context().close();
  await people.close();
});
