"""What people said: demonstrations and preference pairs, checked by row and field, cut into nested subsets.

Imports no other room, and no torch.
"""
