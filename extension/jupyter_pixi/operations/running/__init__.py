"""The words of a command -> processes in an environment: tasks, programs, shells and throw-away environments."""
