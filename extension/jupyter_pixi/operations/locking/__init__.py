"""A manifest -> an up-to-date lock file, solved only where the present one does not fulfil it."""
