// What is heard and felt of an answer, so that nobody has to look: one high tone is fit, two low ones not fit, three rising review.
import { find, say } from "./dom.js"

const TONES = { fit: [[880, 0.18]], unfit: [[220, 0.22], [220, 0.32]], review: [[440, 0.12], [554, 0.12], [659, 0.2]] }
const SHAKES = { fit: [70], unfit: [220, 90, 320], review: [90, 70, 90, 70, 90] }

/** @type {AudioContext | undefined} */
let audio

export const isOn = () => localStorage.getItem("vb-signals") !== "off"

/** Browsers let a page sound once a person has touched it. */
export function ready() {
  if (isOn() && "AudioContext" in window) audio ??= new AudioContext()
  audio?.resume()
}

/** @param {"fit" | "unfit" | "review"} answer */
export function signal(answer) {
  if (!isOn()) return
  navigator.vibrate?.(SHAKES[answer])
  if (audio?.state !== "running") return
  let at = audio.currentTime
  for (const [pitch, lasts] of TONES[answer]) {
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.frequency.value = pitch
    tone.type = answer === "unfit" ? "square" : "sine"
    volume.gain.setValueAtTime(0.2, at)
    volume.gain.exponentialRampToValueAtTime(0.001, at + lasts)
    tone.connect(volume).connect(audio.destination)
    tone.start(at)
    tone.stop(at + lasts)
    at += lasts + 0.06
  }
}

/** The switch in the page. */
export function switchable() {
  const button = find("#signals")
  const draw = () => {
    button.setAttribute("aria-checked", String(isOn()))
    button.textContent = say("field_signals")
  }
  button.onclick = () => {
    localStorage.setItem("vb-signals", isOn() ? "off" : "on")
    ready()
    draw()
  }
  draw()
}
