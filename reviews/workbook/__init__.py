"""The Excel form: one `Layout` says where everything stands; a writer fills it, a reader takes it back."""
