"""Money: prices, the best split of a budget, what is nearly as good, the next experiment, when to stop.

Imports `laws`, and no torch.
"""
