"""Which causal language model a study starts from, and how texts become its tokens."""

from dataclasses import dataclass
from typing import Literal

Dtype = Literal["float32", "bfloat16", "float16"]
Device = Literal["auto", "cpu", "cuda", "mps", "xpu"]
Rendering = Literal["plain", "chat"]


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A base model.

    `source` is "world" or "facts" (the small bases that ship with Apportion), a Hugging Face id, a local folder in
    transformers' format, or a GGUF file. `revision` pins a hub id. `rendering` "chat" applies the tokenizer's
    chat template, "plain" joins prompt and response as they are. `max_length` is in tokens, prompt and response
    together. `device` "auto" takes the first accelerator that PyTorch reports, else the CPU.
    """

    source: str = "world"
    revision: str | None = None
    dtype: Dtype = "float32"
    device: Device = "auto"
    rendering: Rendering = "plain"
    max_length: int = 1024
