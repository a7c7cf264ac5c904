"""The Excel form: one `Layout` that says where everything stands, and the writer that fills it."""
