"""How Sphinx builds the documents, the reference and the commands' help, offline: `make docs`."""

import io

from rich.console import Console

from apportion.cli.app import app as commands

project = "Apportion"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["examples"]
html_theme = "alabaster"
html_theme_options = {"description": "Which human judgements to buy next", "page_width": "1100px"}
html_show_copyright = False
default_role = "literal"
autodoc_default_options = {"members": True, "member-order": "alphabetical"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
myst_heading_anchors = 3
# Links to files of the repository outside docs/ stay as they are
suppress_warnings = ["myst.xref_missing", "ref.python"]


def help_of(chain):
    """Return what --help prints for a command."""
    text = io.StringIO()
    commands.help_print(chain, console=Console(file=text, width=100, color_system=None))
    return text.getvalue()


def add_help(sphinx, name, source):
    """Append the help of every command to the page of commands."""
    if name != "commands":
        return
    for group in (name for name in commands if not name.startswith("-")):
        below = [name for name in commands[group] if not name.startswith("-")]
        for chain in [[group, name] for name in below] or [[group]]:
            source[0] += f"\n## {' '.join(chain)}\n\n```text\n{help_of(chain)}```\n"


def setup(sphinx):
    """Connect to Sphinx."""
    sphinx.connect("source-read", add_help)
