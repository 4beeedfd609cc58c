# syntax=docker/dockerfile:1

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
# aws-lc and SQLite are compiled from C; the slim image has the compiler. Tests and benchmarks stay outside the context.
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin registrar \
    && install -D target/release/registrar /out/registrar \
    && mkdir -p /out/data

# The C library and nothing else: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="registrar" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /build/LICENSE /LICENSE
COPY --from=build /out/registrar /registrar
COPY --from=build --chown=65532:65532 /out/data /data
# A number, so that an orchestrator can tell that it is not root.
USER 65532:65532
# Without a DATABASE_URL the embedded database is ./data/registrar.db.
WORKDIR /
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/registrar"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
