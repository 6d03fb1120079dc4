"""File -> InputImage -> PreparedImage; one file per image format."""
