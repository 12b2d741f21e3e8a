"""The repository as the rules see it: what is deployed for each credential, and what the handler's source says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bicep import BicepError, Reference, Repository, Resource, Template

CREDENTIALS = ("certificate", "certificate-in-vault", "federated")
OFFICER = "officer"


class World:
    def __init__(self, repository: Repository):
        self.repository = repository
        self.deployments = {
            credential: Template(
                repository,
                "infra/resources/main.bicep",
                {
                    "credential": credential,
                    "certificateOfficerPrincipalId": Reference(OFFICER),
                    "alertEmail": Reference("alertEmail"),
                },
            )
            for credential in CREDENTIALS
        }
        self.identity = Template(
            repository, "infra/identity/main.bicep", {"federatedIdentityPrincipalId": Reference("identity")}
        )

    def read(self, path: str) -> str:
        return self.repository.read(path)

    def resources(self) -> Iterator[tuple[str, Resource]]:
        for credential, deployment in self.deployments.items():
            for resource in deployment.resources:
                yield credential, resource

    def of_type(self, kind: str) -> list[tuple[str, Resource]]:
        found = [(credential, resource) for credential, resource in self.resources() if resource.type == kind]
        if not found:
            raise BicepError(f"infra/resources has no {kind}")
        return found

    def registration(self, file: str, kind: str = "Microsoft.Graph/applications") -> Resource:
        path = f"infra/identity/{file}.bicep"
        [found] = [it for it in self.identity.resources if it.type == kind and it.file == path]
        return found

    def settings(self) -> Iterator[tuple[str, dict[str, object]]]:
        for credential, resource in self.of_type("Microsoft.Web/sites/config"):
            yield credential, resource.body["properties"]

    # what the handler's source says

    def permissions(self, kind: str) -> list[str]:
        """The names of `Scope` or `AppRole`."""
        source = self.read("handler/identity/src/caller/permission.rs")
        body = re.search(rf"impl {kind} \{{.*?\n\}}\n", source, re.DOTALL)
        names = re.findall(r'Self::\w+ => "([^"]+)"', body[0]) if body else []
        if not names:
            raise BicepError(f"the names of {kind} are not where they were in permission.rs")
        return names

    def handler_settings(self) -> set[str]:
        return set(re.findall(r'"([A-Z][A-Z_]+[A-Z])"', self.read("handler/src/settings.rs")))

    def required_settings(self) -> list[str]:
        source = self.read("handler/src/settings.rs")
        body = source[source.index("pub fn read(") : source.index("let authority_host")]
        return re.findall(r'reader\.required\(\s*"([A-Z_]+)"', body)

    def ranges(self) -> dict[str, tuple[int, int, int]]:
        """Settings that are numbers: default, least, most."""
        source = self.read("handler/src/settings.rs")
        constants = dict(re.findall(r"const (\w+): u64 = ([\d_]+);", source))
        number = r"([\w]+)"
        found = re.findall(rf'"([A-Z_]+)",\s*"(\d+)",\s*\|text\| within\(text, {number}, {number}\)', source)
        if not found:
            raise BicepError("the ranges are not where they were in settings.rs")
        return {name: tuple(int(constants.get(it, it)) for it in bounds) for name, *bounds in found}
