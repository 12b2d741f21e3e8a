"""Reads Bicep as a deployment would: modules followed, conditions decided, expressions evaluated for given parameters.

What only Azure knows (the principal id of an identity, the id of the tenant) becomes a Reference that says where it comes
from, so a rule can tell whose principal a role goes to however many modules it passed through. It is no compiler: types are
not checked, and what it does not know (a function, an operator) is an error, never a guess.
"""

from __future__ import annotations

import dataclasses
import pathlib
import posixpath
from typing import Any

import tree_sitter
import tree_sitter_bicep

ROOT = pathlib.Path(__file__).parents[2]
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
PUBLIC_CLOUD = {
    "name": "AzureCloud",
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
    "resourceManager": "https://management.azure.com/",
}


class BicepError(Exception):
    """The file can't be read as a deployment."""


class Reference(str):
    """A value that only Azure knows, as the path to it."""


class Repository:
    """The files, some of them replaced: a mutation is a repository with one sentence changed."""

    def __init__(self, replaced: dict[str, str] | None = None):
        self.replaced = replaced or {}

    def read(self, path: str) -> str:
        if path in self.replaced:
            return self.replaced[path]
        try:
            return (ROOT / path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise BicepError(f"{path} does not exist") from None


@dataclasses.dataclass
class Parameter:
    kind: str
    default: Any
    required: bool
    decorators: dict[str, Any]


@dataclasses.dataclass
class Resource:
    file: str
    symbol: str
    type: str
    version: str
    body: dict[str, Any]

    @property
    def place(self) -> str:
        return f"{self.file}: {self.symbol}"

    def property(self, path: str) -> Any:
        """`a.b.c` under `properties`, None if it is not there."""
        value: Any = self.body.get("properties", {})
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value


@dataclasses.dataclass
class Handle:
    """A symbolic name of a resource, of which no property is known before it exists."""

    path: str

    def member(self, name: str) -> Handle | Reference:
        # a property of a property is still unknown: the path grows, and is a value wherever one is needed
        return Reference(f"{self.path}.{name}")


class Template:
    """One file with its arguments, evaluated."""

    def __init__(self, repository: Repository, path: str, arguments: dict[str, Any]):
        self.repository, self.path = repository, path
        self.parameters: dict[str, Parameter] = {}
        self.names: dict[str, Any] = {}
        self.resources: list[Resource] = []
        self.modules: dict[str, Template] = {}
        self.outputs: dict[str, Any] = {}
        # the one line that the grammar does not know
        source = repository.read(path).replace("extension microsoftGraphV1", "//" + "tension microsoftGraphV1")
        root = PARSER.parse(source.encode()).root_node
        if root.has_error:
            raise BicepError(f"{path} is not Bicep: {self._first_error(root)}")
        self._declare(root, arguments)

    def _first_error(self, node: tree_sitter.Node) -> str:
        for child in node.children:
            if child.type == "ERROR" or child.is_missing:
                return f"line {child.start_point[0] + 1}"
            if child.has_error:
                return self._first_error(child)
        return f"line {node.start_point[0] + 1}"

    def _declare(self, root: tree_sitter.Node, arguments: dict[str, Any]) -> None:
        decorators: dict[str, Any] = {}
        later: list[tuple[str, tree_sitter.Node]] = []
        for node in root.named_children:
            if node.type == "decorators":
                decorators = self._decorators(node)
                continue
            if node.type == "parameter_declaration":
                self._parameter(node, decorators, arguments)
            elif node.type in ("resource_declaration", "module_declaration"):
                name = node.named_children[0].text.decode()
                self.names[name] = Handle(f"{posixpath.basename(self.path).removesuffix('.bicep')}.{name}")
                later.append((name, node))
            elif node.type == "variable_declaration":
                name, value = node.named_children
                self.names[name.text.decode()] = self.value(value, self.names)
            elif node.type == "output_declaration":
                later.append((node.named_children[0].text.decode(), node))
            elif node.type not in ("comment", "target_scope_assignment"):
                raise BicepError(f"{self.path}: {node.type} is not understood")
            decorators = {}
        if unknown := arguments.keys() - self.parameters.keys():
            raise BicepError(f"{self.path} has no parameter {sorted(unknown)}")
        for name, node in later:
            if node.type == "module_declaration":
                self._module(name, node)
            elif node.type == "resource_declaration":
                self._resource(name, node)
            else:
                self.outputs[name] = self.value(node.named_children[-1], self.names)

    def _decorators(self, node: tree_sitter.Node) -> dict[str, Any]:
        calls = [decorator.named_children[0] for decorator in node.named_children]
        found = {}
        for call in calls:
            arguments = [self.value(argument, {}) for argument in call.child_by_field_name("arguments").named_children]
            found[call.child_by_field_name("function").text.decode()] = arguments[0] if arguments else True
        return found

    def _parameter(self, node: tree_sitter.Node, decorators: dict[str, Any], arguments: dict[str, Any]) -> None:
        name, kind, *default = node.named_children
        name = name.text.decode()
        value = self.value(default[0], self.names) if default else Reference(name)
        self.parameters[name] = Parameter(kind.text.decode(), value, not default, decorators)
        self.names[name] = arguments.get(name, value)
        if "allowed" in decorators and not isinstance(self.names[name], Reference):
            if self.names[name] not in decorators["allowed"]:
                raise BicepError(f"{self.path}: {name} may not be {self.names[name]}")

    def _bodies(self, node: tree_sitter.Node) -> list[dict[str, Any]]:
        """None, one, or with a loop any number."""
        definition = node.named_children[-1]
        if definition.type == "if_statement":
            condition, definition = definition.named_children
            if not self.value(condition, self.names):
                return []
        value = self.value(definition, self.names)
        return value if isinstance(value, list) else [value]

    def _module(self, name: str, node: tree_sitter.Node) -> None:
        path = posixpath.join(posixpath.dirname(self.path), self.value(node.named_children[1], {}))
        for body in self._bodies(node):
            module = Template(self.repository, path, body.get("params", {}))
            self.modules[name] = module
            self.resources += module.resources

    def _resource(self, name: str, node: tree_sitter.Node) -> None:
        kind, version = self.value(node.named_children[1], {}).split("@")
        if any(child.type == "existing" for child in node.children):
            return
        for body in self._bodies(node):
            self.resources.append(Resource(self.path, name, kind, version, body))

    def value(self, node: tree_sitter.Node, names: dict[str, Any]) -> Any:
        evaluate = getattr(self, f"_{node.type}", None)
        if evaluate is None:
            raise BicepError(f"{self.path}, line {node.start_point[0] + 1}: {node.type} is not understood")
        return evaluate(node, names)

    def _identifier(self, node: tree_sitter.Node, names: dict[str, Any]) -> Any:
        name = node.text.decode()
        if name not in names:
            raise BicepError(f"{self.path}, line {node.start_point[0] + 1}: nothing is named {name}")
        return names[name]

    def _string(self, node: tree_sitter.Node, names: dict[str, Any]) -> str:
        parts, unknown = [], False
        for child in node.named_children:
            if child.type == "interpolation":
                part = self.value(child.named_children[0], names)
                unknown |= isinstance(part, Reference)
                parts.append(str(part))
            elif child.type == "escape_sequence":
                parts.append({"n": "\n", "t": "\t"}.get(child.text.decode()[1:], child.text.decode()[1:]))
            else:
                parts.append(child.text.decode())
        return (Reference if unknown else str)("".join(parts))

    def _number(self, node: tree_sitter.Node, _: dict[str, Any]) -> int:
        return int(node.text)

    def _null(self, _node: tree_sitter.Node, _: dict[str, Any]) -> None:
        return None

    def _boolean(self, node: tree_sitter.Node, _: dict[str, Any]) -> bool:
        return node.text == b"true"

    def _array(self, node: tree_sitter.Node, names: dict[str, Any]) -> list[Any]:
        return [self.value(child, names) for child in node.named_children if child.type != "comment"]

    def _object(self, node: tree_sitter.Node, names: dict[str, Any]) -> dict[str, Any]:
        members = {}
        for member in node.named_children:
            if member.type == "comment":
                continue
            name, value = member.named_children
            name = name.text.decode() if name.type == "identifier" else self.value(name, names)
            members[name] = self.value(value, names)
        return members

    def _for_statement(self, node: tree_sitter.Node, names: dict[str, Any]) -> list[Any]:
        variable, items = node.named_children[0], self.value(node.named_children[1], names)
        if not isinstance(items, list):
            raise BicepError(f"{self.path}, line {node.start_point[0] + 1}: the length of the loop is not known")
        body = node.child_by_field_name("body")
        return [self.value(body, {**names, variable.text.decode(): item}) for item in items]

    def _parenthesized_expression(self, node: tree_sitter.Node, names: dict[str, Any]) -> Any:
        return self.value(node.named_children[0], names)

    def _unary_expression(self, node: tree_sitter.Node, names: dict[str, Any]) -> Any:
        if node.child_by_field_name("operator").text != b"!":
            raise BicepError(f"{self.path}, line {node.start_point[0] + 1}: operator is not understood")
        return not self.value(node.child_by_field_name("argument"), names)

    def _binary_expression(self, node: tree_sitter.Node, names: dict[str, Any]) -> bool:
        left, right = (self.value(node.child_by_field_name(side), names) for side in ("left", "right"))
        operator = node.child_by_field_name("operator").text.decode()
        if operator in ("==", "!=") and not isinstance(left, Reference) and not isinstance(right, Reference):
            return (left == right) is (operator == "==")
        raise BicepError(f"{self.path}, line {node.start_point[0] + 1}: {node.text.decode()} can't be decided here")

    def _ternary_expression(self, node: tree_sitter.Node, names: dict[str, Any]) -> Any:
        holds = self.value(node.child_by_field_name("condition"), names)
        return self.value(node.child_by_field_name("consequence" if holds else "alternative"), names)

    def _member_expression(self, node: tree_sitter.Node, names: dict[str, Any]) -> Any:
        root, steps = node, []
        while root.type in ("member_expression", "subscript_expression"):
            step = root.child_by_field_name("property")
            index = root.child_by_field_name("index")
            steps.insert(0, self.value(index, names) if step is None else step.text.decode())
            root = root.child_by_field_name("object")
        # the grammar binds `a ? b : c.d` as `(a ? b : c).d`
        if root.type == "ternary_expression":
            if self.value(root.child_by_field_name("condition"), names):
                return self.value(root.child_by_field_name("consequence"), names)
            root = root.child_by_field_name("alternative")
        module = root.text.decode()
        if steps[0] == "outputs" and module in self.modules:
            value, steps = self.modules[module].outputs, steps[1:]
        else:
            value = self.value(root, names)
        for step in steps:
            value = self._member(value, step, node)
        return value

    _subscript_expression = _member_expression

    def _member(self, owner: Any, name: Any, node: tree_sitter.Node) -> Any:
        if isinstance(owner, Handle):
            return owner.member(name)
        if isinstance(owner, Reference):
            return Reference(f"{owner}.{name}")
        if isinstance(owner, dict) and name in owner:
            return owner[name]
        raise BicepError(f"{self.path}, line {node.start_point[0] + 1}: nothing is named {name}")

    def _call_expression(self, node: tree_sitter.Node, names: dict[str, Any]) -> Any:
        function = node.child_by_field_name("function").text.decode()
        arguments = [self.value(argument, names) for argument in node.child_by_field_name("arguments").named_children]
        match function, arguments:
            case "tenant", []:
                return {"tenantId": Reference("tenantId")}
            case "subscription", []:
                return {"id": Reference("subscriptionId")}
            case "environment", []:
                return PUBLIC_CLOUD
            case (("guid" | "uniqueString"), _):
                return Reference(f"{function}({', '.join(map(str, arguments))})")
            case "subscriptionResourceId", [_, name]:
                return name
            case "loadTextContent", [path]:
                # whether the file is there is for a rule to say
                return Reference(posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path)))
            case "loadJsonContent", [path]:
                return {"file": posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path))}
            case "empty", [value]:
                return not value
            case "string", [value]:
                return str(value)
            case "split", [value, separator]:
                return value.split(separator)
            case "union", [dict(), *_]:
                return {name: value for part in arguments for name, value in part.items()}
            case "union", [list(), *_]:
                return list(dict.fromkeys(value for part in arguments for value in part))
        raise BicepError(f"{self.path}, line {node.start_point[0] + 1}: function {function} is not understood")
