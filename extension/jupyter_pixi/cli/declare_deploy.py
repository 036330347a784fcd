"""Turns `export …` and `launch` into parsers: what makes a workspace run where it was not written."""

from __future__ import annotations

from .. import PIXI_VERSION
from .parser import Commands, Parser, environment_option, json_option, later, workspace_options


def declare(commands: Commands) -> None:
    """The `export` group and `launch`."""
    from .declare_workspace import conda_environment

    export = Commands(commands.add("export", None, "write the workspace in a form for other places"))
    exports(export)
    conda_environment(export)
    _launch(commands)


def exports(export: Commands) -> None:
    """What is below `export`."""
    docker = export.add("dockerfile", later("deploying", "dockerfile"), "a multi-stage Dockerfile of one environment")
    docker.add_argument("--base", metavar="IMAGE", default="ubuntu:24.04", help="the final stage's image")
    docker.add_argument("--command", metavar="COMMAND", help="what the container runs (default: bash)")
    docker.add_argument("--lint", metavar="FILE", help="only look at this Dockerfile, whoever wrote it")
    job = export.add(
        "sagemaker", later("deploying", "sagemaker"), "the image of SageMaker @remote jobs, and how to push it"
    )
    job.add_argument("--base", metavar="IMAGE", default="ubuntu:24.04", help="the final stage's image")
    job.add_argument("--account", metavar="NUMBER", help="the AWS account of the registry")
    job.add_argument("--region", metavar="REGION", help="the AWS region of the registry")
    job.add_argument("--repository", metavar="NAME", help="the repository in ECR (default: the workspace's name)")
    for parser in (docker, job):
        environment_option(parser)
        parser.add_argument("--platform", "-p", metavar="PLATFORM", help="the platform, where it is locked for several")
        parser.add_argument(
            "--pixi-version", metavar="X.Y.Z", default=PIXI_VERSION, help="the release in the build stage"
        )
        parser.add_argument("--auth", action="store_true", help="take channel passwords from a BuildKit secret")
    binder = export.add(
        "binder", later("deploying", "binder"), "a Binder folder: JupyterLab with the workspace's kernels"
    )
    environment_option(binder, several=True, default="all that have a kernel and run without a GPU")
    binder.add_argument("--check", action="store_true", help="say what Binder would do, and write nothing")
    binder.add_argument("--dir", metavar="DIR", help="`binder` or `.binder` (default: the one that is there)")
    binder.add_argument("--notebook", metavar="PATH", help="the notebook that is opened")
    binder.add_argument("--repository", metavar="URL", help="where it is published (default: git's origin), or a DOI")
    binder.add_argument("--ref", metavar="REF", help="the branch, tag or commit that is launched")
    binder.add_argument("--hub", metavar="URL", help="the Binder hub (default: mybinder.org)")
    binder.add_argument("--package-source", metavar="DIR", help="build jupyter-pixi from this folder of the repository")
    for parser in (docker, job, binder):
        _writing(parser)


def _writing(parser: Parser) -> None:
    parser.add_argument("--output", "-o", dest="folder", metavar="DIR", help="write there (default: where it is used)")
    parser.add_argument("--dry-run", "-n", action="store_true", help="print the files, and write nothing")
    parser.add_argument("--force", action="store_true", help="write over files that a person changed")
    workspace_options(parser)
    json_option(parser)


def _launch(commands: Commands) -> None:
    launch = commands.add(
        "launch", later("launching", "launch"), "open a repository, folder or archive in JupyterLab, kernels ready"
    )
    launch.add_argument(
        "target", metavar="TARGET", help="a git URL, a folder, a .zip or .tar archive here or at a URL, or a Zenodo DOI"
    )
    launch.add_argument("--ref", metavar="REF", help="the branch, tag or commit of a git repository")
    launch.add_argument("--subfolder", metavar="PATH", help="where the workspace is in it")
    launch.add_argument("--path", metavar="DIR", help="where to put it (default: a temporary folder)")
    environment_option(launch, several=True, default="that of the opened notebook")
    launch.add_argument("--open", dest="opened", metavar="PATH", help="the file to open (default: README or notebook)")
    launch.add_argument("--yes", "-y", action="store_true", help="do not ask")
    launch.add_argument("--no-browser", action="store_true", help="print the address only")
    launch.add_argument("--port", type=int, metavar="PORT", help="the server's port")
    launch.add_argument("--no-lab", action="store_true", help="only fetch and install")
    json_option(launch)
