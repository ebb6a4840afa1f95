"""Published claims as functions: measured outcomes in; holds, fails or undecided out, with the numbers.

Imports `statistics`, `laws` and `plans`.
"""
