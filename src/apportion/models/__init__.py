"""Causal language models: any from a hub or a folder, and the generated world's small one, built here.

Imports `judgements`.
"""
