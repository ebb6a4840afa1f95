"""From a study file to outcomes: a grid of cells, a graph of shared stages, a runner that resumes.

Imports `judgements`, `tasks`, `models`, `training` and `statistics`.
"""
