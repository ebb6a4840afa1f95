"""`apportion prefers`: how often a model finds the better answer of a pair likelier."""

import os
from pathlib import Path
from typing import Literal

from apportion.cli.json_document import print_json
from apportion.errors import UserError


def prefers(
    model: str,
    pairs: str,
    *,
    form: Literal["llmbar", "pandalm", "judgebench", "hh"] | None = None,
    items: int | None = None,
    max_length: int = 1024,
    rendering: Literal["plain", "chat"] | None = None,
    json: bool = False,
) -> None:
    """Show how often a model finds the better answers of a file of pairs likelier than the worse ones.

    By the log-probability of the whole answer, which short answers gain by, and by that per token. Pairs that people
    call a tie are left out; a model's ties count half. The intervals are over prompts.

    Parameters
    ----------
    model: str
        A folder, a .gguf file or a hub id (owner/name).
    pairs: str
        A file with prompt, chosen and rejected, or a public set in its own columns (`form`).
    form: str
        The columns of LLMBar, PandaLM, JudgeBench or HH-RLHF.
    items: int
        Take the first so many pairs; all if not given.
    max_length: int
        Tokens of prompt and answer together: a prompt first loses its beginning, down to half of this, then an answer
        its end.
    rendering: str
        chat (the model's template; taken if it has one) or plain.
    json: bool
        Print one JSON document.
    """
    for name, value, least in (("--items", items, 1), ("--max-length", max_length, 8)):
        if value is not None and value < least:
            raise UserError(name, f"{value}", f"{least} or more", f"Raise {name}.")
    from apportion.findings.finding import as_share
    from apportion.judgements.readers import read_pairs
    from apportion.models.causal import load_model, load_tokenizer
    from apportion.models.settings import ModelSettings
    from apportion.studies.judges import labelled_pairs, preference_accuracy
    from apportion.tasks.judged_sets import read_judged

    every = read_pairs(pairs, faulty="drop") if form is None else labelled_pairs(read_judged(pairs, form))
    found = every[:items]
    if not found:
        raise UserError(pairs, "no pairs with a better side", "at least one", "Give another file, or --form.")
    place = Path(os.path.expandvars(model)).expanduser()
    settings = ModelSettings(str(place.resolve()) if place.exists() else model, max_length=max_length)
    tokenizer = load_tokenizer(settings, Path.cwd())
    rendering = rendering or ("chat" if tokenizer.chat_template else "plain")
    accuracy = preference_accuracy(
        load_model(settings, Path.cwd()), tokenizer, found, rendering, settings.max_length
    )
    if json:
        print_json(
            {
                "model": model,
                "pairs": len(found),
                "prompts": accuracy.summed.items,
                "rendering": rendering,
                "summed": accuracy.summed._asdict(),
                "per_token": accuracy.per_token._asdict(),
            }
        )
        return
    print(f"{len(found)} pairs of {accuracy.summed.items} prompts, {rendering}, cut to {max_length} tokens")
    print(f"likelier in all: {as_share(accuracy.summed)}")
    print(f"likelier per token: {as_share(accuracy.per_token)}")
