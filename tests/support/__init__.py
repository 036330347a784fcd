"""What the tests share: a real channel, workspaces on it, the command as a child process, kernels."""
