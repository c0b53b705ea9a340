// A photograph and what lies over it, made larger together: two fingers, a double tap, the wheel, buttons or keys.
import { el, say } from "./dom.js"

const MOST = 6
const STEP = 1.6
const NEAR = 2.5 // what a double tap makes of the whole
const DOUBLE = 320 // milliseconds between the two
const STILL = 10 // pixels that a tap may move

/** @typedef {{x: number, y: number}} Point */

/**
 * @param {...Element} layers of the same size, one over the other
 * @returns {{box: HTMLElement, tools: HTMLElement}} what shows them, and its buttons
 */
export function zoomable(...layers) {
  const pane = el("div", { className: "pane" }, ...layers)
  const box = el("div", { className: "zoom", tabIndex: 0, role: "group", "aria-label": say("field_zoom") }, pane)
  const less = el("button", { type: "button", className: "button small", "aria-label": say("field_zoom_less") }, "−")
  const more = el("button", { type: "button", className: "button small", "aria-label": say("field_zoom_more") }, "+")
  let scale = 1
  let x = 0
  let y = 0
  /** @type {Map<number, Point>} */
  const fingers = new Map()
  let down = { at: 0, x: 0, y: 0 }
  let tapped = { at: 0, x: 0, y: 0 }

  function draw() {
    x = Math.min(0, Math.max(box.clientWidth * (1 - scale), x))
    y = Math.min(0, Math.max(box.clientHeight * (1 - scale), y))
    pane.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`
    box.classList.toggle("zoomed", scale > 1)
    less.setAttribute("aria-disabled", String(scale === 1)) // `disabled` would take the focus away
    more.setAttribute("aria-disabled", String(scale === MOST))
  }

  /** What is under `at` stays there. @param {number} wanted @param {Point} [at] */
  function to(wanted, at = { x: box.clientWidth / 2, y: box.clientHeight / 2 }) {
    const next = Math.min(MOST, Math.max(1, wanted))
    x = at.x - ((at.x - x) * next) / scale
    y = at.y - ((at.y - y) * next) / scale
    scale = next
    draw()
  }

  /** @param {MouseEvent} event @returns {Point} */
  const point = (event) => {
    const place = box.getBoundingClientRect()
    return { x: event.clientX - place.left, y: event.clientY - place.top }
  }
  const apart = (/** @type {Point} */ a, /** @type {Point} */ b) => Math.hypot(a.x - b.x, a.y - b.y)
  const spread = () => {
    const [a, b] = fingers.values()
    return b ? { size: apart(a, b), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } } : { size: 0, middle: a }
  }

  box.onpointerdown = (/** @type {PointerEvent} */ event) => {
    if (event.button) return
    fingers.set(event.pointerId, point(event))
    down = { at: event.timeStamp, ...point(event) }
    if (scale > 1 || fingers.size > 1) box.setPointerCapture(event.pointerId)
  }
  box.onpointermove = (/** @type {PointerEvent} */ event) => {
    if (!fingers.has(event.pointerId)) return
    const before = spread()
    fingers.set(event.pointerId, point(event))
    const after = spread()
    if (fingers.size > 1 && before.size) to((scale * after.size) / before.size, before.middle)
    if (fingers.size === 1 && scale === 1) return
    x += after.middle.x - before.middle.x
    y += after.middle.y - before.middle.y
    draw()
  }
  box.onpointerup = (/** @type {PointerEvent} */ event) => {
    const at = point(event)
    const alone = fingers.size === 1
    fingers.delete(event.pointerId)
    if (!alone || event.timeStamp - down.at > DOUBLE || apart(at, down) > STILL) return
    const twice = event.timeStamp - tapped.at < DOUBLE && apart(at, tapped) < 3 * STILL
    tapped = twice ? { at: 0, x: 0, y: 0 } : { at: event.timeStamp, ...at }
    if (twice) to(scale > 1 ? 1 : NEAR, at)
  }
  box.onpointercancel = (/** @type {PointerEvent} */ event) => fingers.delete(event.pointerId)
  box.onwheel = (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey && scale === 1 && document.activeElement !== box) return // the page is being scrolled
    event.preventDefault()
    to(scale * Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), point(event))
  }
  const moved = (/** @type {number} */ right, /** @type {number} */ lower) => {
    x -= right * 60
    y -= lower * 60
    draw()
  }
  /** @type {Record<string, () => void>} */
  const keys = { "+": () => to(scale * STEP), "=": () => to(scale * STEP), "-": () => to(scale / STEP), 0: () => to(1) }
  /** @type {Record<string, () => void>} */
  const ways = {
    ArrowLeft: () => moved(-1, 0), ArrowRight: () => moved(1, 0), ArrowUp: () => moved(0, -1), ArrowDown: () => moved(0, 1),
    Escape: () => to(1),
  }
  box.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const deed = keys[event.key] ?? (scale > 1 ? ways[event.key] : undefined)
    if (!deed || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    deed()
  }
  less.onclick = () => to(scale / STEP)
  more.onclick = () => to(scale * STEP)
  draw()
  return { box, tools: el("div", { className: "zooms" }, less, more) }
}
