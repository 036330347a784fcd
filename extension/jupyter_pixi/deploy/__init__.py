"""Turns a locked workspace into what other machines are told: Dockerfiles, a Binder folder, a SageMaker image."""
