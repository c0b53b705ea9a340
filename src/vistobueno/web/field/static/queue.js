// Photographs wait in the browser's database, each under a name of its own, until the station has acknowledged them: a closed
// tab, a killed browser or a restarted phone loses none, and one that is sent twice is kept once.
import { post, problemOf } from "./sending.js"
import { sessionNow } from "./session.js"

const AT_ONCE = 2 // uploads; the station judges as fast as it has cores, more only waste the line
const LONGEST_PAUSE = 15 // seconds between two tries

/**
 * What is known of a photograph that waits; its bytes stay in the database until they are sent, for a phone's memory is small.
 * @typedef {{id: string, group: string, of: number, order: number, name: string, type: string, person: number,
 *   line?: string, lineless?: boolean, place?: import("./lots.js").Place, lotless?: boolean, held?: string, tries?: number, after?: number, since?: number, done?: number}} Item
 * @typedef {Item & {bytes: ArrayBuffer}} Kept
 * @typedef {{id: string, group: string, of: number, order: number, name: string, inspection?: any, error?: string}} Outcome
 */

/** What keeps photographs: the browser's database, or where it has none (a private window) this page's memory. */
export class Store {
  /** @param {IDBDatabase | null} database */
  constructor(database) {
    this.database = database
    /** @type {Map<string, Kept>} */
    this.memory = new Map()
  }

  /** @returns {Promise<Store>} */
  static open() {
    return new Promise((resolve) => {
      try {
        const asked = indexedDB.open("vistobueno", 1)
        asked.onupgradeneeded = () => asked.result.createObjectStore("photographs", { keyPath: "id" })
        asked.onsuccess = () => resolve(new Store(asked.result))
        asked.onerror = () => resolve(new Store(null))
      } catch {
        resolve(new Store(null))
      }
    })
  }

  get lasts() {
    return this.database !== null
  }

  /** @param {Kept} kept */
  async put(kept) {
    if (!this.database) return void this.memory.set(kept.id, kept)
    await this.#run("readwrite", (store) => store.put(kept))
  }

  /** @param {string} id @returns {Promise<Kept | undefined>} */
  async get(id) {
    return this.database ? this.#run("readonly", (store) => store.get(id)) : this.memory.get(id)
  }

  /** @returns {Promise<number>} */
  async count() {
    return this.database ? this.#run("readonly", (store) => store.count()) : this.memory.size
  }

  /** @param {string} id */
  async delete(id) {
    if (!this.database) return void this.memory.delete(id)
    await this.#run("readwrite", (store) => store.delete(id))
  }

  /** What waits, one after another, so that never more than one photograph is in memory. @returns {Promise<Item[]>} */
  async all() {
    if (!this.database) return [...this.memory.values()].map(withoutBytes)
    /** @type {Item[]} */
    const found = []
    await this.#run("readonly", (store) => {
      const asked = store.openCursor()
      asked.onsuccess = () => {
        if (!asked.result) return
        found.push(withoutBytes(asked.result.value))
        asked.result.continue()
      }
      return asked
    })
    return found
  }

  /**
   * Resolves when the transaction is durable, not when it is asked for.
   * @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} work @returns {Promise<any>}
   */
  #run(mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = /** @type {IDBDatabase} */ (this.database).transaction("photographs", mode, { durability: "strict" })
      const asked = work(transaction.objectStore("photographs"))
      transaction.oncomplete = () => resolve(asked.result)
      transaction.onabort = transaction.onerror = () => reject(transaction.error)
    })
  }
}

/** Whether it may be sent now; a clock that was set back makes nothing wait. @param {Item} item */
const isDue = ({ after = 0, since = 0 }) => after <= Date.now() || Date.now() < since

/** @param {Kept} kept @returns {Item} */
function withoutBytes({ bytes, ...item }) {
  return item
}

export class Queue {
  /**
   * @param {Store} store @param {import("./session.js").Session & {language: string}} session
   * @param {{change: () => void, outcome: (outcome: Outcome) => void}} tell
   */
  constructor(store, session, tell) {
    this.store = store
    this.session = session
    this.tell = tell
    /** @type {Item[]} */
    this.items = []
    /** @type {Set<string>} */
    this.sending = new Set()
    /** "" | "offline" | "signed_out" | "busy": why nothing moves, as far as it is known. */
    this.state = ""
  }

  /** Take up what an earlier page left. */
  async load() {
    const known = new Set(this.items.map((each) => each.id))
    this.items.push(...(await this.store.all()).filter((each) => !known.has(each.id)).sort((a, b) => a.order - b.order))
    for (const each of this.items) each.after = 0
    this.tell.change()
    this.pump()
  }

  /** Those that this person's session sends; another person's wait for that person. */
  get mine() {
    return this.items.filter((each) => each.person === this.session.person)
  }

  /** Keep a file, then send it. @param {Omit<Item, "person">} about @param {Blob} file */
  async add(about, file) {
    const item = { ...about, person: this.session.person }
    await this.store.put({ ...item, bytes: await file.arrayBuffer() })
    this.items.push(item)
    this.tell.change()
    this.pump()
  }

  /** Try everything again now: the network is back, the page is looked at again, a person asks. */
  again() {
    for (const each of this.mine) Object.assign(each, { after: 0, held: "" })
    this.pump()
  }

