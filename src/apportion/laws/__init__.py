"""Learning curves: the score as a function of the data; families, fitting, uncertainty and comparison.

Imports no other room, and no torch.
"""
