"""The demo: a real channel out of wheels, a sample workspace on it, and JupyterLab open on that."""
