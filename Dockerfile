# A minimal image: the command, certificates, no shell. docker build -t turbot-onboard .
FROM rust:1.95-slim-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev make cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --profile dist --package turbot-onboard --locked

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/dist/turbot-onboard /usr/bin/turbot-onboard
USER 65532:65532
ENTRYPOINT ["/usr/bin/turbot-onboard"]
