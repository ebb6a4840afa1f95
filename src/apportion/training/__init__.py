"""Stages that train a causal language model, on TRL. May import judgements and models."""

import os
import warnings

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# TRL still uses the names that transformers has replaced
warnings.filterwarnings("ignore", ".*gradient_checkpointing.*", FutureWarning)