  /** Send another person's photographs as this one. */
  async adopt() {
    for (const item of this.items.filter((each) => each.person !== this.session.person)) {
      const kept = await this.store.get(item.id)
      item.person = this.session.person
      if (kept) await this.store.put({ ...kept, person: item.person })
    }
    this.again()
  }

  /** Send a photograph to another line than the one it was taken on, which is gone. @param {Item} item @param {string} line */
  async move(item, line) {
    const kept = await this.store.get(item.id)
    if (kept) await this.store.put({ ...kept, line })
    Object.assign(item, { line, lineless: false })
    this.again()
  }

  /** Send a photograph without the lot that does not take it. @param {Item} item */
  async leaveLot(item) {
    const kept = await this.store.get(item.id)
    if (kept) await this.store.put({ ...kept, place: undefined })
    Object.assign(item, { place: undefined, lotless: false })
    this.again()
  }

  /** Another photograph of a fruit waits until the station has given that its number. @param {Item} item */
  #waitsForFruit(item) {
    return Boolean(item.place?.sideOf && this.items.some((each) => each.id === item.place?.sideOf))
  }

  /** @param {string} id @param {number | null} fruit */
  async #sides(id, fruit) {
    for (const item of this.items.filter((each) => each.place?.sideOf === id)) {
      const { sideOf, ...place } = /** @type {import("./lots.js").Place} */ (item.place)
      item.place = { ...place, fruit: fruit ?? undefined }
      const kept = await this.store.get(item.id)
      if (kept) await this.store.put({ ...kept, place: item.place })
    }
  }

  pump() {
    while (this.sending.size < AT_ONCE) {
      const next = this.mine.find((each) => !this.sending.has(each.id) && !each.held && isDue(each) && !this.#waitsForFruit(each))
      if (!next) break
      this.sending.add(next.id)
      this.#alone(next).finally(() => {
        this.sending.delete(next.id)
        this.tell.change()
        this.pump()
      })
      this.tell.change()
    }
    clearTimeout(this.timer)
    const waiting = this.mine.filter((each) => !this.sending.has(each.id) && !each.held)
    if (waiting.length && this.sending.size < AT_ONCE) {
      const soonest = Math.min(...waiting.map((each) => each.after ?? 0))
      this.timer = setTimeout(() => this.pump(), Math.max(50, soonest - Date.now()))
    }
  }

  // Two tabs have the same photographs: one of them sends each.
  /** @param {Item} item */
  async #alone(item) {
    if (!navigator.locks) return this.#send(item)
    await navigator.locks.request(`vistobueno-${item.id}`, { ifAvailable: true }, async (lock) => {
      if (!lock) return this.#later(item, 2)
      await this.#send(item)
    })
  }

  /** @param {Item} item */
  async #send(item) {
    const kept = await this.store.get(item.id)
    if (!kept) return this.#forget(item) // another tab has sent it
    const zip = /\.zip$/i.test(item.name) || /zip/.test(item.type)
    const { person, ...about } = item
    const told = (/** @type {any} */ line) => {
      const error = line.problem?.detail
      const id = `${item.id}/${line.name ?? line.inspection?.number}`
      this.tell.outcome({ ...about, of: 2, id, name: line.name ?? item.name, inspection: line.inspection ?? undefined, error })
    }
    item.done = 0
    const answer = await post(kept, this.session, (done) => {
      item.done = done
      this.tell.change()
    }, zip ? told : undefined)
    if (answer.status >= 200 && answer.status < 300) {
      this.state = ""
      if (!zip) {
        const inspection = JSON.parse(answer.text)
        await this.#sides(item.id, inspection.fruit)
        this.tell.outcome({ ...about, inspection })
      }
      return this.#done(item)
    }
    if (answer.status === 401 || answer.status === 403) {
      if (await this.renew()) return this.#later(item, 0)
      if (answer.status === 401) {
        this.state = "signed_out"
        return this.#later(item, LONGEST_PAUSE)
      }
      item.held = problemOf(answer).said || "failed"
      return undefined
    }
    if (item.place && ["no_lot", "lot_closed", "package_full", "package_not_drawn", "fruit_not_planned"].includes(problemOf(answer).code)) {
      await this.renew()
      Object.assign(item, { held: problemOf(answer).said, lotless: true })
      return undefined
    }
    if (problemOf(answer).code.startsWith("line_")) {
      await this.renew()
      Object.assign(item, { held: problemOf(answer).said, lineless: true })
      return undefined
    }
    const later = answer.status === 0 || answer.status === 408 || answer.status === 429 || answer.status >= 500
    if (later) {
      this.state = answer.status === 0 ? "offline" : "busy"
      return this.#later(item, Math.max(answer.after, Math.min(LONGEST_PAUSE, item.tries ?? 1)))
    }
    this.tell.outcome({ ...about, error: problemOf(answer).said })
    return this.#done(item)
  }

  /** The session as it is now; true when it is another than before. */
  async renew() {
    const now = await sessionNow()
    const changed = !!now && now.csrf !== this.session.csrf
    Object.assign(this.session, now ?? {})
    if (changed) this.state = ""
    return changed
  }

  /** @param {Item} item @param {number} seconds */
  #later(item, seconds) {
    item.tries = (item.tries ?? 0) + 1
    item.since = Date.now()
    item.after = item.since + seconds * 1000
  }

  /** @param {Item} item */
  async #done(item) {
    await this.store.delete(item.id)
    this.#forget(item)
  }

  /** @param {Item} item */
  #forget(item) {
    this.items = this.items.filter((each) => each.id !== item.id)
  }
}
