"""Does one unit of a study: trains a stage, computes reference log-probabilities, or grades a cell.

Imported by worker processes, with torch and the trainers at the top so that they are loaded once for many units.
"""

import json
import platform
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec
import torch
from safetensors.torch import load_file, save_file
from transformers.utils import logging as transformers_logging

from apportion.errors import UserError
from apportion.identity import seed_for
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.models.causal import choose_device, load_tokenizer
from apportion.models.rendering import Rendered, Renderer, refuse_unknown_words
from apportion.studies.grading import grade_cell
from apportion.studies.launch import launch
from apportion.studies.stages import Graph, Unit
from apportion.studies.store import Store
from apportion.studies.study import Study
from apportion.studies.training_run import TrainingRun, train
from apportion.training.artefact import load_chain
from apportion.training.evidence import TokenDistributions, preference_evidence
from apportion.training.preference import ReferenceLogProbs, reference_log_probs
from apportion.training.settings import PreferenceSettings

transformers_logging.disable_progress_bar()

Result = Literal["done", "found done", "busy"]


class Worker:
    """Does units of one study's graph, keeping its tokenizer and its texts' tokens at hand between them."""

    def __init__(self, graph: Graph, root: Path) -> None:
        self.graph = graph
        self.study = study = graph.study
        self.store = Store(root)
        self.task = graph.task
        self.tokenizer = load_tokenizer(study.model, study.folder)
        self.renderer = Renderer(self.tokenizer, study.model)
        judgements = (*self.task.demonstrations[:100], *self.task.pairs[:100])
        prompts = [row.prompt for row in judgements]
        refuse_unknown_words(self.tokenizer, prompts, study.model.source, study.model.rendering)

    def do(self, name: str) -> Result:
        """Do the unit of that name unless it is done; "busy" if another process has it in work."""
        unit = self.graph.units[name]
        for need in unit.needs:
            if not self.store.has_marker(self.graph.units[need].folder):
                where = str(self.store.root / self.graph.units[need].folder)
                cure = "Run the study again; nothing else is lost."
                raise UserError(where, "a stage that is gone while the study runs", "it to stay", cure)
        with self.store.lock(name) as taken:
            if not taken:
                return "busy"
            if self.store.is_whole(unit.folder):
                return "found done"
            work = self._grade_cell if unit.kind == "cell" else self._make_stage
            self.store.publish(unit.folder, lambda folder: work(unit, folder))
        return "done"

    def model_before(self, unit: Unit) -> Any:
        """Return the model that a stage starts from, or that a cell grades."""
        return self._model_in(unit)

    def _model_in(self, unit: Unit, *last: Path) -> Any:
        folders = [self.store.root / "stages" / name for name in unit.chain]
        return load_chain(self.study.model, self.study.folder, [*folders, *last])

    def rendered(self, row: Demonstration | PreferencePair) -> Rendered:
        """Return a judgement as token ids."""
        texts = (row.response,) if isinstance(row, Demonstration) else (row.chosen, row.rejected)
        return self.renderer.rendered(row.prompt, texts)

    def training_run(self, unit: Unit, rows: list[Rendered]) -> TrainingRun:
        """Return the training of a stage as a value; `rows` are the unit's, as token ids."""
        folders = tuple(str(self.store.root / "stages" / name) for name in unit.chain)
        seed = seed_for(str(unit.seed), f"{unit.kind} training")
        run = TrainingRun(self.study.model, str(self.study.folder), folders, rows, seed)
        if isinstance(unit.settings, PreferenceSettings):
            return replace(run, preference=unit.settings, reference=self._reference(unit))
        return replace(run, sft=unit.settings)

    def _reference(self, unit: Unit) -> ReferenceLogProbs:
        assert unit.reference is not None
        tensors = load_file(self.store.root / "stages" / unit.reference / "log_probs.safetensors")
        return ReferenceLogProbs(tensors["chosen"].tolist(), tensors["rejected"].tolist())

    def _make_stage(self, unit: Unit, folder: Path) -> None:
        rows = [self.rendered(row) for row in unit.rows]
        evidence: dict[str, Any] = {}
        if unit.kind == "reference":
            assert unit.layout is not None
            found = reference_log_probs(self.model_before(unit), self.tokenizer, rows, unit.layout)
            tensors = {
                side: torch.tensor(values, dtype=torch.float64) for side, values in found._asdict().items()
            }
            save_file(tensors, folder / "log_probs.safetensors")
        elif self.study.accelerate:
            launch(self.study, self.training_run(unit, rows), folder)
        else:
            train(self.training_run(unit, rows), self.tokenizer, folder)
        if unit.reference is not None:
            assert unit.layout is not None
            before = TokenDistributions(self.model_before(unit), rows)
            evidence = preference_evidence(
                self._model_in(unit, folder),
                self.tokenizer,
                rows,
                self._reference(unit),
                before,
                unit.layout,
            )
        stage = {
            "name": unit.name,
            "kind": unit.kind,
            "parents": unit.chain,
            "reference": unit.reference,
            "settings": msgspec.to_builtins(unit.settings),
            "seed": unit.seed,
            "examples": len(rows),
            "response_tokens": sum(len(response) for row in rows for response in row.responses),
            "evidence": evidence,
            "ids": [row.id for row in unit.rows],
            "environment": environment(self.study),
        }
        (folder / "stage.json").write_text(json.dumps(stage, indent=1, sort_keys=True))

    def _grade_cell(self, unit: Unit, folder: Path) -> None:
        model = self.model_before(unit)
        summary = grade_cell(model, self.renderer, self.task, self.study, unit, folder)
        cell = {
            "name": unit.name,
            "cell": msgspec.to_builtins(unit.cell),
            "stages": unit.chain,
            "summary": summary,
            "decoding": msgspec.to_builtins(self.study.decoding),
            "environment": environment(self.study),
        }
        (folder / "cell.json").write_text(json.dumps(cell, indent=1, sort_keys=True))


def environment(study: Study) -> dict[str, Any]:
    """Return what a number may depend on beside a stage's name: versions, device, threads."""
    return {
        "versions": _versions(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": str(choose_device(study.model)),
        "dtype": study.model.dtype,
        "accelerate": study.accelerate,
        "threads": torch.get_num_threads(),
    }


@cache
def _versions() -> dict[str, str]:
    packages = ("apportion", "torch", "transformers", "trl", "peft", "accelerate", "numpy")
    return {package: version(package) for package in packages}
