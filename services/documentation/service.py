"""The API as one plain HTML page, made from its OpenAPI description: no script, nothing from elsewhere."""

import json
from html import escape
from typing import Any

from services.documentation.schema import Operation

STYLE = """\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem}
article{border:1px solid #8886;border-radius:.5rem;padding:.5rem 1rem;margin:.75rem 0}
h3{font:600 1rem/1.5 ui-monospace,monospace;margin:.25rem 0;overflow-wrap:anywhere}
pre{overflow:auto;background:#8882;padding:.75rem;border-radius:.25rem}
"""


def operations(description: dict[str, Any]) -> dict[str, list[Operation]]:
    """Operations of an OpenAPI description by tag."""
    by_tag: dict[str, list[Operation]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            text = operation.get("description") or operation.get("summary", "")
            row = Operation(
                method=method.upper(),
                path=path,
                summary=text.split("\n\n")[0],
                parameters=[_parameter(each) for each in operation.get("parameters", [])],
                example=_example(operation),
            )
            by_tag.setdefault((operation.get("tags") or ["other"])[0], []).append(row)
    return by_tag


def _parameter(parameter: dict[str, Any]) -> str:
    described = parameter.get("description", "")
    default = parameter.get("schema", {}).get("default")
    shown = "" if default in (None, "") else f" (default {default})"
    return f"{parameter['name']}{': ' + described if described else ''}{shown}"


def _example(operation: dict[str, Any]) -> str:
    for content in operation.get("responses", {}).get("200", {}).get("content", {}).values():
        if isinstance(content.get("example"), str):
            return str(content["example"])
        if "example" in content:
            return json.dumps(content["example"], indent=2, ensure_ascii=False)
    return ""


def _article(row: Operation) -> str:
    parts = [f"<h3>{escape(row.method)} {escape(row.path)}</h3>", f"<p>{escape(row.summary)}</p>"]
    if row.parameters:
        parts.append("<ul>" + "".join(f"<li>{escape(each)}</li>" for each in row.parameters) + "</ul>")
    if row.example:
        parts.append(f"<details><summary>Example</summary><pre>{escape(row.example)}</pre></details>")
    return f"<article>{''.join(parts)}</article>"


def page(description: dict[str, Any]) -> str:
    """HTML of an OpenAPI description."""
    info = description["info"]
    sections = [
        f"<section><h2>{escape(tag)}</h2>{''.join(map(_article, rows))}</section>"
        for tag, rows in operations(description).items()
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(info["title"])} API</title><link rel="stylesheet" href="/docs/style.css"></head><body>'
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
        '<p><a href="/">Dashboard</a> · <a href="/openapi.json">OpenAPI description</a></p>'
        f"<main>{''.join(sections)}</main></body></html>"
    )
