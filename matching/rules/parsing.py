"""Reading the text of an expression into nodes; every name, parameter and function is checked while reading."""

import ast
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matching.errors import RuleError
from matching.rules.expressions import Arithmetic, Call, Compare, Const, Fact, If, Let, Logic, Node, Number, Position
from matching.rules.functions import Function
from matching.rules.parameters import Parameter
from matching.rules.values import NOTHING, read_number

ALLOWED_NUMBERS = frozenset({0, 1, 12})
"""Numbers that may stand in an expression: none, one, months of a year. Every other belongs into a dated parameter."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Names that an expression may use."""

    rule_id: str
    facts: frozenset[str]
    lets: frozenset[str]
    parameters: Mapping[str, Parameter]
    functions: Mapping[str, Function]


def parse(text: str, scope: Scope) -> Node:
    """Read an expression.

    Raises
    ------
    RuleError
        For text that is no expression of this language, and for a name, parameter or function that does not exist
        (with the nearest that does).
    """
    try:
        tree = ast.parse(str(text).strip(), mode="eval")
    except SyntaxError as error:
        raise RuleError(f"不是有效的算式：{text}") from error
    return _Reader(scope, str(text).strip()).read(tree.body)


_COMPARES: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_WORKS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass(frozen=True, slots=True)
class _Reader:
    scope: Scope
    text: str

    def read(self, node: ast.expr) -> Node:
        """Turn one part of the syntax tree into a node."""
        reader = getattr(self, f"_{type(node).__name__.lower()}", None)
        if reader is None:
            raise RuleError(f"算式中不能这样写：{ast.unparse(node)}")
        found: Node = reader(node)
        return found

    def _constant(self, node: ast.Constant) -> Node:
        value = node.value
        if value is None:
            return Const(NOTHING)
        if isinstance(value, bool | str):
            return Const(value)
        if not isinstance(value, int) or value not in ALLOWED_NUMBERS:
            raise RuleError(f"算式中的数字 {value!r} 应写成有日期和出处的参数")
        return Const(read_number(value))

    def _tuple(self, node: ast.Tuple) -> Node:
        words = [part.value for part in node.elts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if len(words) != len(node.elts):
            raise RuleError("列表中只能写文字")
        return Const(tuple(words))

    _list = _tuple

    def _name(self, node: ast.Name) -> Node:
        if node.id in self.scope.lets:
            return Let(node.id)
        if node.id in self.scope.facts:
            return Fact(node.id)
        if node.id == "position":
            return Position()
        raise RuleError(f"没有名为 {node.id} 的事实或步骤{_near(node.id, [*self.scope.facts, *self.scope.lets])}")

    def _attribute(self, node: ast.Attribute) -> Node:
        full = ast.unparse(node)
        if full.startswith("p."):
            return self._parameter(f"{self.scope.rule_id}.{full[2:]}")
        if full in self.scope.facts:
            return Fact(full)
        raise RuleError(f"没有名为 {full} 的事实{_near(full, self.scope.facts)}")

    def _parameter(self, name: str) -> Number:
        if name not in self.scope.parameters:
            raise RuleError(f"没有名为 {name} 的参数{_near(name, self.scope.parameters)}")
        return Number(self.scope.parameters[name])

    def _subscript(self, node: ast.Subscript) -> Node:
        base = self.read(node.value)
        if not isinstance(base, Number):
            raise RuleError("方括号只用于参数表")
        keys = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return Number(base.parameter, (*base.keys, *(self._key(key) for key in keys)))

    def _key(self, node: ast.expr) -> Node:
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return Const(str(node.value))
        return self.read(node)

    def _boolop(self, node: ast.BoolOp) -> Node:
        sign = "and" if isinstance(node.op, ast.And) else "or"
        return Logic(sign, tuple(self.read(part) for part in node.values))

    def _unaryop(self, node: ast.UnaryOp) -> Node:
        if isinstance(node.op, ast.Not):
            return Logic("not", (self.read(node.operand),))
        raise RuleError("算式中不用负号，请写成减法")

    def _compare(self, node: ast.Compare) -> Node:
        sides = [self.read(side) for side in (node.left, *node.comparators)]
        found = tuple(
            Compare(_COMPARES[type(sign)], sides[place], sides[place + 1]) for place, sign in enumerate(node.ops)
        )
        return found[0] if len(found) == 1 else Logic("and", found)

    def _binop(self, node: ast.BinOp) -> Node:
        sign = _WORKS.get(type(node.op))
        if sign is None:
            raise RuleError(f"算式中不能这样写：{ast.unparse(node)}")
        return Arithmetic(sign, self.read(node.left), self.read(node.right))

    def _ifexp(self, node: ast.IfExp) -> Node:
        return If(self.read(node.test), self.read(node.body), self.read(node.orelse))

    def _call(self, node: ast.Call) -> Node:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise RuleError(f"算式中不能这样写：{ast.unparse(node)}")
        name = node.func.id
        if name == "param":
            first = node.args[0] if len(node.args) == 1 else None
            if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
                raise RuleError("param 要写一个加引号的参数名")
            return self._parameter(first.value)
        function = self.scope.functions.get(name)
        if function is None:
            raise RuleError(f"没有名为 {name} 的函数{_near(name, self.scope.functions)}")
        if len(node.args) < function.least or (function.most is not None and len(node.args) > function.most):
            raise RuleError(f"函数 {name} 的参数个数不对")
        return Call(function, tuple(self.read(part) for part in node.args))


def _near(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"，是否想写 {close[0]}？" if close else ""
