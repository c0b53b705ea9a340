// Answers of a person on their way to the station. Each is kept in the browser from the moment it is given, under a name of
// its own, until the station has it; what is written there is never changed, so an answer can be taken back before it goes.
import { newId, page } from "./dom.js"

export const GRACE = 5000 // milliseconds in which an answer can be taken back
const AGAIN = 5000 // between two tries
const PLACE = "vb-answer-"

/**
 * @typedef {"fit" | "unfit" | "other" | "retake"} Answer
 * @typedef {{key: string, person: number, number: number, answer: Answer, note: string, defects: string[], due: number}} Given
 */

/**
 * Send one answer; sent again under the same key, it is given once.
 * @param {Given} given @returns {Promise<Response | null>} null: there is no network
 */
export function sendAnswer({ key, number, answer, note, defects }) {
  return fetch(`/api/v1/inspections/${number}/reviews`, {
    method: "POST",
    keepalive: true, // also when the page is being left
    headers: { "Content-Type": "application/json", "X-CSRF-Token": page.csrf, "Idempotency-Key": key, "Accept-Language": page.language },
    body: JSON.stringify({ answer, note, defects }),
  }).catch(() => null)
}

/** @param {number} number @param {Answer} answer @param {string} note @param {string[]} defects @returns {Given} */
export const given = (number, answer, note = "", defects = []) => ({
  key: newId(), person: page.person, number, answer, note, defects, due: Date.now() + GRACE,
})

/** What is given and not sent yet, oldest first. */
export class Answers {
  /** @param {{state: (why: "" | "offline" | "signed_out") => void, refused: (given: Given, detail: string) => void}} tell */
  constructor(tell) {
    this.tell = tell
    /** @type {Given[]} */
    this.items = remembered()
    this.busy = false
    this.timer = 0
  }

  /** @param {Given} given */
  add(given) {
    for (const each of this.items) each.due = 0 // whoever goes on is sure of the one before
    this.items.push(given)
    remember(given)
    this.send()
  }

  /** The last one, while it can be taken back. */
  get last() {
    const last = this.items.at(-1)
    return last && last.due > Date.now() ? last : undefined
  }

  /** @returns {Given | undefined} */
  takeBack() {
    const { last } = this
    if (last) this.#forget(last)
    return last
  }

  /** Send all now: the page is being left. */
  leave() {
    for (const each of this.items) (each.due = 0), sendAnswer(each)
  }

  async send() {
    clearTimeout(this.timer)
    if (this.busy) return
    this.busy = true
    let pause = 0
    for (let next = this.#due(); next && !pause; next = this.#due()) pause = await this.#one(next)
    this.busy = false
    if (!this.items.length) return
    const soonest = Math.min(...this.items.map((each) => each.due)) - Date.now()
    this.timer = setTimeout(() => this.send(), pause || Math.max(50, soonest))
  }

  #due() {
    return this.items.find((each) => each.due <= Date.now())
  }

  /** @param {Given} given @returns {Promise<number>} how long to wait before anything else is sent */
  async #one(given) {
    const sent = await sendAnswer(given)
    if (!sent || sent.status === 401 || sent.status === 408 || sent.status === 429 || sent.status >= 500) {
      this.tell.state(sent?.status === 401 ? "signed_out" : "offline")
      return AGAIN
    }
    this.#forget(given)
    if (sent.ok) this.tell.state("")
    else this.tell.refused(given, (await sent.json()).detail)
    return 0
  }

  /** @param {Given} given */
  #forget(given) {
    this.items = this.items.filter((each) => each !== given)
    localStorage.removeItem(PLACE + given.key)
  }
}

/** @param {Given} given */
function remember(given) {
  try {
    localStorage.setItem(PLACE + given.key, JSON.stringify(given))
  } catch {
    // a full store: it is sent while this page is open
  }
}

/** What this person gave in a page that was closed before it could be sent. @returns {Given[]} */
function remembered() {
  const found = []
  for (let place = 0; place < localStorage.length; place++) {
    const name = localStorage.key(place) ?? ""
    if (name.startsWith(PLACE)) found.push(JSON.parse(localStorage.getItem(name) ?? "{}"))
  }
  return found.filter((each) => each.person === page.person).map((each) => ({ ...each, due: 0 }))
}
