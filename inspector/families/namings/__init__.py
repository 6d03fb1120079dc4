"""One naming style a file: a record of patterns, as `inspector.families.naming.Naming` says."""
