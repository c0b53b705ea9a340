// On the page to sign out: what is not sent yet is said before anybody leaves; answers are sent from here too.
import { Answers } from "./answers.js"
import { counted, find } from "./dom.js"
import { Store } from "./queue.js"

const photographs = await (await Store.open()).count()
let problem = ""
const answers = new Answers({
  state: say,
  refused: (_, detail) => {
    problem = detail
    say()
  },
})

function say() {
  const told = [
    problem,
    photographs && counted("leaving", photographs),
    answers.items.length && counted("leaving_answers", answers.items.length),
  ].filter(Boolean)
  find("#unsent").hidden = !told.length
  find("#unsent").textContent = told.join(" ")
}

addEventListener("online", () => answers.send())
say()
answers.send()
document.documentElement.dataset.ready = "true"
