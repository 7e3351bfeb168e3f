"""The JSON side: layouts of the legacy files, the index beside them, and reading by difference.

Knows nothing of models and stages, and imports nothing of the project.
"""
