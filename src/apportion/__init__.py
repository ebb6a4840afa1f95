"""Apportion tells you which human judgements to buy next."""

__version__ = "0.1.0"
