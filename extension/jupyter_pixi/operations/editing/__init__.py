"""Commands on the workspace itself -> edits of its manifest, and new manifests from other tools' files."""
