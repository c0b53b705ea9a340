"""The station for any ASGI server, and the file that Streamlit starts.

streamlit run main.py
uvicorn main:app
vistobueno serve        # the same, with the first admin's link; also where only the package is installed
"""

import streamlit as st

from vistobueno.web.app import SCRIPT, parts

app = st.App(SCRIPT, **parts())  # written out: Streamlit looks for these words before it runs the file
