"""The vendor's own interface description, where it lies beside the checkout: what requests must look like. Never shipped."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

WORDS = {"string": "text", "integer": "int", "number": "number", "boolean": "bool", "array": "list"}


class Spec:
    def __init__(self, shared: Path) -> None:
        self.tree = json.loads((shared / "vendors" / "api2cart-openapi.json").read_text())

    def operation(self, verb: str, path: str) -> Mapping[str, Any]:
        """KeyError for what the vendor does not have."""
        found: Mapping[str, Any] = self.tree["paths"][path][verb.lower()]
        return found

    def query(self, verb: str, path: str) -> dict[str, Mapping[str, Any]]:
        """The query parameters of an operation by name."""
        found = {}
        for entry in self.operation(verb, path).get("parameters", ()):
            one = self.resolved(entry)
            if one["in"] == "query":
                found[one["name"]] = one
        return found

    def body(self, verb: str, path: str) -> Mapping[str, Any]:
        content = self.operation(verb, path).get("requestBody", {}).get("content", {})
        return self.resolved(content.get("application/json", {}).get("schema", {}))

    def resolved(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in entry:
            found: Any = self.tree
            for step in entry["$ref"].split("/")[1:]:
                found = found[step]
            entry = found
        return entry

    def result(self, method: str) -> Mapping[str, Any]:
        """The schema of `result` in a method's answer."""
        operation = self.operation("get", f"/{method}.json")
        schema = self.resolved(operation["responses"]["200"]["content"]["application/json"]["schema"])
        return self.resolved(schema["properties"]["result"])

    def names_below(self, schema: Mapping[str, Any]) -> set[str]:
        """The members of the objects a schema stands for, through lists and alternatives."""
        schema = self.resolved(schema)
        if "items" in schema:
            return self.names_below(schema["items"])
        both = [self.resolved(one) for name in ("oneOf", "anyOf") for one in schema.get(name, ())]
        found = set(schema.get("properties", {}))
        return found.union(*(self.names_below(one) for one in both)) if both else found

    def member(self, schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        schema = self.resolved(schema)
        if "items" in schema:
            return self.member(schema["items"], name)
        for one in (schema, *(self.resolved(x) for key in ("oneOf", "anyOf") for x in schema.get(key, ()))):
            if name in one.get("properties", {}):
                found: Mapping[str, Any] = one["properties"][name]
                return found
        raise KeyError(name)

    def wrong_query(self, verb: str, path: str, query: Iterable[tuple[str, str]]) -> list[str]:
        """What is wrong with a request's query: unknown names, values of another type, a count out of bounds."""
        known, wrong = self.query(verb, path), []
        for name, text in query:
            if name not in known:
                wrong.append(f"{path} has no parameter {name}")
                continue
            kind = self.resolved(known[name]["schema"]).get("type")
            fits = {"integer": text.lstrip("-").isdigit(), "boolean": text in ("true", "false")}.get(str(kind), True)
            if not fits or (name == "count" and not 1 <= int(text) <= 250):
                wrong.append(f"{path}: {name}={text} is no {kind}")
        return wrong

    def wrong_body(self, schema: Mapping[str, Any], value: Any, where: str = "body") -> list[str]:
        """Unknown members and values of another type, all the way down; what is required is not looked at."""
        schema = self.resolved(schema)
        named = schema.get("type", [])
        kinds = {str(kind) for kind in (named if isinstance(named, list) else [named])}
        told = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
        mine = "null" if value is None else told[type(value)]
        if kinds and mine not in kinds and not (mine == "integer" and "number" in kinds):
            return [f"{where} is {mine}, not {sorted(kinds)}"]
        if isinstance(value, dict) and "properties" in schema:
            unknown = [f"{where}.{name} is unknown" for name in value if name not in schema["properties"]]
            deeper = [
                self.wrong_body(schema["properties"][name], inner, f"{where}.{name}")
                for name, inner in value.items()
                if name in schema["properties"]
            ]
            return unknown + [one for many in deeper for one in many]
        if isinstance(value, list) and "items" in schema:
            return [
                one for n, inner in enumerate(value) for one in self.wrong_body(schema["items"], inner, f"{where}[{n}]")
            ]
        return []
