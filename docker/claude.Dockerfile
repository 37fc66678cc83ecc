# Gateway and CLI in one image; credentials come from the host:
#   docker build -f docker/claude.Dockerfile -t signalbox-claude . && docker run --network host -v ~/.claude:/home/node/.claude signalbox-claude
# The host's network, because the gateway listens on the loopback alone unless it is given TLS: http://127.0.0.1:8700.
# Every step was tried in plain folders, with Node 22 and another user than root: the image itself was never built.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm pack --pack-destination /tmp

FROM node:22-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates procps && rm -rf /var/lib/apt/lists/*
# The platform package carries the executable itself, so no install script has to run.
RUN npm install -g @anthropic-ai/claude-code
WORKDIR /app
COPY --from=build /tmp/signalbox-*.tgz /tmp/signalbox.tgz
# ws is the optional peer by which the gateway speaks WebSocket.
RUN npm init -y >/dev/null && npm install /tmp/signalbox.tgz ws@8 && rm /tmp/signalbox.tgz && chown -R node:node /app
# Not root: the CLI refuses to skip permissions there, and so should a server.
USER node
ENV DISABLE_AUTOUPDATER=1
VOLUME /home/node/.claude
ENTRYPOINT ["npx", "signalbox"]
CMD ["gateway", "--offer", "claude"]
