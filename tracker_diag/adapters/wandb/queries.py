"""GraphQL documents; fields, types and names of operations as in wandb's own."""

from __future__ import annotations

_FACTS = """
fragment Facts on Run {
  id
  name
  displayName
  state
  tags
  notes
  config
  summaryMetrics
  group
  jobType
  sweepName
  createdAt
  heartbeatAt
}
"""

PROJECTS = """
query GetProjects($entity: String, $cursor: String, $perPage: Int = 50) {
  models(entityName: $entity, after: $cursor, first: $perPage) {
    pageInfo { endCursor hasNextPage }
    edges { node { name } }
  }
}
"""

RUNS = (
    """
query Runs($entity: String!, $project: String!, $filters: JSONString, $order: String, $cursor: String, $perPage: Int) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, order: $order, after: $cursor, first: $perPage) {
      edges { node { ...Facts } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""
    + _FACTS
)

_WHOLE_RUNS = (
    """
query Runs(
  $entity: String!, $project: String!, $filters: JSONString, $perPage: Int, $files: [String!] %s
) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, first: $perPage) {
      edges {
        node {
          ...Facts
          historyLineCount
          historyKeys
          files(names: $files, first: 10) { edges { node { name directUrl } } }
          %s
        }
      }
    }
  }
}
"""
    + _FACTS
)

# What is needed to read whole runs: the facts, how long the history is, and the files that training code may leave.
WHOLE_RUNS = _WHOLE_RUNS % ("", "")

# The same, with where a graph of the network may lie, and what the run used: not every server tells that.
WHOLE_RUNS_AND_INPUTS = _WHOLE_RUNS % (
    ", $graphs: String",
    """graphs: files(pattern: $graphs, first: 10) { edges { node { name directUrl sizeBytes } } }
          inputArtifacts(first: 100) {
            edges { node { digest versionIndex artifactType { name } artifactSequence { name } aliases { alias } } }
          }""",
)

RUN = (
    """
query Run($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { run(name: $name) { ...Facts } }
}
"""
    + _FACTS
)

HISTORY = """
query HistoryPage(
  $entity: String!, $project: String!, $name: String!, $minStep: Int64!, $maxStep: Int64!, $pageSize: Int!
) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
  }
}
"""

# What is there before something is written.
STANDING = """
query Run($entity: String!, $project: String!, $name: String!, $pattern: String) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      id
      name
      state
      readOnly
      tags
      notes
      summaryMetrics
      files(pattern: $pattern, first: 100) { edges { node { id name } } }
    }
  }
}
"""

# A mutation's fields are done one after the other: the fingerprint goes, then stale files, then there are new places.
PREPARE = """
mutation PrepareFiles(
  $id: String, $summary: JSONString, $clear: Boolean!,
  $stale: [ID!]!, $drop: Boolean!,
  $entity: String!, $project: String!, $name: String!, $files: [String!]!, $create: Boolean!
) {
  upsertBucket(input: {id: $id, summaryMetrics: $summary}) @include(if: $clear) { bucket { id } }
  deleteFiles(input: {files: $stale}) @include(if: $drop) { success }
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $name, files: $files})
    @include(if: $create) { runID uploadHeaders files { name uploadUrl } }
}
"""

# What is not given is left as it is.
UPDATE = """
mutation UpsertBucket($id: String, $tags: [String!], $notes: String, $summary: JSONString) {
  upsertBucket(input: {id: $id, tags: $tags, notes: $notes, summaryMetrics: $summary}) { bucket { id } }
}
"""

DELETE_FILES = """
mutation deleteFiles($files: [ID!]!) {
  deleteFiles(input: {files: $files}) { success }
}
"""

DELETE_RUN = """
mutation DeleteRun($id: ID!) {
  deleteRun(input: {id: $id}) { clientMutationId }
}
"""
