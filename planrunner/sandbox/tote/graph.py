"""The two schemas, made executable: parsing, validation and execution are graphql-core's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from graphql import (
    ConstValueNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    build_schema,
    execute_sync,
    parse,
    validate,
    value_from_ast_untyped,
)

from planrunner.sandbox.tote import resolvers

LONGEST = 28  # digits of the venue's own decimals, and powers of ten


@cache
def sdl(name: str) -> str:
    """The text of `schema` or `connections`."""
    return (resources.files("planrunner.sandbox.tote") / f"{name}.graphql").read_text(encoding="utf-8")


@cache
def gateway() -> GraphQLSchema:
    schema = _with_scalars(build_schema(sdl("schema")))
    for kind, found in ((schema.query_type, resolvers.QUERY), (schema.mutation_type, resolvers.MUTATION)):
        assert kind is not None
        for name, resolver in found.items():
            kind.fields[name].resolve = resolver
    return schema


@cache
def connections() -> GraphQLSchema:
    schema = _with_scalars(build_schema(sdl("connections")))
    assert schema.query_type is not None
    schema.query_type.fields["echo"].resolve = resolvers.echo
    return schema


@lru_cache(maxsize=256)
def gateway_document(text: str) -> DocumentNode | tuple[GraphQLError, ...]:
    """Parsed and found valid, or what is wrong with it."""
    return _checked(gateway(), text)


@lru_cache(maxsize=64)
def connections_document(text: str) -> DocumentNode | tuple[GraphQLError, ...]:
    return _checked(connections(), text)


def run(
    schema: GraphQLSchema,
    document: DocumentNode,
    *,
    root: Any = None,
    context: Any = None,
    variables: Mapping[str, Any] | None = None,
    operation: str | None = None,
) -> ExecutionResult:
    """A bug of ours is no answer: it is raised."""
    result = execute_sync(schema, document, root, context, dict(variables or {}), operation)
    for error in result.errors or ():
        if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
            raise error.original_error
    return result


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """The one that is asked for; None: there is no such, or it is not said which."""
    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    named = [one for one in found if name is None or (one.name and one.name.value == name)]
    return named[0] if len(named) == 1 else None


def asked(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The first root field, by its name in the schema, and its arguments as they were written."""
    field = next((one for one in operation.selection_set.selections if isinstance(one, FieldNode)), None)
    if field is None:
        return "fragment", dict(variables)
    written = {one.name.value: value_from_ast_untyped(one.value, dict(variables)) for one in field.arguments or ()}
    return field.name.value, _defined(written)


def _defined(value: Any) -> Any:
    """Without what stands for a variable that was not given."""
    if isinstance(value, dict):
        return {name: _defined(one) for name, one in value.items() if one is not Undefined}
    return [_defined(one) for one in value if one is not Undefined] if isinstance(value, list) else value


def _checked(schema: GraphQLSchema, text: str) -> DocumentNode | tuple[GraphQLError, ...]:
    try:
        document = parse(text)
    except GraphQLError as wrong:
        return (wrong,)
    return tuple(validate(schema, document)) or document


def _with_scalars(schema: GraphQLSchema) -> GraphQLSchema:
    """Scalars of the schema's own are read here; they are written as they are."""
    for name, read in (("Decimal", _decimal), ("Date", _date), ("DateTime", _time)):
        scalar = schema.type_map.get(name)
        if isinstance(scalar, GraphQLScalarType):
            scalar.coerce_input_value = read
            scalar.coerce_input_literal = _literal(read)
    return schema


def _literal(read: Callable[[Any], Any]) -> Callable[[ConstValueNode], Any]:
    """A number is read from its text, so that it is exact."""
    return lambda node: read(getattr(node, "value", None))


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or (number and not -LONGEST < number.adjusted() < LONGEST):
        raise GraphQLError(f"Decimal cannot represent {value!r}.")
    return number


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as wrong:
        raise GraphQLError(f"Date cannot represent {value!r}.") from wrong


def _time(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as wrong:
        raise GraphQLError(f"DateTime cannot represent {value!r}.") from wrong
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@cache
def subscriptions() -> frozenset[str]:
    """The root fields that can be subscribed to."""
    kind = connections().subscription_type
    return frozenset(kind.fields) if kind else frozenset()
