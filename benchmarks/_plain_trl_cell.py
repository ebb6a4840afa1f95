"""One cell as a plain TRL script: what a person would write without Apportion. Imports nothing of it.

    python _plain_trl_cell.py BASE_FOLDER CELL.json

CELL.json holds the judgements of the cell as texts, the settings, and the held-out items.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

BATCH = 32


def arguments(settings: dict, rows: int, folder: str) -> dict:
    batch = settings["batch_size"]
    steps = max(-(-rows // batch) * settings["epochs"], settings["min_steps"])
    return {
        "output_dir": folder,
        "max_steps": int(steps),
        "per_device_train_batch_size": batch,
        "learning_rate": settings["learning_rate"],
        "lr_scheduler_type": settings["schedule"],
        "warmup_steps": round(settings["warmup"] * steps),
        "weight_decay": settings["weight_decay"],
        "seed": 0,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
    }


def log_probs(model: torch.nn.Module, tokenizer: object, rows: list[tuple[str, str]]) -> list[float]:
    """Mean log-probability per response token."""
    found = []
    for start in range(0, len(rows), BATCH):
        chunk = rows[start : start + BATCH]
        texts = [prompt + response + tokenizer.eos_token for prompt, response in chunk]
        encoded = tokenizer(texts, padding=True, padding_side="right", return_tensors="pt")
        with torch.no_grad():
            logits = model(input_ids=encoded.input_ids, attention_mask=encoded.attention_mask).logits
        scores = logits[:, :-1].log_softmax(-1).gather(-1, encoded.input_ids[:, 1:, None])[..., 0]
        for row, (prompt, _) in enumerate(chunk):
            first = len(tokenizer(prompt).input_ids) - 1
            last = int(encoded.attention_mask[row].sum()) - 1
            found.append(float(scores[row, first:last].mean()))
    return found


def main() -> None:
    torch.set_num_threads(1)
    base, cell = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    with tempfile.TemporaryDirectory() as scratch:
        for rows in cell["sft"]:
            SFTTrainer(
                model=model,
                args=SFTConfig(**arguments(cell["sft_settings"], len(rows), scratch), max_length=1024),
                train_dataset=Dataset.from_list(rows),
                processing_class=tokenizer,
            ).train()
        if cell["pairs"]:
            settings = cell["preference_settings"]
            weight = settings["sft_weight"]
            config = DPOConfig(
                **arguments(settings, len(cell["pairs"]), scratch),
                max_length=1024,
                beta=settings["beta"],
                loss_type=["sigmoid", "sft"] if weight else ["sigmoid"],
                loss_weights=[1.0, weight] if weight else None,
                precompute_ref_log_probs=True,
            )
            DPOTrainer(
                model=model,
                args=config,
                train_dataset=Dataset.from_list(cell["pairs"]),
                processing_class=tokenizer,
            ).train()
    model.eval()
    right = 0
    problems = cell["problems"]
    for start in range(0, len(problems), BATCH):
        chunk = problems[start : start + BATCH]
        encoded = tokenizer(
            [p["prompt"] for p in chunk], padding=True, padding_side="left", return_tensors="pt"
        )
        output = model.generate(
            input_ids=encoded.input_ids,
            attention_mask=encoded.attention_mask,
            max_new_tokens=cell["max_new_tokens"],
            do_sample=False,
        )
        for problem, ids in zip(chunk, output[:, encoded.input_ids.shape[1] :], strict=True):
            text = tokenizer.decode(ids, skip_special_tokens=True)
            final = re.findall(r"#### (-?\d+)", text)
            right += bool(final) and final[-1] == problem["reference"]
    nll = log_probs(model, tokenizer, [(a["prompt"], a["response"]) for a in cell["answers"]])
    chosen = log_probs(model, tokenizer, [(c["prompt"], c["chosen"]) for c in cell["comparisons"]])
    rejected = log_probs(model, tokenizer, [(c["prompt"], c["rejected"]) for c in cell["comparisons"]])
    better = [a > b for a, b in zip(chosen, rejected, strict=True)]
    scores = {
        "accuracy": right / len(problems),
        "nll": -sum(nll) / len(nll),
        "preference_accuracy": sum(better) / len(better),
    }
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
