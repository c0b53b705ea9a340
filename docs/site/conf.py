"""How the site looks and speaks; docs/build.py passes the language. No page asks another host for anything."""

import os
from pathlib import Path
from typing import Any

from diagram import drawing
from docutils import nodes
from docutils.parsers.rst import Directive

project = "Visto Bueno"
author = "Visto Bueno"
copyright = "Visto Bueno, Apache-2.0"  # noqa: A001 Sphinx's own name
language = os.environ["DOCS_LANGUAGE"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_use_ivar = True  # fields of a dataclass, told once
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Visto Bueno"
html_logo = html_favicon = "logo.svg"
html_copy_source = False
html_show_sphinx = False
html_show_sourcelink = False
OTHER, NAME = {"es": ("en", "English"), "en": ("es", "Español")}[language]
html_theme_options = {
    "announcement": f'<a href="../{OTHER}/index.html" hreflang="{OTHER}" lang="{OTHER}">{NAME}</a>',
    "light_css_variables": {"color-brand-primary": "#1f7a4d", "color-brand-content": "#1f7a4d"},
    "dark_css_variables": {"color-brand-primary": "#5fc28d", "color-brand-content": "#5fc28d"},
}


class Screenshot(Directive):
    """A picture that the site's build took of the running station; nothing where it took none."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        folder = Path(os.environ["DOCS_SCREENSHOTS"])
        forms = {f"{self.arguments[0]}-phone-{language}.png": "45%", f"{self.arguments[0]}-desk-{language}.png": "100%"}
        name = next((name for name in forms if (folder / name).is_file()), None)
        if name is None:
            return []
        caption = " ".join(self.content)
        image = nodes.image(uri=f"screenshots/{name}", alt=caption, width=forms[name])
        return [nodes.figure("", image, nodes.caption("", caption))]


class Diagram(Directive):
    """The architecture, drawn."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", drawing(language), format="html")]


def setup(app: Any) -> None:
    app.add_directive("screenshot", Screenshot)
    app.add_directive("diagram", Diagram)
