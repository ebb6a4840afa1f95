"""Causal language models: any Hugging Face id, folder or GGUF file, and the world base."""

import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apportion.errors import UserError
from apportion.identity import digest, file_sha256
from apportion.models.facts_base import facts_base_path
from apportion.models.settings import ModelSettings
from apportion.models.world_base import world_base_path

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SHIPPED = {"world": world_base_path(), "facts": facts_base_path()}
"""The bases that come with Apportion, by the source that names them."""

FILES_OF_A_MODEL = ("*.safetensors", "*.json", "*.model", "*.jinja", "merges.txt", "vocab.txt")
"""What is fetched and hashed: weights as safetensors, settings and tokenizers; never a pickle."""


def locate(settings: ModelSettings, base: Path) -> Path:
    """Return the local folder, or GGUF file, that holds the model; a hub id is fetched into the hub's cache.

    Relative paths are taken from `base`, the study file's folder; `$VARIABLES` and `~` are expanded.
    Raises UserError if there is no such file and the hub cannot be reached or does not know the id.
    """
    return here(settings, base) or _fetch(settings)


def here(settings: ModelSettings, base: Path) -> Path | None:
    """Return the model's place on this machine, or None for a hub's id. Raises UserError if its file is not there."""
    if settings.source in SHIPPED:
        return SHIPPED[settings.source]
    expanded = Path(os.path.expandvars(settings.source)).expanduser()
    if "$" in str(expanded):
        raise UserError(
            "[model] source",
            f"'{settings.source}', a variable that is not set",
            "a model's place",
            "Type: export NAME=/path/to/the/model, or write the path itself.",
        )
    local = expanded if expanded.is_absolute() else base / expanded
    is_a_path = expanded.is_absolute() or settings.source.startswith(".") or local.suffix == ".gguf"
    if is_a_path and not local.exists():
        raise UserError(
            str(settings.source),
            "no such file or folder",
            "a GGUF file or a model's folder",
            f"Looked at {local}: give its path from the study file's folder, or set the variable in it.",
        )
    if is_a_path or local.is_dir():
        return local
    return None


def _fetch(settings: ModelSettings) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                settings.source, revision=settings.revision, allow_patterns=list(FILES_OF_A_MODEL)
            )
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0][:120]
        raise UserError(
            f"model '{settings.source}'",
            f"neither a local file nor a model that the hub could give ({reason})",
            "'world', 'facts', a folder, a .gguf file or a Hugging Face id",
            "Check the spelling, or go online once so that the model is cached.",
        ) from error


def model_identity(settings: ModelSettings, base: Path) -> str:
    """Return the hash of the model's content, its dtype and its rendering: the name of the stage before all others.

    Local files are hashed byte by byte, so two copies of one model are one model.
    """
    path = locate(settings, base)
    files = [path] if path.is_file() else sorted({f for p in FILES_OF_A_MODEL for f in path.glob(p)})
    hashes = {"model.gguf" if path.is_file() else file.name: file_sha256(file) for file in files}
    if not any(name.endswith((".safetensors", ".gguf")) for name in hashes):
        raise UserError(
            str(path),
            "no weights",
            "a folder with *.safetensors, or a .gguf file",
            "Save the model with save_pretrained(..., safe_serialization=True).",
        )
    return digest([hashes, settings.dtype, settings.rendering, settings.max_length])


def choose_device(settings: ModelSettings) -> "torch.device":
    """Return the device to run on: the one that was asked for, or for "auto" the first accelerator, else the CPU.

    Raises UserError if the device that was asked for is not there.
    """
    import torch

    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if settings.device == "auto":
        return accelerator or torch.device("cpu")
    if settings.device != "cpu" and (accelerator is None or accelerator.type != settings.device):
        found = accelerator.type if accelerator else "cpu only"
        raise UserError(
            "[model] device",
            f"'{settings.device}', but this machine has {found}",
            f"'auto' or '{accelerator.type if accelerator else 'cpu'}'",
            'Write device = "auto" to take what is there.',
        )
    return torch.device(settings.device)


