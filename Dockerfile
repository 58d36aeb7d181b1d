# syntax=docker/dockerfile:1

# Built on the builder's own platform for whichever is asked for: Go needs no emulation.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/ ./cmd/api ./cmd/authctl
RUN mkdir /data

# Nothing but the two programs, the authorities that sign the certificates of others, and a
# folder to write to. No time zones: the service knows UTC alone.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/ /
COPY --from=build --chown=65532:65532 /data /data
ENV APP_ENV=production DATA_DIR=/data
USER 65532:65532
EXPOSE 8088
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s CMD ["/api", "-healthcheck"]
ENTRYPOINT ["/api"]
