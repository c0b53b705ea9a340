"""Mi cuenta: who this is, language, password, and the way out."""

import streamlit as st

from ..texts import LANGUAGES, say
from .hypertext import h, hypertext, join
from .pieces import facts
from .visit import Visit


def show(visit: Visit) -> None:
    """The page."""
    language, identity = visit.language, visit.identity
    languages = join(
        h(
            '<button type="button" class="button{2}" data-act="language" data-value="{0}" lang="{0}" '
            'aria-pressed="{3}">{1}</button>',
            each,
            say(each, "ui_language_name"),
            " primary" if each == language else "",
            "true" if each == language else "false",
        )
        for each in LANGUAGES
    )
    named: list[tuple[str, object]] = [
        (say(language, "ui_name"), identity.actor.name),
        (say(language, "ui_email"), identity.email or "—"),
        (say(language, "ui_role"), say(language, f"ui_role_{identity.role}")),
    ]
    deed = hypertext(
        h(
            '<div class="head"><h1>{title}</h1></div><div class="grid"><section>{facts}</section>'
            '<section><h2>{language}</h2><div class="row">{languages}</div></section></div>'
            '<section><div class="row"><a class="button" href="/password">{password}</a>'
            '<form method="post" action="/logout" class="inline"><input type="hidden" name="csrf" value="{csrf}">'
            '<button class="button danger" type="submit">{out}</button></form></div></section>',
            title=say(language, "ui_page_account"),
            facts=facts(named),
            language=say(language, "ui_language"),
            languages=languages,
            password=say(language, "ui_change_password"),
            csrf=identity.csrf or "",
            out=say(language, "ui_sign_out"),
        ),
        "account",
    )
    if deed.name == "language" and deed.value in LANGUAGES:
        visit.access.set_language(identity, deed.value)
        st.rerun()
