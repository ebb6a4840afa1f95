"""The world's base model: half a million parameters, trained here in minutes on one thread, and shipped.

It knows arithmetic and a few verbs; it has not seen the form of an answer, nor what most verbs do. Training
it twice on one kind of machine gives the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apportion.identity import generator, seed_for
from apportion.models.world_corpus import END, PAD, UNKNOWN, arithmetic_facts, token_rows, vocabulary
from apportion.world_language import draw_story, question, strict_answer

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast


@dataclass(frozen=True, slots=True)
class WorldBaseRecipe:
    """How the base is trained: AdamW, a short warm-up, then linear decay to 0."""

    steps: int = 2000
    batch: int = 16
    length: int = 96
    learning_rate: float = 3e-3
    warmup: int = 50
    weight_decay: float = 0.01
    seed: int = 0


@dataclass(frozen=True, slots=True)
class WorldBaseScore:
    """What a model of the world can do, as shares: right arithmetic, right answers, right form."""

    arithmetic: float
    strict: float
    form: float


def world_base_path() -> Path:
    """Return the folder of the base that is shipped with the package."""
    return Path(__file__).parent / "world"


def world_tokenizer() -> "PreTrainedTokenizerFast":
    """Return the tokenizer: one token a word, words set apart by spaces, no token added by itself."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    table = {word: number for number, word in enumerate(vocabulary())}
    tokenizer = Tokenizer(WordLevel(table, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WhitespaceSplit()  # type: ignore[assignment]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token=UNKNOWN,
        pad_token=PAD,
        eos_token=END,
        padding_side="left",
        model_max_length=128,
        clean_up_tokenization_spaces=False,
    )


def build_world_base(
    folder: Path,
    recipe: WorldBaseRecipe = WorldBaseRecipe(),
    progress: Callable[[float, str], None] = lambda share, now: None,
) -> WorldBaseScore:
    """Train the base, write it to `folder` as a transformers folder of safetensors, and return its score.

    `progress` is called now and then with the share of the steps that is done and a line. The number of torch
    threads is set to one while it trains.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = _train(recipe, progress)
        tokenizer = world_tokenizer()
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return score_world_base(model, tokenizer)
    finally:
        torch.set_num_threads(threads)


def _train(recipe: WorldBaseRecipe, progress: Callable[[float, str], None]) -> "LlamaForCausalLM":
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    words = vocabulary()
    torch.manual_seed(seed_for("world/base", "weights", recipe.seed))
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=96,
        intermediate_size=264,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        pad_token_id=words.index(PAD),
        eos_token_id=words.index(END),
        bos_token_id=None,
    )
    model = LlamaForCausalLM(config).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / recipe.warmup, (recipe.steps - step) / (recipe.steps - recipe.warmup)),
    )
    rng = generator("world/base", "corpus", recipe.seed)
    for step in range(1, recipe.steps + 1):
        tokens = torch.from_numpy(token_rows(rng, recipe.batch, recipe.length))  # [batch, length]
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 100 == 0 or step == recipe.steps:
            progress(step / recipe.steps, f"step {step} of {recipe.steps}, loss {loss.item():.3f}")
    return model.eval()


def score_world_base(
    model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerFast", problems: int = 200
) -> WorldBaseScore:
    """Return what the model can do on all arithmetic facts and on random stories, decoding greedily."""
    import torch

    facts = arithmetic_facts()
    asked = tokenizer([left for left, _ in facts], return_tensors="pt", padding=True)
    with torch.inference_mode():
        guesses = model(**asked).logits[:, -1].argmax(-1).tolist()
    words = vocabulary()
    right = sum(words[guess] == result for guess, (_, result) in zip(guesses, facts, strict=True))

    rng = generator("world/base", "score")
    stories = [draw_story(rng) for _ in range(problems)]
    prompts = tokenizer([question(story) for story in stories], return_tensors="pt", padding=True)
    with torch.inference_mode():
        decoded = model.generate(**prompts, max_new_tokens=24, do_sample=False)  # type: ignore[attr-defined]
    width = prompts["input_ids"].shape[1]
    texts = tokenizer.batch_decode(decoded[:, width:], skip_special_tokens=True)
    finals = [strict_answer(text) for text in texts]
    return WorldBaseScore(
        arithmetic=right / len(facts),
        strict=sum(f == str(story.final) for f, story in zip(finals, stories, strict=True)) / problems,
        form=sum(final is not None for final in finals) / problems,
    )
