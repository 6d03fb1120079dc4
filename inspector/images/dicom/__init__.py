"""DICOM in parts: header, decoding, numbers, geometry, order, and what may be said of a file."""
