"""The fields that artifacts need: a draft, a manifest, files, a commit."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.adapters.wandb.server.store import ENTITY, Store, opaque


class ArtifactFields:
    """What stands at the fields of artifacts."""

    def __init__(self, store: Store, base: str) -> None:
        self.store = store
        self.base = base

    def createArtifact(self, input: dict[str, Any]) -> dict[str, Any]:
        artifact_id = opaque(f"Artifact:{len(self.store.artifacts) + 1}")
        self.store.artifacts[artifact_id] = {"state": "PENDING", "files": [], **input}
        node = {"id": artifact_id, "state": "PENDING", "artifactSequence": {"id": "1", "latestArtifact": None}}
        return {"artifact": node}

    def createArtifactManifest(self, input: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.base}/manifest/{quote(input['artifactID'], safe='')}"
        file = {"id": "1", "uploadUrl": url, "uploadHeaders": []}
        return {"artifactManifest": {"id": input["artifactID"], "file": file}}

    def updateArtifactManifest(self, input: dict[str, Any]) -> dict[str, Any]:
        return self.createArtifactManifest({"artifactID": input["artifactManifestID"]})

    def createArtifactFiles(self, input: dict[str, Any]) -> dict[str, Any]:
        nodes = []
        for file in input["artifactFiles"]:
            self.store.artifacts[file["artifactID"]]["files"].append(file["name"])
            path = f"artifacts/{file['md5']}/{file['name']}"
            node = {"id": "1", "name": file["name"], "storagePath": path, "uploadHeaders": []}
            node |= {"uploadUrl": f"{self.base}/{quote(path)}", "artifact": {"id": file["artifactID"]}}
            nodes.append({"node": node})
        return {"files": {"edges": nodes}}

    def commitArtifact(self, input: dict[str, Any]) -> dict[str, Any]:
        artifact = self.store.artifacts[input["artifactID"]]
        artifact["state"] = "COMMITTED"
        return {"artifact": {"id": input["artifactID"], "digest": artifact.get("digest")}}

    def useArtifact(self, input: dict[str, Any]) -> dict[str, Any]:
        run = self.store.runs[(input["entityName"], input["projectName"], input["runName"])]
        run.used.append(input["artifactID"])
        return {"artifact": self.artifact(input["artifactID"])}

    def clientIDMapping(self, clientID: str) -> dict[str, Any] | None:
        found = [key for key, a in self.store.artifacts.items() if a.get("clientID") == clientID]
        return {"serverID": found[0]} if found else None

    def artifact_named(self, name: str) -> dict[str, Any] | None:
        wanted = name.split(":")[0]
        found = [key for key, a in self.store.artifacts.items() if a["artifactCollectionName"] == wanted]
        return self.artifact(found[0]) if found else None

    def artifact(self, id: str) -> dict[str, Any]:
        artifact = self.store.artifacts[id]
        project = {"id": "1", "internalId": "1", "name": artifact["projectName"], "entity": {"id": "1", "name": ENTITY}}
        collection = {
            "__typename": "ArtifactSequence",
            "id": "1",
            "name": artifact["artifactCollectionName"],
            "project": project,
        }
        aliases = [
            {"__typename": "ArtifactAlias", "id": "1", "alias": a["alias"], "artifactCollection": collection}
            for a in artifact["aliases"]
        ]
        return {
            "__typename": "Artifact",
            "id": id,
            "artifactSequence": collection,
            "artifactType": {"name": artifact["artifactTypeName"]},
            "versionIndex": 0,
            "description": artifact.get("description"),
            "metadata": artifact.get("metadata"),
            "ttlDurationSeconds": -2,
            "ttlIsInherited": False,
            "tags": [],
            "state": artifact["state"],
            "size": 0,
            "digest": artifact["digest"],
            "fileCount": len(artifact["files"]),
            "commitHash": "0" * 20,
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:00Z",
            "aliases": aliases,
        }
