# One image for gateway, simulators and services. Builds with the classic builder and with BuildKit, on amd64 and arm64.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python3 -m venv --without-pip /opt/citylab && python3 -m venv /opt/tools && \
    /opt/tools/bin/pip --python /opt/citylab/bin/python install --no-cache-dir --disable-pip-version-check \
      --no-compile --require-hashes --only-binary :all: -r requirements.lock
COPY citylab citylab
COPY gateway gateway
COPY stores stores
COPY simulators simulators
COPY services services
COPY dashboards dashboards
COPY deploy deploy
# Compiled once here, since the file system is read-only later. Tests, headers and the build tools stay behind.
RUN /opt/tools/bin/pip --python /opt/citylab/bin/python install --no-cache-dir --disable-pip-version-check \
      --no-compile --no-deps --no-build-isolation . && \
    /opt/tools/bin/pip --python /opt/citylab/bin/python uninstall --yes --quiet \
      hatchling editables pathspec pluggy trove-classifiers && \
    cd /opt/citylab/lib/python3.11/site-packages && \
    find . -type d \( -name tests -o -name include \) -prune -exec rm -rf {} + && \
    find . -name '*.pyi' -delete && \
    python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash .

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 citylab && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data citylab && \
    mkdir /data && chown citylab:citylab /data
COPY --from=build /opt/citylab /opt/citylab
ENV PATH=/opt/citylab/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CITYLAB_DATA=/data
USER citylab
VOLUME ["/data"]
ENTRYPOINT ["citylab"]
CMD ["--help"]
