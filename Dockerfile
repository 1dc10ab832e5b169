# One image for gateway, simulators and services. Builds with the classic builder and with BuildKit.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python3 -m venv /opt/citylab && \
    /opt/citylab/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
      -r requirements.lock
COPY citylab citylab
COPY gateway gateway
COPY stores stores
COPY simulators simulators
COPY services services
COPY dashboards dashboards
COPY deploy deploy
RUN /opt/citylab/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . && \
    /opt/citylab/bin/pip uninstall --yes --quiet hatchling editables pathspec pluggy trove-classifiers pip && \
    find /opt/citylab -name __pycache__ -prune -exec rm -rf {} +

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 citylab && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data citylab && \
    mkdir /data && chown citylab:citylab /data
COPY --from=build /opt/citylab /opt/citylab
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CITYLAB_DATA=/data
USER citylab
VOLUME ["/data"]
ENTRYPOINT ["/opt/citylab/bin/citylab"]
CMD ["--help"]
