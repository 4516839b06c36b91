"""YAML files of rules, read with the line of each entry, so that an error can name file, line and mend."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from matching.errors import RuleError
from matching.packaged import LOADER

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]


def _lines(node: yaml.Node, place: Place, found: dict[Place, int], file: str) -> None:
    found.setdefault(place, node.start_mark.line + 1)  # an entry of a mapping stands on the line of its name
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            if key.value in seen:
                raise RuleError(f"{file} 第 {key.start_mark.line + 1} 行：{key.value} 写了两次，请删去一处")
            seen.add(key.value)
            found[(*place, key.value)] = key.start_mark.line + 1
            _lines(child, (*place, key.value), found, file)
    elif isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            _lines(child, (*place, number), found, file)


def read_yaml(path: Path) -> tuple[Any, dict[Place, int]]:
    """Return the document and the line of each place in it.

    Raises
    ------
    RuleError
        For text that is no YAML, an empty file and a key that stands twice.
    """
    try:
        loader = LOADER(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        if node is None:
            raise RuleError(f"{path.name}：文件是空的")
        lines: dict[Place, int] = {}
        _lines(node, (), lines, path.name)
        return loader.construct_document(node), lines
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name}：不是有效的 YAML（{error}）") from error


def _line(lines: dict[Place, int], place: Iterable[str | int]) -> int:
    steps = tuple(place)
    while steps and steps not in lines:
        steps = steps[:-1]
    return lines.get(steps, 1)


_MENDS = {
    "missing": "缺少 {name}，请补上",
    "extra_forbidden": "不认识 {name}{near}",
}


def _known_names(model: type[BaseModel]) -> list[str]:
    names: list[str] = []
    seen: set[type[BaseModel]] = set()
    waiting = [model]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for name, field in current.model_fields.items():
            names.append(field.alias or name)
            waiting += [kind for kind in _models_in(field.annotation) if kind not in seen]
    return names


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def read_model(path: Path, model: type[Model]) -> tuple[Model, dict[Place, int]]:
    """Read a file into its model.

    Raises
    ------
    RuleError
        With file, line and mend, for a missing or unknown entry or a value of the wrong kind.
    """
    document, lines = read_yaml(path)
    try:
        return model.model_validate(document), lines
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = [step for step in first["loc"] if not (isinstance(step, str) and step.endswith("Model"))]
        name = str(place[-1]) if place else ""
        close = difflib.get_close_matches(name, _known_names(model), n=1)
        near = f"，是否想写 {close[0]}？" if close else "，请删去"
        told = _MENDS.get(first["type"], "{name}：{msg}").replace("{msg}", first["msg"])
        told = told.replace("{name}", name).replace("{near}", near)
        raise RuleError(f"{path.name} 第 {_line(lines, place)} 行：{told}") from error


def at_line(path: Path, lines: dict[Place, int], place: Iterable[str | int], told: str) -> RuleError:
    """Return an error that names file and line."""
    return RuleError(f"{path.name} 第 {_line(lines, place)} 行：{told}")