def refuse_unusable(settings: ModelSettings, base: Path) -> None:
    """Raise the UserError with which training would refuse the model's tokenizer or the device, if it would.

    Loads torch and the tokenizer unless the model is a shipped base, plainly rendered, on whatever device there is.
    """
    if settings.device not in ("auto", "cpu"):
        choose_device(settings)
    if settings.source not in SHIPPED or settings.rendering == "chat":
        load_tokenizer(settings, base)


def load_model(settings: ModelSettings, base: Path) -> "PreTrainedModel":
    """Return the base model in its dtype on the chosen device, in evaluation mode.

    Raises UserError for files that are damaged or no causal model's.
    """
    from safetensors import SafetensorError

    path = _as_folder(locate(settings, base))
    try:
        return open_model(settings, path)
    except (OSError, ValueError, SafetensorError) as error:
        raise _unusable(settings, "weights that cannot be loaded", error) from error


def open_model(settings: ModelSettings, folder: Path) -> "PreTrainedModel":
    """Return the model in a folder of transformers' form, in the settings' dtype and device, in evaluation mode."""
    import torch
    from transformers import AutoModelForCausalLM

    dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[settings.dtype]
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, use_safetensors=True)
    return model.to(choose_device(settings)).eval()


def load_tokenizer(settings: ModelSettings, base: Path) -> "PreTrainedTokenizerBase":
    """Return the model's tokenizer; a missing padding token is taken from the end-of-sequence token.

    Raises UserError if it cannot be loaded, has no end-of-sequence token, or has no chat template and chat
    rendering is asked for.
    """
    from transformers import AutoTokenizer

    path = _as_folder(locate(settings, base))
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise _unusable(settings, "a tokenizer that cannot be loaded", error) from error
    if tokenizer.eos_token is None:
        raise UserError(
            f"model '{settings.source}'",
            "a tokenizer without an end-of-sequence token",
            "one that closes every answer",
            "Set eos_token in its tokenizer_config.json.",
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if settings.rendering == "chat" and not tokenizer.chat_template:
        raise UserError(
            f"model '{settings.source}'",
            "a tokenizer without a chat template",
            'rendering = "plain" for it',
            'Write rendering = "plain" under [model], or name a chat model.',
        )
    return tokenizer


def _unusable(settings: ModelSettings, found: str, error: Exception) -> UserError:
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:120]
    cure = "Save or download it again with save_pretrained, tokenizer included."
    expected = "a causal language model in transformers' format"
    return UserError(f"model '{settings.source}'", f"{found} ({reason})", expected, cure)


def _as_folder(path: Path) -> Path:
    """Return the folder that transformers loads: the path itself, or for a GGUF file its one conversion."""
    return path if path.is_dir() else converted_gguf(path)


def converted_gguf(path: Path) -> Path:
    """Return a folder with the GGUF file's weights as float32 safetensors, converting on first use.

    Reading a GGUF file takes tens of seconds and a converted folder one or two, so the conversion is kept under
    `$APPORTION_CACHE` (default `~/.cache/apportion`), named by the file's hash.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    cache = Path(os.environ.get("APPORTION_CACHE", "~/.cache/apportion")).expanduser()
    folder = cache / "gguf" / file_sha256(path)[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process that wants the same file waits, and finds it done
        if (folder / "config.json").exists():
            return folder
        building = folder.with_suffix(".building")
        shutil.rmtree(building, ignore_errors=True)
        model: Any = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32
        )
        # The weights are plain floats by now; the mark of quantisation would make saving refuse them.
        model.is_quantized = False
        model.quantization_method = None
        model.hf_quantizer = None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(building)
        AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).save_pretrained(building)
        building.rename(folder)
    return folder
