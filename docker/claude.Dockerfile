# Gateway and CLI in one image; credentials come from the host: docker run -v ~/.claude:/home/node/.claude -p 127.0.0.1:7433:7433 IMAGE
# Untested: neither the build of this image nor any of its steps was tried.
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
RUN npm init -y >/dev/null && npm install /tmp/signalbox.tgz && rm /tmp/signalbox.tgz && chown -R node:node /app
# Not root: the CLI refuses to skip permissions there, and so should a server.
USER node
ENV DISABLE_AUTOUPDATER=1
VOLUME /home/node/.claude
ENTRYPOINT ["npx", "signalbox"]
CMD ["gateway"]
