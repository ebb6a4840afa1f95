"""Figures and one self-contained HTML file; text from data is escaped.

Imports every room but `cli`.
"""
