"""Lotes: what is presented, which packages are opened, what was found, what the standards say, and the decision."""

import streamlit as st
from markupsafe import Markup

from ..pieces import notice
from ..visit import Visit
from . import one, opening


def show(visit: Visit) -> None:
    """The list, or one lot."""
    said = st.session_state.pop("lots_said", None)
    told = notice(*said) if said else Markup()
    asked = st.query_params.get("lot", "")
    if asked.isdecimal():
        one.show(visit, int(asked), told)
    else:
        opening.show(visit, told)
