// A card that one finger pushes aside: to the right is one answer, to the left the other. Up and down the page scrolls.
const FAR = 90 // pixels, or a third of a narrow card

/**
 * @param {HTMLElement} area
 * @param {(side: "left" | "right") => void} done
 * @param {(side: "" | "left" | "right") => void} leaning on the way: which side it would be now
 */
export function swipeable(area, done, leaning) {
  /** @type {{id: number, x: number, y: number} | null} */
  let from = null
  const far = () => Math.min(FAR, area.clientWidth / 3)
  const side = (/** @type {number} */ way) => (way > far() ? "right" : way < -far() ? "left" : "")

  function end() {
    from = null
    area.style.transform = ""
    leaning("")
  }
  area.addEventListener("pointerdown", (event) => {
    const large = /** @type {HTMLElement} */ (event.target).closest(".zoomed, button")
    if (from) return end() // a second finger: the photograph is being made larger
    if (event.pointerType !== "mouse" && !large) from = { id: event.pointerId, x: event.clientX, y: event.clientY }
  })
  area.addEventListener("pointermove", (event) => {
    if (event.pointerId !== from?.id) return
    const way = event.clientX - from.x
    if (Math.abs(way) < 12) return
    area.style.transform = `translateX(${way}px)`
    leaning(side(way))
  })
  area.addEventListener("pointerup", (event) => {
    if (event.pointerId !== from?.id) return
    const chosen = side(event.clientX - from.x)
    end()
    if (chosen) done(chosen)
  })
  area.addEventListener("pointercancel", end)
}
