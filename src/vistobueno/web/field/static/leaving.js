// On the page to sign out: what is not sent yet is said before anybody leaves.
import { find, counted } from "./dom.js"
import { Store } from "./queue.js"

const items = await (await Store.open()).all()
const said = find("#unsent")
said.hidden = items.length === 0
said.textContent = counted("leaving", items.length)
