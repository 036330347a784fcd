"""A Manifest -> its environments per platform, and which of them this machine can run."""

from __future__ import annotations

from .channels import channel_url
from .choice import default_environment, environment_named
from .compose import check_channel_priority, compose, matching_targets, solve_units
from .host import Host, host, host_virtual_packages
from .model import ActivationPlan, Channel, Environment, OnPlatform, SolveUnit
from .pick import PlatformChoice, choose_platform, unsupported
from .platforms import lock_platforms, virtual_packages

__all__ = [
    "ActivationPlan",
    "Channel",
    "Environment",
    "Host",
    "OnPlatform",
    "PlatformChoice",
    "SolveUnit",
    "channel_url",
    "check_channel_priority",
    "choose_platform",
    "compose",
    "default_environment",
    "environment_named",
    "host",
    "host_virtual_packages",
    "lock_platforms",
    "matching_targets",
    "solve_units",
    "unsupported",
    "virtual_packages",
]
