# `docker build -t millrace .` makes the image; `docker build --target cuda -t millrace:cuda .` the one for NVIDIA GPUs.
# docs/deployment.md says how they are run. What only prepares files runs on the machine that builds, so that an image
# for arm64 needs no emulator on x64.
ARG NODE_IMAGE=node:24-trixie-slim


# What `npm pack` would publish, and the models that come with it.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS package
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY . .
RUN npm run build \
 && npm pack --pack-destination / \
 && mkdir -p /image/opt /image/etc/millrace /image/usr/local/bin \
 && tar -xzf /millrace-*.tgz -C /image/opt \
 && mv /image/opt/package /image/opt/millrace \
 && mv /image/opt/millrace/models /image/models \
 && ln -s /opt/millrace/dist/main.js /image/usr/local/bin/millrace


# The packages it needs when it runs, with the binaries of the image's platform alone.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS dependencies
ARG TARGETARCH
WORKDIR /opt/millrace
COPY package.json package-lock.json .npmrc ./
# npm leaves out sharp's other platforms by itself; onnxruntime-node brings all of its own in one package.
RUN case "$TARGETARCH" in \
      amd64) cpu=x64 ;; \
      arm64) cpu=arm64 ;; \
      *) echo "ONNX Runtime has no binaries for linux/$TARGETARCH" >&2; exit 1 ;; \
    esac \
 && npm ci --omit=dev --os=linux --libc=glibc --cpu="$cpu" \
 && find node_modules/onnxruntime-node/bin/napi-v6 -mindepth 2 -maxdepth 2 ! -path "*/linux/$cpu" -exec rm -r {} +


# Everything, for the CPU.
FROM ${NODE_IMAGE} AS cpu
ARG NODE_IMAGE
LABEL org.opencontainers.image.title="millrace" \
      org.opencontainers.image.description="A multi-model inference server: ONNX models in a folder become an HTTP and gRPC API that batches by itself." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${NODE_IMAGE}"
COPY --from=dependencies /opt/millrace/node_modules /opt/millrace/node_modules
COPY --from=package /image /
# With a threshold of its own the allocator gives the memory of unloaded models back (docs/models.md).
ENV NODE_ENV=production \
    MALLOC_TRIM_THRESHOLD_=131072 \
    MILLRACE_HOST=0.0.0.0 \
    MILLRACE_PORT=8000 \
    MILLRACE_MODELS=/models
# A millrace.yaml that is mounted here is found.
WORKDIR /etc/millrace
# As a number, so that Kubernetes can tell that it is not root.
USER 1000:1000
EXPOSE 8000 8001
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s CMD ["millrace", "health"]
# Node itself is process 1 and gets the signals: neither a shell nor npm stands before it.
ENTRYPOINT ["node", "/opt/millrace/dist/main.js"]
CMD ["serve"]


# ONNX Runtime's CUDA provider, which its npm package lacks, and the libraries of CUDA: about 2 GB, for amd64 only.
FROM python:3.13-slim-trixie AS cuda-libraries
COPY deploy/cuda-requirements.txt /
WORKDIR /image
RUN pip install --no-cache-dir --no-deps --require-hashes --target /wheels --requirement /cuda-requirements.txt \
 && runtime=opt/millrace/node_modules/onnxruntime-node/bin/napi-v6/linux/x64 \
 && mkdir -p "$runtime" opt/cuda \
 && mv /wheels/onnxruntime/capi/libonnxruntime_providers_cuda.so \
       /wheels/onnxruntime/capi/libonnxruntime_providers_shared.so "$runtime" \
 && find /wheels/nvidia -name 'lib*.so.*' ! -name '*.alt.*' ! -name 'libnvblas.*' ! -name 'libcufftw.*' -exec mv -t opt/cuda {} +


# The same for NVIDIA GPUs. Without one its models are UNAVAILABLE, and it is never ready: nobody takes the CPU for a GPU.
FROM cpu AS cuda
COPY --from=cuda-libraries /image /
ENV LD_LIBRARY_PATH=/opt/cuda \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    MILLRACE_EXECUTION_PROVIDERS=[cuda]


# What is built when no target is named.
FROM cpu
