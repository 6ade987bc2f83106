/**
 * The page's own sounds: a chime of two tones, and a voice.
 */

const TONES_HZ = [659.25, 523.25]; // E5, C5
const TONE_SECONDS = 0.7;
const GAIN = 0.25; // -12 dBFS
const SPEECH_ENDS_WITHIN_MS = 15_000;

/** @type {AudioContext | null} */
let context = null;

/**
 * Unlock sound. Browsers allow it after a touch, or by a start option.
 * @returns {Promise<boolean>} whether there is sound now
 */
export async function unlockSound() {
  context ??= newContext();
  if (!context) return false;
  // Without a touch this promise may stay open for ever.
  await Promise.race([context.resume(), pause(300)]);
  return context.state === "running";
}

/** A device without a loudspeaker may refuse one, and a browser may not have any. */
function newContext() {
  try {
    return new AudioContext();
  } catch {
    return null;
  }
}

/** Two soft tones. Resolves when they have faded. */
export async function chime() {
  const sounding = context;
  if (sounding?.state !== "running") return;
  for (const [place, tone] of TONES_HZ.entries()) {
    play(sounding, tone, sounding.currentTime + place * TONE_SECONDS);
  }
  await pause(TONES_HZ.length * TONE_SECONDS * 1000);
}

/**
 * @param {AudioContext} context
 * @param {number} frequency in Hz
 * @param {number} start in seconds of the context's clock
 */
function play(context, frequency, start) {
  const [tone, volume] = [context.createOscillator(), context.createGain()];
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, start);
  volume.gain.exponentialRampToValueAtTime(GAIN, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + TONE_SECONDS);
  tone.connect(volume).connect(context.destination);
  tone.start(start);
  tone.stop(start + TONE_SECONDS);
}

/**
 * Vibrate the device if it can. Browsers log a warning before the first touch.
 * @param {number[]} pattern milliseconds of shaking and of rest, in turns
 */
export function vibrate(pattern) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}

/**
 * Speak a text if the device can. Resolves when it has ended.
 * @param {string} text
 * @param {string} language
 */
export async function speak(text, language) {
  if (!globalThis.speechSynthesis?.getVoices().length) return;
  const words = new SpeechSynthesisUtterance(text);
  words.lang = language;
  words.rate = 0.9;
  const said = new Promise((resolve) => {
    words.addEventListener("end", resolve);
    words.addEventListener("error", resolve);
  });
  speechSynthesis.speak(words);
  await Promise.race([said, pause(SPEECH_ENDS_WITHIN_MS)]);
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
