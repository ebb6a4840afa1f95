"""IFEval's 25 kinds of instruction, each a rule that reads a response (Zhou et al., 2023, arXiv 2311.07911)."""
