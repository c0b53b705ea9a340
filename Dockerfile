# docker build -t vistobueno .                    the station: no TensorFlow, no compiler, no pip, no root
# docker build --build-arg LOCK=traces -t vistobueno .    the same with what OpenTelemetry's traces need
# docker build --target train -t vistobueno-train .    the same with what training needs
#
# Another Python, or this one held to a digest for a build that can be repeated byte for byte:
#   docker build --build-arg PYTHON_IMAGE="docker.io/library/python:3.11-slim@$(docker buildx imagetools inspect \
#     --format '{{.Manifest.Digest}}' python:3.11-slim)" .
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /source
COPY requirements/build.txt requirements/
RUN python3 -m venv /build && /build/bin/pip install --no-cache-dir --quiet --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY models models
COPY src src
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels .

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS packages
ARG LOCK=serve
COPY requirements/${LOCK}.txt /tmp/
RUN python3 -m venv --without-pip /venv \
 && python3 -m pip --python /venv/bin/python install --no-cache-dir --quiet --require-hashes --only-binary :all: -r "/tmp/${LOCK}.txt"
COPY --from=wheel /wheels /wheels
# Symbols that only a debugger reads are 50 MB of the shared objects (not in *.libs: auditwheel's do not survive it). The tool that takes them out stays in this stage.
# hadolint ignore=DL3008
RUN python3 -m pip --python /venv/bin/python install --no-cache-dir --quiet --no-deps /wheels/*.whl \
 && apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends binutils >/dev/null \
 && rm -rf /var/lib/apt/lists \
 && find /venv -name '*.so*' -not -path '*.libs/*' -type f -size +100k -exec strip --strip-unneeded '{}' +

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS train
COPY requirements/train.txt /tmp/
RUN python3 -m venv --without-pip /venv \
 && python3 -m pip --python /venv/bin/python install --no-cache-dir --quiet --no-deps --require-hashes --only-binary :all: -r /tmp/train.txt
COPY --from=wheel /wheels /wheels
RUN python3 -m pip --python /venv/bin/python install --no-cache-dir --quiet --no-deps /wheels/*.whl \
 && useradd --uid 10001 --home-dir /work --create-home --shell /usr/sbin/nologin vistobueno
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /work
USER 10001:10001
ENTRYPOINT ["vistobueno"]
CMD ["--help"]

# What serving never touches goes: see the list in deploy/image/slim.py. The result must still prove its model.
# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS slim
COPY --from=packages /venv /venv
COPY deploy/image/slim.py deploy/image/proof.py /tmp/
RUN useradd --uid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin vistobueno \
 && python3 /tmp/slim.py /venv / \
 && mkdir -p /app /data && chown 10001:10001 /data \
 && /venv/bin/python /tmp/proof.py \
 && /venv/bin/vistobueno model verify --language en \
 && rm -rf /tmp/*
COPY main.py deploy/image/health.py /app/
COPY .streamlit /app/.streamlit

# From nothing, so that what was taken away is not carried along in a layer beneath.
FROM scratch AS station
# hadolint ignore=DL3067
COPY --from=slim / /
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    MALLOC_ARENA_MAX=2 \
    ENV=production \
    DATA_DIR=/data \
    BIND_ADDRESS=0.0.0.0 \
    PORT=8000
WORKDIR /app
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python3", "/app/health.py"]
CMD ["vistobueno", "serve"]
