"""The estimators: one paper a file, each a name, a citation and a composition."""
