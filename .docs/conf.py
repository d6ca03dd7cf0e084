"""The site: pages of this folder, files of the repository that they include, and docstrings.

`sphinx-build --fail-on-warning .docs build/site` builds it.
"""

import inspect
import os
import re
from pathlib import Path

from numpydoc.xref import DEFAULT_LINKS
from sphinx.util.inspect import stringify_signature

import idxfast

HERE = Path(__file__).parent
ROOT = HERE.parent

project = "idxfast"
version = release = idxfast.__version__
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
root_doc = "index"
exclude_patterns = ["_*"]

html_theme = "furo"
html_title = f"idxfast {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False

myst_heading_anchors = 4
# Sphinx knows no lexer for the sessions of a shell that it could check.
highlight_language = "none"

# Frameworks need not be installed for their adapters to be described.
autodoc_mock_imports = ["torch", "torchvision", "dask", "xarray", "sklearn", "PIL"]
autodoc_member_order = "bysource"
# The docstrings state the types.
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
# numpydoc would link to the sites of Python and numpy, but a build needs no network.
numpydoc_xref_aliases = {name: name for name in DEFAULT_LINKS} | {
    name: f"idxfast.{name}" for name in idxfast.__all__ if isinstance(getattr(idxfast, name), type)
}

# A name in single quotation marks is a reference, if there is such an object: see `find_object`.
default_role = "py:obj"
nitpicky = True
# Arguments and other names in lower case, names of other projects, and those of scikit-learn.
nitpick_ignore_regex = [
    ("py:obj", r"[a-z_0-9]+"),
    ("py:obj", r"(dask|gzip|mmap|numpy|os|torch|torchvision|xarray)\..*"),
    ("py:obj", "None|True|False|RandomState|DataLoader|DistributedSampler|DESCR|return_X_y"),
]
# Parts of longer pages are included, whose headings are of the second level or lower.
suppress_warnings = ["myst.header"]

# Files of the repository that are pages here; links to such a file lead to its page.
INCLUDE = re.compile(r"```\{include\} (\S+)\n```\n")
PAGES = {
    (HERE / match[1]).resolve(): page
    for page in HERE.glob("*.md")
    if (match := INCLUDE.fullmatch(page.read_text()))
}
LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)#\s]+)")


def move_links(folder, content):
    """Make the links of a file in this folder relative to the pages here."""

    def moved(match):
        target = (folder / match[1]).resolve()
        return os.path.relpath(PAGES.get(target, target), HERE)

    content[0] = LINK.sub(moved, content[0])


def move_links_of_page(app, docname, content):
    if app.env.doc2path(docname).suffix == ".md":
        move_links(HERE, content)


def move_links_of_include(app, path, parent, content):
    move_links((HERE / path).resolve().parent, content)


def find_object(app, env, node, element):
    """Find the object of idxfast that a docstring means by its short name."""
    if node["reftype"] != "obj":
        return None
    domain = env.get_domain("py")
    for prefix in ("idxfast.", "idxfast.errors."):
        name = prefix + node["reftarget"].removeprefix("idxfast.")
        found = domain.objects.get(name)
        # `images` is an argument, except where the modules are listed.
        if found and (found.objtype != "module" or node["py:module"] == "idxfast"):
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, element)
    return None


def state_signature(app, kind, name, found, options, signature, result):
    """Give classes over a mocked one the signature of their own `__init__`."""
    if kind == "class" and signature == "(*args, **kwargs)":
        own = inspect.signature(found.__init__).replace(return_annotation=inspect.Signature.empty)
        own = own.replace(parameters=[*own.parameters.values()][1:])
        signature = stringify_signature(own, show_annotation=False)
    return signature, result


def setup(app):
    app.connect("autodoc-process-signature", state_signature)
    app.connect("source-read", move_links_of_page)
    app.connect("include-read", move_links_of_include)
    app.connect("missing-reference", find_object)
