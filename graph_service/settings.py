"""One typed settings object: every limit and path, with its default and its help.

Each field is read from the environment as `IMAGING_SURVEY_<NAME>`, or from the command's flag of that name;
`/-/settings` shows the values in force.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024


class Settings(BaseSettings):
    """What an operator may set. Times are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="IMAGING_SURVEY_", frozen=True)

    release: Path | None = Field(
        None, description="Folder of a built release; without it the survey is built in memory."
    )
    base_url: str | None = Field(
        None, description="Public address of this service; without it the request's own is used."
    )

    query_seconds: float = Field(15.0, gt=0, description="Deadline of one query, from start to last byte taken.")
    query_memory: int = Field(
        1024 * MIB, ge=0, description="Memory that one query may use beside the data; 0 = no limit."
    )
    query_bytes: int = Field(1 * MIB, gt=0, description="Longest query text.")
    query_nesting: int = Field(200, gt=0, le=1000, description="Deepest nesting of brackets and signs in a query.")
    query_chain: int = Field(4000, gt=0, le=8000, description="Longest chain of operators in one expression.")
    query_workers: int = Field(0, ge=0, le=256, description="Processes for queries; 0 = two for each processor.")
    answer_rows: int = Field(1_000_000, ge=0, description="Most rows of one answer; 0 = no limit.")
    answer_bytes: int = Field(256 * MIB, ge=0, description="Largest answer; 0 = no limit.")
    head_bytes: int = Field(
        2 * MIB, gt=0, description="Largest head of a request, header fields and address: a query of 1 MB fits in one."
    )
    head_seconds: float = Field(10.0, gt=0, description="How long a client may take to send the head of a request.")
    stall_seconds: float = Field(10.0, gt=0, description="How long a client may take no byte of its answer.")
    body_seconds: float = Field(20.0, gt=0, description="How long a client may take to send its query.")
    queue_length: int = Field(256, ge=0, description="Queries that may wait for a worker; more are told 503.")
    queue_seconds: float = Field(10.0, gt=0, description="How long a query may wait for a worker.")
    isolation: Literal["auto", "fork", "spawn"] = Field("auto", description="How query processes are made.")

    engine_url: str | None = Field(None, description="SPARQL endpoint that answers in place of our own engine.")
    engine_dialect: Literal["generic", "virtuoso"] = Field("generic", description="How that endpoint is spoken to.")
    engine_rows: int = Field(0, ge=0, description="Rows at which that endpoint cuts answers without a word; 0 = never.")
    engine_user: str = Field("", description="User for `build --push`, with HTTP digest or basic authentication.")
    engine_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    reload_token: SecretStr = Field(SecretStr(""), description="What POST /-/reload must bear; empty = not offered.")

    federation: tuple[str, ...] = Field((), description="SPARQL endpoints that SERVICE may name (whole IRIs).")
    federation_seconds: float = Field(10.0, gt=0, description="Deadline of one request to such an endpoint.")
    federation_bytes: int = Field(8 * MIB, gt=0, description="Largest answer that is taken from such an endpoint.")

    cache_bytes: int = Field(64 * MIB, ge=0, description="Memory for answers that are kept; 0 = none are.")
    cache_seconds: int = Field(300, ge=0, description="How long browsers and proxies may keep an answer (max-age).")

    client_rate: str = Field("", description="Queries that one client may ask, as `120/minute;10/second`; empty = any.")
    client_concurrency: int = Field(0, ge=0, description="Queries of one client that may run at once; 0 = any number.")
    trusted_proxies: tuple[str, ...] = Field((), description="Networks whose X-Forwarded-For header is believed.")
    limit_loopback: bool = Field(False, description="Whether the limits per client hold for this machine itself.")

    log_queries: Literal["none", "failed", "slow", "all"] = Field("slow", description="Which queries are logged.")
    log_slow_seconds: float = Field(1.0, ge=0, description="From when on a query counts as slow.")
    log_client: bool = Field(False, description="Whether logs hold the client's address.")

    pinned_releases: int = Field(
        3,
        ge=0,
        le=32,
        description="How many of the kept releases, the newest, can be asked at /release/{version}/sparql.",
    )
    mcp_hosts: tuple[str, ...] = Field(
        (), description="Further hosts, as in the Host header, under which /mcp may be reached."
    )
