"""One pass of a model over the pictures of a folder: kept on disk, shared among processes.

What is measured on a picture is `inspector.analysis`; here it is decided which pictures still have
to be looked at, who looks at them, and where what was found is kept.
"""
