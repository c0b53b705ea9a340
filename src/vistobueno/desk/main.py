"""The script that Streamlit runs at every interaction."""

from vistobueno.desk.shell import show

show()
