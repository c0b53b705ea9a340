// What every page of the field needs: what the server put into it, elements, words, numbers and moments.
/** @type {any} */
export const page = JSON.parse(document.getElementById("page")?.textContent || "{}")

/** The text `key`, with values put in. @param {string} key @param {Record<string, unknown>} [values] */
export function say(key, values = {}) {
  const text = page.texts[key] ?? key
  return text.replace(/\{(\w+)\}/g, (/** @type {string} */ whole, /** @type {string} */ name) => String(values[name] ?? whole))
}

/** How many of what, in words that agree. @param {string} what @param {number} count */
export function counted(what, count) {
  return say(`count_${what}_${count === 1 ? "one" : "many"}`, { count: number(count) })
}

/**
 * An element. Properties whose name has a dash, and `role`, are attributes.
 * @param {string} tag @param {Record<string, any>} [properties] @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue
    if (name.includes("-") || name === "role") made.setAttribute(name, String(value))
    else /** @type {any} */ (made)[name] = value
  }
  made.append(.../** @type {(Node | string)[]} */ (children.filter((each) => each !== null && each !== undefined)))
  return made
}

/** The sign of an answer, drawn once in the page. @param {string} name */
export function sign(name) {
  const drawn = /** @type {HTMLTemplateElement} */ (document.getElementById(`sign-${name}`))
  return /** @type {Element} */ (drawn.content.cloneNode(true).firstChild)
}

const locale = page.language === "en" ? "en-GB" : "es" // 25 Nov 2026, 21:36: as the desk writes it

/** 12.345,6 in Spanish. @param {number} value @param {number} [digits] */
export function number(value, digits = 0) {
  return new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: "always",
  }).format(value)
}

/** A share in whole percents; what is not all is never said to be all, nor what is not nothing nothing. @param {number} share */
export function percent(share) {
  return new Intl.NumberFormat(locale, { style: "percent" }).format(Math.min(0.99, Math.max(0.01, share)))
}

/** 25 nov 2026, 11:32, where this browser is. @param {string} at */
export function moment(at) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at))
}

/** 11:32, where this browser is. @param {string} at */
export function clock(at) {
  return new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(new Date(at))
}

/** An identifier of 32 hexadecimal digits. `crypto.randomUUID` is not there without TLS. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** @param {string} selector @param {ParentNode} [root] @returns {any} */
export const find = (selector, root = document) => root.querySelector(selector)
