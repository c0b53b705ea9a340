// Answers of a person, and defects that they name, on their way to the station. Each is kept in the browser from the moment it is given, under a name of
// its own, until the station has it; who takes it back in time takes it from there, so no other tab sends it either. What is named
// of a photograph that waits itself is sent when that has its number.
import { newId, page, say } from "./dom.js"
import { sessionNow } from "./session.js"

export const GRACE = 5000 // milliseconds in which an answer can be taken back
const AGAIN = 5000 // between two tries
const LATE = 10_000 // how much later a page may be shown that was drawn before an answer was kept: it sends that answer again
const PLACE = "vb-answer-"

/**
 * @typedef {"fit" | "unfit" | "other" | "retake"} Answer
 * @typedef {{key: string, person: number, number: number, photograph?: string, answer: Answer | "", note: string, defects: string[],
 *   severities: import("./naming.js").Severities, blind: boolean, due: number}} Given `answer` "": its defects alone; `photograph`: by
 *   its name in the queue, and `number` is 0 until the station has given it one
 * @typedef {{status: number, told: any}} Outcome what the station said; status 0: there is no network
 */

/**
 * Send one answer; sent again under the same key, it is given once. A session that was renewed meanwhile is taken up.
 * @param {Given} given @returns {Promise<Outcome>} status 401 also where the session is another person's now
 */
export async function sendAnswer(given) {
  const sent = await post(given)
  if (sent.status !== 403) return sent
  const now = await sessionNow()
  if (!now) return { status: 0, told: {} }
  if (now.person !== given.person) return { status: 401, told: { detail: say("field_signed_out") } }
  if (now.csrf === page.csrf) return sent
  page.csrf = now.csrf
  return post(given)
}

/** @param {Given} given @returns {Promise<Outcome>} */
async function post({ key, number, answer, note, defects, severities, blind }) {
  try {
    const sent = await fetch(`/api/v1/inspections/${number}/${answer ? "reviews" : "defects"}`, {
      method: "POST",
      keepalive: true, // also when the page is being left
      headers: { "Content-Type": "application/json", "X-CSRF-Token": page.csrf, "Idempotency-Key": key, "Accept-Language": page.language },
      body: JSON.stringify(answer ? { answer, note, defects, severities, blind } : { defects, severities }),
    })
    return { status: sent.status, told: await sent.json().catch(() => ({})) } // a proxy speaks HTML
  } catch {
    return { status: 0, told: {} }
  }
}

/** Why the station does not take an answer. @param {Outcome} outcome @returns {string} */
export const problemOf = ({ told }) => told.detail ?? say("field_answer_refused")

/**
 * @param {number} number @param {Answer | ""} answer
 * @param {{note?: string, defects?: string[], severities?: import("./naming.js").Severities, blind?: boolean}} [more] `blind`: the
 *   verdict was not shown
 * @returns {Given}
 */
export const given = (number, answer, { note = "", defects = [], severities = {}, blind = false } = {}) => ({
  key: newId(), person: page.person, number, answer, note, defects, severities, blind, due: Date.now() + GRACE,
})

/** Whether the station took what was sent. @param {Outcome} outcome */
export const wasTaken = ({ told }) => Boolean(told.answer ?? told.defects)

/** What is given and not sent yet, oldest first. */
export class Answers {
  /**
   * @param {{state: (why: "" | "offline" | "signed_out") => void, refused: (given: Given, detail: string) => void,
   *   taken?: (given: Given, told: any) => void}} tell `taken`: what the station keeps of it now
   */
  constructor(tell) {
    this.tell = tell
    /** @type {Given[]} */
    this.items = remembered()
    /** @type {Given | undefined} the last one of this page */
    this.newest = undefined
    this.busy = false
    this.timer = 0
  }

  /** @param {Given} given */
  add(given) {
    for (const each of this.items) each.due = 0 // whoever goes on is sure of the one before
    this.items.push(given)
    this.newest = given
    remember(given)
    this.send()
  }

  /** The last one, while it can be taken back. */
  get last() {
    return this.newest && !isDue(this.newest) ? this.newest : undefined
  }

  /** @returns {Given | undefined} */
  takeBack() {
    const { last } = this
    if (last) this.#forget(last)
    this.newest = undefined
    return last
  }

  /** Send all that were given here now: the page is being left. */
  leave() {
    if (this.newest) this.newest.due = 0
    for (const each of this.items) {
      if (!each.answer) each.due = 0
      if (!each.number || !isDue(each) || isGone(each)) continue
      remember(each)
      sendAnswer(each)
    }
  }

