# One image for every node of a cluster, and for the job that prepares its databases (`scripts/migrate.ts`). What a node
# runs is in its environment: see .env.example.

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image brings Node, and PostgreSQL runs elsewhere: neither tools, nor the operators' prompt, nor install scripts.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 PROBE_PORT=8080
WORKDIR /app
COPY --from=packages /app ./
COPY moleculer.config.ts ./
COPY platform ./platform
COPY mixins ./mixins
COPY services ./services
COPY scripts ./scripts
# All of it belongs to root: what runs here can change nothing of itself.
USER 1000:1000
EXPOSE 3000 8080
# Of a node of any kind: it answers on its probe port whether it can work.
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PROBE_PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"]
CMD ["scripts/run-node.ts"]
