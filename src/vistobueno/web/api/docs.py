"""The API's documentation as one page of our own: no script, nothing from elsewhere."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from ...desk import palette
from ...i18n import say

_STYLE = """
body{color:var(--ink);background:var(--paper);font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:62rem;
padding:1.5rem}h2{margin-top:2.5rem;font-size:1.15rem}code,pre{font:14px/1.45 ui-monospace,monospace}
a{color:var(--blue)}pre{background:var(--sand);padding:.8rem;overflow:auto;border-radius:.4rem}.verb{display:inline-block;min-width:3.6rem;font-weight:700}table{border-collapse:
collapse;width:100%}td,th{border-top:1px solid var(--line);padding:.35rem .5rem;text-align:left;vertical-align:top}
"""


def page(document: Mapping[str, Any], language: str) -> HTMLResponse:
    """The OpenAPI document for reading."""
    parts = [f"<h1>{escape(document['info']['title'])} · API {escape(document['info']['version'])}</h1>"]
    parts += [f"<p>{_marked(each)}</p>" for each in document["info"]["description"].strip().split("\n\n")]
    parts.append(f'<p><a href="openapi.json">openapi.json</a> · {escape(say(language, "web_docs_use"))}</p>')
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            parts.append(_operation(document, verb, path, operation, language))
    body = "\n".join(parts)
    text = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>API · Visto Bueno</title><style>{palette.css()}{_STYLE}</style><body><main>{body}</main></body></html>"
    )
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


def _operation(document: Mapping[str, Any], verb: str, path: str, operation: Mapping[str, Any], language: str) -> str:
    root = document["servers"][0]["url"]
    parts = [
        f'<h2><span class="verb">{verb.upper()}</span> <code>{escape(root + path)}</code><br>{escape(operation["summary"])}</h2>'
    ]
    parts += [f"<p>{_marked(each)}</p>" for each in operation.get("description", "").split("\n\n")]
    if listed := operation.get("parameters"):
        rows = "".join(_parameter(each) for each in listed)
        parts.append(
            f"<table><tr><th>{say(language, 'web_docs_parameter')}<th>{say(language, 'web_docs_meaning')}</tr>{rows}</table>"
        )
    if body := operation.get("requestBody"):
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in body["content"])
        parts.append(f"<p>{say(language, 'web_docs_body')}: {kinds}. {escape(body.get('description', ''))}</p>")
    parts += [
        _answer(document, status, each, language)
        for status, each in operation["responses"].items()
        if int(status) < 400
    ]
    refusals = [status for status in operation["responses"] if int(status) >= 400]
    parts.append(f"<p>{say(language, 'web_docs_problems')}: {', '.join(refusals)}</p>")
    return "\n".join(parts)


def _parameter(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    said = " · ".join(
        [
            json.dumps(each["enum"]) if "enum" in each else str(each.get("format", each.get("type", "")))
            for each in kinds
        ]
        + ([f"= {schema['default']}"] if schema.get("default") is not None else [])
    )
    name, place = escape(parameter["name"]), escape(parameter["in"])
    return f"<tr><td><code>{name}</code> ({place})<td>{escape(said)}. {_marked(parameter.get('description', ''))}</tr>"


def _answer(document: Mapping[str, Any], status: str, answer: Mapping[str, Any], language: str) -> str:
    said = f"<p><b>{status}</b> {escape(answer.get('description', ''))}</p>"
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    listed = schema.get("type") == "array"
    name = (schema.get("items", {}) if listed else schema).get("$ref", "").rpartition("/")[2]
    examples = document.get("components", {}).get("schemas", {}).get(name, {}).get("examples", [])
    if not examples:
        return said
    shown = examples if listed else examples[0]
    return f"{said}<pre>{escape(json.dumps(shown, ensure_ascii=False, indent=1))}</pre>"


def _marked(text: str) -> str:
    """Words between ` and ` as code; nothing else of Markdown is used."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))
