FROM python:3.13-slim-trixie AS build
WORKDIR /source
RUN python -m venv /opt/tracker-diag
COPY pyproject.toml README.md LICENSE ./
COPY tracker_diag ./tracker_diag
# With what --notify needs: a sweep on a schedule is what most images are for.
RUN /opt/tracker-diag/bin/pip install --no-cache-dir ".[notify]"

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="tracker-diag" \
      org.opencontainers.image.description="A linter for training runs in MLflow and Weights & Biases" \
      org.opencontainers.image.url="https://github.com/tracker-diag/tracker-diag" \
      org.opencontainers.image.source="https://github.com/tracker-diag/tracker-diag" \
      org.opencontainers.image.documentation="https://tracker-diag.github.io/tracker-diag/" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/tracker-diag /opt/tracker-diag
# /tmp is the one place that is written to, so that the image runs where all else is read-only.
ENV PATH="/opt/tracker-diag/bin:$PATH" \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
# A number, since Kubernetes cannot tell from a name that it is not root's. Mounted folders belong to others: `--user`.
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["tracker-diag"]
CMD ["--help"]
