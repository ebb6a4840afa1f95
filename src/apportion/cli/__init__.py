"""The command line, one file a command group: parses, calls, prints. The only room that prints.

Imports every room.
"""
