// On the page to sign out: what is not sent yet is said before anybody leaves.
import { find, counted } from "./dom.js"
import { Store } from "./queue.js"

const count = await (await Store.open()).count()
const said = find("#unsent")
said.hidden = count === 0
said.textContent = counted("leaving", count)
