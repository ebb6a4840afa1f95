"""Signed networks in continuous time: events, memories, SEMBA and its rivals; predict, then observe.

Imports `statistics` and `laws`.
"""
