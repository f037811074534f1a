# Podyard's command line in an image. From the checkout:
#   docker build -t podyard .
#   docker run --rm --init --user "$(id -u):$(id -g)" -v "$PWD:/work" podyard run my-cluster.yaml --out out/first
# --init hands signals on, so that Ctrl-C ends a run and keeps what is known; --user lets the results be yours.

FROM node:22-bookworm-slim AS build
WORKDIR /opt/podyard
# What is installed follows from these two alone: a changed source does not install anew.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/setup.mjs scripts/
COPY src/ src/
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/podyard
COPY package.json LICENSE README.md CHANGELOG.md ./
COPY schemas/ schemas/
COPY workloads/ workloads/
COPY --from=build /opt/podyard/node_modules/ node_modules/
COPY --from=build /opt/podyard/dist/ dist/
RUN ln -s /opt/podyard/dist/cli/main.js /usr/local/bin/podyard
USER node
WORKDIR /work
ENTRYPOINT ["podyard"]
CMD ["--help"]
