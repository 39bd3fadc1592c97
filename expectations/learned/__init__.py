"""Suites for learned tables: ``<table>.py`` with ``suite()`` and ``compared()``.

Both take the deployment's parameters. ``suite`` says what is true of the table itself;
``compared`` what is true of it beside that of the run before, which queries see as
``last_run.learned.<table>``.
"""

from pkgutil import iter_modules

TABLES = tuple(module.name for module in iter_modules(__path__))
