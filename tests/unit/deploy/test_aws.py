"""What the SageMaker export writes and prints, against AWS's own description of its services (botocore's models).

botocore's validator knows types, required members and minimum lengths; maximum lengths and patterns stand in the
models' metadata, and are looked at here.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_pixi.deploy import sagemaker
from jupyter_pixi.deploy.dockerfile import Options
from jupyter_pixi.deploy.parse import parse
from jupyter_pixi.deploy.sagemaker import Registry
from jupyter_pixi.errors import PixiError

from .plans import JOB, PLAN

session = pytest.importorskip("botocore.session")
validate = pytest.importorskip("botocore.validate")
REGISTRY = Registry("111122223333", "eu-west-1")


def wrong(service: str, operation: str, parameters: dict[str, Any]) -> list[str]:
    """What the service would refuse in a call."""
    shape = session.get_session().get_service_model(service).operation_model(operation).input_shape
    report = validate.ParamValidator().validate(parameters, shape)
    return ([report.generate_report()] if report.has_errors() else []) + list(_beyond(shape, parameters, operation))


def _beyond(shape: Any, value: Any, path: str) -> Iterator[str]:
    most, pattern = shape.metadata.get("max"), shape.metadata.get("pattern")
    if most is not None and isinstance(value, str | list | dict) and len(value) > most:
        yield f"{path} is longer than {most}"
    if pattern and isinstance(value, str) and not re.fullmatch(pattern, value):
        yield f"{path} is not {pattern}"
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, inner in value.items():
            yield from _beyond(shape.members[name], inner, f"{path}.{name}") if name in shape.members else ()
    elif shape.type_name == "list" and isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _beyond(shape.member, inner, f"{path}[{number}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for name, inner in value.items():
            yield from _beyond(shape.key, name, f"{path}.{name}")
            yield from _beyond(shape.value, inner, f"{path}.{name}")


def job(uri: str, environment: dict[str, str]) -> dict[str, Any]:
    """The call that a `@remote` function becomes (sagemaker-core, remote_function/job.py)."""
    driver = "/opt/ml/input/data/sagemaker_remote_function_bootstrap/job_driver.sh"
    return {
        "TrainingJobName": "train-2026-01-01",
        "RoleArn": "arn:aws:iam::111122223333:role/service-role/AmazonSageMaker",
        "AlgorithmSpecification": {
            "TrainingImage": uri,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/bash", driver],
            "ContainerArguments": ["--client_python_version", "3.12", "--job_conda_env", environment["NAME"]],
        },
        "Environment": environment,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/prefix"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }


def test_a_job_with_the_image_is_a_call_that_aws_takes():
    uri = sagemaker.image_uri(PLAN, JOB, REGISTRY)
    assert uri == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/weather-station:job"
    assert wrong("sagemaker", "CreateTrainingJob", job(uri, {"NAME": sagemaker.environment_name("job")})) == []
    assert wrong("sagemaker", "CreateTrainingJob", job("x" * 256, {"NAME": "job"}))
    assert wrong("sagemaker", "CreateTrainingJob", job(uri, {"NAME": "job", "b.d": "x"}))
    assert wrong("sagemaker", "CreateTrainingJob", {**job(uri, {"NAME": "job"}), "TrainingJobName": "a_b"})


def test_the_repository_is_one_that_aws_makes():
    commands = [shlex.split(line, comments=True) for line in sagemaker.push_commands(PLAN, JOB, REGISTRY)]
    made = commands[0]
    assert made[:3] == ["aws", "ecr", "create-repository"]
    name = made[made.index("--repository-name") + 1]
    assert wrong("ecr", "CreateRepository", {"repositoryName": name}) == []
    tag = commands[3][-1].rpartition(":")[2]
    where = {"registryId": "111122223333", "repositoryName": name, "imageIds": [{"imageTag": tag}]}
    assert wrong("ecr", "BatchGetImage", where) == []


@pytest.mark.parametrize("name", ["a/b.c_d-e", "ab", "a__b", "a--b", "x" * 200])
def test_repositories_that_both_take(name: str):
    assert name in sagemaker.image_uri(PLAN, JOB, dataclasses.replace(REGISTRY, repository=name))
    assert wrong("ecr", "CreateRepository", {"repositoryName": name}) == []


@pytest.mark.parametrize("name", ["a", "A", "a b", "a..b", "a//b", "-a", "a/", "x" * 257])
def test_repositories_that_neither_takes(name: str):
    with pytest.raises(PixiError, match="is not the name of an AWS repository"):
        sagemaker.image_uri(PLAN, JOB, dataclasses.replace(REGISTRY, repository=name))
    assert wrong("ecr", "CreateRepository", {"repositoryName": name})


def test_other_names():
    for bad in (Registry("1"), Registry(region="moon")):
        with pytest.raises(PixiError, match="is not the name of an AWS"):
            sagemaker.image_uri(PLAN, JOB, bad)
    with pytest.raises(PixiError, match="no name of more than 255"):
        sagemaker.image_uri(PLAN, JOB, dataclasses.replace(REGISTRY, repository="x" * 230))


def test_the_environment_is_named_as_the_job_driver_takes_it():
    text = sagemaker.sagemaker(PLAN, Options("job")).files[0].text
    named = [i.text for i in parse(text).stages[-1].all("ENV") if "SAGEMAKER_JOB_CONDA_ENV" in i.text]
    value = re.search(r'SAGEMAKER_JOB_CONDA_ENV="([^"]*)"', named[0])
    assert value
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", value[1])
