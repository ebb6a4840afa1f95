"""How Sphinx builds the documents and the reference, offline: `make docs`."""

project = "Apportion"
extensions = ["myst_parser", "sphinx.ext.autodoc", "cyclopts.sphinx_ext"]
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
suppress_warnings = ["myst.xref_missing", "image.not_readable", "docutils", "ref.python"]
