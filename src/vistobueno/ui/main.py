"""The script that Streamlit runs at every interaction."""

from vistobueno.ui.shell import show

show()