  async send() {
    clearTimeout(this.timer)
    if (this.busy) return
    this.busy = true
    let pause = 0
    try {
      for (let next = this.#due(); next && !pause; next = this.#due()) pause = await this.#one(next)
    } finally {
      this.busy = false
      const waiting = this.items.filter((each) => each.number)
      const soonest = Math.min(...waiting.map((each) => each.due)) - Date.now()
      if (waiting.length) this.timer = setTimeout(() => this.send(), pause || Math.max(50, soonest))
    }
  }

  #due() {
    return this.items.find((each) => each.number && isDue(each))
  }

  /**
   * Name the defects of a fruit; what was named of it before and is not sent is forgotten.
   * @param {{photograph: string, number: number}} fruit `number`: 0 while its photograph waits in the queue
   * @param {import("./naming.js").Named} named
   */
  name(fruit, named) {
    for (const each of this.items.filter((one) => isOf(one, fruit))) this.#forget(each)
    if (!named.defects.length) return
    const made = { ...given(fruit.number, "", { ...named }), photograph: fruit.photograph }
    this.items.push(made)
    remember(made)
    this.send()
  }

  /** What was named of a fruit and is not sent. @param {{photograph: string, number: number}} fruit @returns {Given | undefined} */
  namedOf(fruit) {
    return this.items.find((each) => isOf(each, fruit))
  }

  /** A photograph has its number now; 0: the station refused it. @param {string} photograph @param {number} number */
  numbered(photograph, number) {
    for (const each of stored().filter((one) => one.photograph === photograph)) {
      const mine = this.items.find((one) => one.key === each.key) ?? each
      if (!this.items.includes(mine) && mine.person === page.person) this.items.push(mine)
      if (number) remember(Object.assign(mine, { number }))
      else this.#forget(mine)
    }
    this.send()
  }

  /** @param {Given} given @returns {Promise<number>} how long to wait before anything else is sent */
  async #one(given) {
    const sent = isGone(given) ? undefined : await sendAnswer(given)
    const taken = !sent || wasTaken(sent)
    if (!taken && (sent.status < 400 || [401, 408, 429].includes(sent.status) || sent.status >= 500)) {
      this.tell.state(sent.status === 401 ? "signed_out" : "offline")
      return AGAIN
    }
    this.#forget(given, taken ? LATE : 0)
    if (!taken) this.tell.refused(given, problemOf(sent))
    else this.tell.state("")
    if (taken && sent) this.tell.taken?.(given, sent.told)
    return 0
  }

  /** @param {Given} given @param {number} [after] milliseconds until the browser forgets it too */
  #forget(given, after = 0) {
    this.items = this.items.filter((each) => each !== given)
    const forget = () => localStorage.removeItem(PLACE + given.key)
    if (after) setTimeout(forget, after)
    else forget()
  }
}

/** Whether it can no longer be taken back; a clock that was set back makes nothing wait. @param {Given} given */
const isDue = ({ due }) => due <= Date.now() || due > Date.now() + GRACE

/** @type {Set<string>} keys of what the browser keeps; in a full store it is sent while this page is open */
const kept = new Set()

/** @param {Given} given */
function remember(given) {
  try {
    localStorage.setItem(PLACE + given.key, JSON.stringify(given))
    kept.add(given.key)
  } catch {
    // a full store
  }
}

/** Whether another tab has sent it, or it was taken back there. @param {Given} given */
const isGone = ({ key }) => kept.has(key) && localStorage.getItem(PLACE + key) === null

/** Whether it is of this fruit: its defects alone. @param {Given} given @param {{photograph: string, number: number}} fruit */
const isOf = (given, { photograph, number }) =>
  !given.answer && (number && given.number ? given.number === number : Boolean(photograph) && given.photograph === photograph)

/** What this person gave in another page and is not sent yet. @returns {Given[]} */
function remembered() {
  const mine = stored().filter((each) => each.person === page.person)
  for (const each of mine) kept.add(each.key)
  return mine
}

/** What anybody gave in this browser and is not sent yet. @returns {Given[]} */
function stored() {
  const found = []
  for (let place = 0; place < localStorage.length; place++) {
    const name = localStorage.key(place) ?? ""
    if (name.startsWith(PLACE)) found.push(JSON.parse(localStorage.getItem(name) ?? "{}"))
  }
  return found
}
