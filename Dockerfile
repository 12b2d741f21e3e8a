# The handler and nothing else: no shell, no libraries, no package manager; no user but a number. docs/container.md says how
# to run it. `.ci/package` builds the same binary with the same command and starts it in an empty folder.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates gcc libc6-dev make python3-venv \
    && python3 -m venv /zig && /zig/bin/pip install --no-cache-dir cargo-zigbuild==0.24.0 ziglang==0.17.1 \
    && rustup target add x86_64-unknown-linux-musl
ENV PATH=/zig/bin:$PATH
WORKDIR /source
COPY . .
# `git rev-parse HEAD`, for `handler --version`
ARG HANDLER_COMMIT=
RUN cargo zigbuild --locked --release --package handler --bin handler --target x86_64-unknown-linux-musl

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /source/target/x86_64-unknown-linux-musl/release/handler /handler
ENV PORT=8080 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
EXPOSE 8080
USER 65532:65532
ENTRYPOINT ["/handler"]
