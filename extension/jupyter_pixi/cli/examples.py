"""Turns a command's name into the examples that its help ends with."""

from __future__ import annotations

_EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "init": (
        ("init", "a pixi.toml in this folder"),
        ("init weather -c conda-forge -p linux-64 -p osx-arm64", "in a new folder, for two platforms"),
        ("init --import environment.yml", "from what conda has"),
        ("init --import requirements.txt", "from what pip has"),
        ("init --template notebook", "Python and its kernel"),
        ("init --format pyproject", "in a pyproject.toml, a new one or the one that is there"),
        ("init --script plot.py", "an inline block in a script"),
    ),
    "import": (
        ("import environment.yml", "as the environment that the file names"),
        ("import requirements.txt --format pypi-txt --feature web", "as a feature and an environment of its name"),
    ),
    "add": (
        ("add polars", "the newest, pinned as the configuration says"),
        ('add "numpy>=2" python=3.13', "with versions"),
        ('add --pypi "requests[socks]"', "from PyPI"),
        ("add --feature test pytest", "to a feature"),
        ("add --platform linux-64 cuda-toolkit", "for one platform"),
    ),
    "remove": (("remove polars", ""), ("remove --pypi requests", ""), ("remove --feature test pytest", "")),
    "update": (("update", "everything, within the manifest's specs"), ("update numpy --dry-run", "only look")),
    "upgrade": (("upgrade", "every spec"), ("upgrade numpy --feature test", "one spec of one feature")),
    "lock": (("lock", ""), ("lock --check", "exit status 1 if it is not up to date")),
    "install": (("install", ""), ("install -e cuda", ""), ("install --all --frozen", "as locked, unchecked")),
    "run": (
        ("run test", "a task of the manifest, after the tasks it depends on"),
        ("run -e cuda python train.py", "a command in an environment"),
        ("run --script plot.py", "a script with an inline block"),
        ("%%pixi run -e cuda", "the text of the cell, by that environment's Python"),
    ),
    "exec": (
        ("exec -s polars -s altair python plot.py", "in an environment of its own, kept in the cache"),
        ("exec --with numpy ipython", "with more than the command's own package"),
        ("%%pixi exec -s polars", "the text of the cell, by a Python with polars"),
    ),
    "config": (
        ("config list", "what is set"),
        ("config set --local pinning-strategy no-pin", "for this workspace"),
        ("config append default-channels bioconda", "for you, where there is no workspace"),
        ("config edit --global", "your file, in an editor"),
    ),
    "list": (
        ("list", "every package of the environment"),
        ("list --explicit", "what the manifest asks for"),
        ("list '^py' --sort-by size", "names that begin so, the largest last"),
        ("list -e cuda --platform linux-64 --json", "for a program"),
    ),
    "tree": (
        ("tree", "what needs what"),
        ("tree polars", "only below polars"),
        ("tree -i numpy", "why numpy is there"),
    ),
    "info": (("info", ""), ("info --json", "for a program")),
    "search": (
        ("search polars", "the newest in full, then older versions"),
        ('search "numpy>=2" -p osx-arm64', "what fits, for one platform"),
        ("search '*torch*' -c conda-forge -n -1", "every name that matches, in a channel"),
        ("search --import cv2", "the package that provides a module"),
    ),
    "status": (
        ("status", "every environment's state, and why one is not ready"),
        ("status -e cuda --json", "for a program"),
    ),
    "history": (("history", ""), ("history --limit 5", "the last five")),
    "diff": (
        ("diff", "what the last change changed"),
        ("diff 3 now", "since change 3"),
        ("diff --git", "since the last commit"),
    ),
    "undo": (
        ("undo", "packages, lock file and manifest as they were before the last change"),
        ("undo --dry-run", "only look"),
    ),
    "redo": (("redo", ""), ("redo --dry-run", "only look")),
    "restore": (("restore", "throws away what was changed since the last commit"), ("restore --dry-run", "only look")),
    "reinstall": (("reinstall", "every package"), ("reinstall numpy -e cuda", "one package of one environment")),
    "shell": (("shell", ""), ("shell -e cuda", "`exit` leaves it")),
    "shell-hook": (
        ('eval "$(jupyter pixi shell-hook -s bash)"', "activate in the shell that is running"),
        ("shell-hook -e cuda --json", "the variables, for a program"),
    ),
    "clean": (
        ("clean", "every environment of this workspace; `install` brings them back"),
        ("clean -e cuda", "one"),
        ("clean cache --exec", "the throw-away environments of all workspaces"),
    ),
    "task": (
        ('task add lint "ruff check ." --feature dev', "a task"),
        ('task add train "python train.py" --depends-on fetch', "after another task"),
        ("task add greet 'echo hello {{ who }}' --arg who", "a task with an argument"),
        ("task alias check lint test", "several tasks under one name"),
        ("task remove lint", ""),
        ("task list", ""),
    ),
    "kernels": (
        ("kernels list", "what JupyterLab shows, and why"),
        ("kernels install", "for VS Code, papermill, nbconvert and quarto"),
        ("kernels install --sys-prefix -e cuda", "one kernel, for who uses this installation of Jupyter"),
        ("kernels remove", "take them back"),
    ),
    "trust": (
        ("trust --show", "what a kernel's start would install and run"),
        ("trust", "agree to it"),
        ("trust --forget", "be asked again"),
    ),
    "demo": (
        ("demo", "in ./jupyter-pixi-demo, in the browser"),
        ("demo --check", "execute its notebook and print it"),
    ),
    "launch": (
        ("launch https://github.com/someone/weather", ""),
        ("launch gh:someone/weather --ref v1.2 --subfolder notebooks", "a tag, and a workspace in a folder of it"),
        ("launch weather.tar.gz --path weather", "an archive, unpacked to a folder that stays"),
    ),
    "export dockerfile": (
        ("export dockerfile -e prod", "Dockerfile and .dockerignore beside the manifest"),
        ("export dockerfile -e prod --dry-run", "only print them"),
        ("export dockerfile --lint Dockerfile", "what is wrong with one"),
    ),
    "export sagemaker": (
        ("export sagemaker -e train --account 123456789012 --region eu-central-1", "the image, and how to push it"),
    ),
    "export binder": (
        ("export binder", "a Dockerfile for Binder, and the link"),
        ("export binder --notebook tour.ipynb --ref main", "with the notebook that opens"),
        ("export binder --check", "why Binder would fail"),
    ),
    "export": (
        ("export binder", ""),
        ("export dockerfile -e prod", ""),
        ("export sagemaker -e train", ""),
        ("export conda-environment environment.yml", ""),
    ),
    "workspace": (
        ("workspace platform add osx-arm64", ""),
        ("workspace environment add test --feature test", ""),
        ("workspace name set weather", ""),
    ),
    "workspace feature": (("workspace feature list", ""), ("workspace feature remove test", "")),
    "workspace activation": (
        ("workspace activation env set OMP_NUM_THREADS=4", "a variable"),
        ("workspace activation script add setup.sh --target unix", "a script that is sourced"),
        ("workspace activation list", ""),
    ),
    "workspace preview": (("workspace preview add pixi-build", ""),),
    "workspace name": (("workspace name get", ""), ("workspace name set weather", "")),
    "workspace description": (("workspace description set 'Rain, by hour'", ""),),
    "workspace version": (("workspace version set 1.2.0", ""), ("workspace version minor", "1.2.0 becomes 1.3.0")),
    "workspace requires-pixi": (
        ("workspace requires-pixi set '>=0.70'", ""),
        ("workspace requires-pixi verify", "exit status 1 if it is not fulfilled"),
    ),
    "workspace channel": (
        ("workspace channel add conda-forge", ""),
        ("workspace channel add --prepend ./my-channel", "before the others"),
        ("workspace channel remove bioconda", ""),
        ("workspace channel list --urls", ""),
    ),
    "workspace platform": (
        ("workspace platform add osx-arm64 win-64", "two subdirs"),
        ("workspace platform add gpu=linux-64 --cuda 12", "machines with CUDA 12"),
        ("workspace platform edit gpu --cuda 13", ""),
        ("workspace platform move gpu --to-top", "prefer it where it runs"),
    ),
    "workspace environment": (
        ("workspace environment add test --feature test", ""),
        ("workspace environment add cuda --feature cuda --solve-group main", "solved with the others of the group"),
    ),
    "workspace export": (
        ("workspace export conda-environment environment.yml", "what the manifest asks for"),
        ("workspace export conda-environment --from-lock-file", "what is locked"),
        ("workspace export conda-explicit-spec specs -e default", "URLs with hashes, one file a platform"),
    ),
    "workspace register": (
        ("workspace register", "this workspace, by its own name"),
        ("list --workspace weather", "from anywhere"),
    ),
    "switch": (("switch cuda", "this notebook's kernel starts again on it"),),
    "completion": (
        ("completion --shell bash >> ~/.bashrc", ""),
        ("completion --shell zsh >> ~/.zshrc", ""),
        ("completion --shell fish > ~/.config/fish/conf.d/jupyter-pixi.fish", ""),
        ("completion --shell elvish >> ~/.config/elvish/rc.elv", ""),
        ("completion --shell nushell > ~/.config/nushell/autoload/jupyter-pixi.nu", ""),
        ("completion --shell powershell >> $PROFILE", ""),
    ),
}
_PROGRAMS = ("jupyter pixi", "%pixi")


def examples(prog: str) -> str | None:
    """The end of the help of a command, given its full name; None where there is nothing to show."""
    program = next((name for name in _PROGRAMS if prog.startswith(name)), _PROGRAMS[0])
    words = prog.removeprefix(program).split()
    for length in range(len(words), 0, -1):
        rows = _EXAMPLES.get(" ".join(words[:length]))
        if rows is not None:
            whole = ("%%", "eval ")  # a line that does not begin with the program
            lines = [(line if line.startswith(whole) else f"{program} {line}", text) for line, text in rows]
            width = max(len(line) for line, _ in lines)
            shown = (f"  {line.ljust(width) if text else line}  {text}".rstrip() for line, text in lines)
            return "examples:\n" + "\n".join(shown)
    return None
