"""Small Llama models with one token a word, trained from nothing in minutes on one thread: the bases that come along.

Training one twice on one kind of machine gives the same bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apportion.errors import UserError
from apportion.identity import generator, seed_for

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

PAD, END, UNKNOWN = "<pad>", "<end>", "<unk>"
UNCOUNTED = "|"
"""In a document, what comes before this mark has no loss: it is read only, since nothing could foretell it."""

IGNORED = -100
HEADS, LAYERS = 4, 4
INNER_PER_WIDTH = 2.75
"""Width of the feed-forward layers over that of the model."""


@dataclass(frozen=True, slots=True)
class SmallLlamaRecipe:
    """How a base is made: its width, and AdamW with a short warm-up, then linear decay to 0.

    A batch is `batch` rows of `length` tokens. Raises UserError for a width that the heads cannot share.
    """

    width: int = 96
    steps: int = 2000
    batch: int = 16
    length: int = 96
    learning_rate: float = 3e-3
    warmup: int = 50
    weight_decay: float = 0.01
    positions: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        if not (8 <= self.width <= 4096 and self.width % (2 * HEADS) == 0):
            expected = f"a multiple of {2 * HEADS} from 8 to 4096"
            raise UserError("width of the base", str(self.width), expected, "Type 48, 96 or 192, say.")


def word_tokenizer(
    words: Sequence[str], *, split_punctuation: bool, positions: int
) -> "PreTrainedTokenizerFast":
    """Return a tokenizer of one token a word, which adds no token by itself; words are numbered in their order.

    Words are set apart by white space, with `split_punctuation` by punctuation too.
    """
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace, WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    table = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(WordLevel(table, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Whitespace() if split_punctuation else WhitespaceSplit()  # type: ignore[assignment]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token=UNKNOWN,
        pad_token=PAD,
        eos_token=END,
        padding_side="left",
        model_max_length=positions,
        clean_up_tokenization_spaces=False,
    )


class Rows(NamedTuple):
    """Token numbers and, for the loss, the same with `IGNORED` where there is none; both [rows, length]."""

    tokens: np.ndarray
    labels: np.ndarray


def mixed_documents(
    rng: np.random.Generator, kinds: Sequence[tuple[Callable[[np.random.Generator], str], float]]
) -> Iterator[str]:
    """Yield documents without end, each of a kind drawn by its share; shares need not add up to 1."""
    cumulative = np.cumsum([share for _, share in kinds])
    while True:
        kind, _ = kinds[int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))]
        yield kind(rng)


def packed_rows(stream: Iterator[list[str]], words: Sequence[str], rows: int, length: int) -> Rows:
    """Return rows of documents, each a list of words, one after the other.

    Each row starts a document, documents end in `END`, and what does not fit into a row is cut off.
    """
    number = {word: index for index, word in enumerate(words)}
    packed = Rows(*(np.empty((rows, length), dtype=np.int64) for _ in range(2)))
    for row in range(rows):
        tokens: list[int] = []
        labels: list[int] = []
        while len(tokens) < length:
            document = [*next(stream), END]
            read = document.index(UNCOUNTED) if UNCOUNTED in document else 0
            numbers = [number[word] for word in document if word != UNCOUNTED]
            tokens += numbers
            labels += [IGNORED] * read + numbers[read:]
        packed.tokens[row], packed.labels[row] = tokens[:length], labels[:length]
    return packed


def train_small_llama(
    words: Sequence[str],
    token_rows: Callable[[np.random.Generator, int, int], Rows],
    recipe: SmallLlamaRecipe,
    identity: str,
    progress: Callable[[float, str], None] = lambda share, now: None,
) -> "LlamaForCausalLM":
    """Return a model trained on rows of tokens, as `token_rows(rng, batch, length)` draws them.

    `identity` names what is trained: weights and corpus are drawn from it and the recipe's seed. `progress` is
    called now and then with the share of the steps that is done and a line. The number of torch threads is set to one
    while it trains.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _train(words, token_rows, recipe, identity, progress)
    finally:
        torch.set_num_threads(threads)


def _train(
    words: Sequence[str],
    token_rows: Callable[[np.random.Generator, int, int], Rows],
    recipe: SmallLlamaRecipe,
    identity: str,
    progress: Callable[[float, str], None],
) -> "LlamaForCausalLM":
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed_for(identity, "weights", recipe.seed))
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=recipe.width,
        intermediate_size=round(INNER_PER_WIDTH * recipe.width),
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=recipe.positions,
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
    rng = generator(identity, "corpus", recipe.seed)
    for step in range(1, recipe.steps + 1):
        rows = token_rows(rng, recipe.batch, recipe.length)
        loss = model(input_ids=torch.from_numpy(rows.tokens), labels=torch.from_numpy(rows.labels)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 100 == 0 or step == recipe.steps:
            progress(step / recipe.steps, f"step {step} of {recipe.steps}, loss {loss.item():.3f}")
    return model.eval()
