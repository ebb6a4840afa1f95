"""What a model is asked: judgements to buy, held-out items, a rule that grades answers. One file a task.

Imports `judgements`.
"""
