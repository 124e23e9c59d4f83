"""Answers GraphQL documents from plain data: what is callable is called with the field's arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)
from graphql.utilities import value_from_ast_untyped

Root = Callable[[str], Any]


class Document:
    """A parsed document with one operation."""

    def __init__(self, source: str, variables: Mapping[str, Any]) -> None:
        parsed: DocumentNode = parse(source)
        (self._operation,) = (d for d in parsed.definitions if isinstance(d, OperationDefinitionNode))
        self._fragments = {d.name.value: d for d in parsed.definitions if isinstance(d, FragmentDefinitionNode)}
        self._variables = {
            d.variable.name.value: value_from_ast_untyped(d.default_value)
            for d in self._operation.variable_definitions
            if d.default_value is not None
        } | {name: value for name, value in variables.items() if value is not None}

    @property
    def name(self) -> str:
        """Of the operation; its fields' if it has none."""
        named = self._operation.name
        return named.value if named else "+".join(s.name.value for s in self._operation.selection_set.selections)

    @property
    def changes(self) -> bool:
        return self._operation.operation.value == "mutation"

    def answer(self, root: Root) -> dict[str, Any]:
        """Data for the operation; ``root`` gives what stands at a field of the query or mutation."""
        answer: dict[str, Any] = {}
        for field in self._fields(self._operation.selection_set):
            answer[_alias(field)] = self._value(root(field.name.value), field)
        return answer

    def _value(self, found: Any, field: FieldNode) -> Any:
        if callable(found):
            found = found(**self._arguments(field))
        return found if field.selection_set is None else self._select(found, field.selection_set)

    def _select(self, found: Any, wanted: SelectionSetNode) -> Any:
        if found is None:
            return None
        if isinstance(found, list):
            return [self._select(item, wanted) for item in found]
        return {_alias(field): self._value(_get(found, field.name.value), field) for field in self._fields(wanted)}

    def _fields(self, wanted: SelectionSetNode) -> list[FieldNode]:
        fields: list[FieldNode] = []
        for node in wanted.selections:
            if not self._included(node):
                continue
            if isinstance(node, FragmentSpreadNode):
                fields += self._fields(self._fragments[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                fields += self._fields(node.selection_set)
            else:
                assert isinstance(node, FieldNode)
                fields.append(node)
        return fields

    def _included(self, node: Any) -> bool:
        for directive in node.directives:
            (condition,) = (value_from_ast_untyped(a.value, self._variables) for a in directive.arguments)
            if bool(condition) != (directive.name.value == "include"):
                return False
        return True

    def _arguments(self, field: FieldNode) -> dict[str, Any]:
        arguments = {a.name.value: value_from_ast_untyped(a.value, self._variables) for a in field.arguments}
        # A variable that was not given is not given on; within an input object it is left out.
        return {name: _given(value) for name, value in arguments.items() if _given(value) is not None}


def _given(value: Any) -> Any:
    from graphql.pyutils import Undefined

    if value is Undefined:
        return None
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if v is not Undefined and v is not None}
    return value


def _get(found: Any, name: str) -> Any:
    if name == "__typename":
        return found.get(name, "Node")
    return found.get(name)


def _alias(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value
